import { hexOf, id, integer, literal, nullable, object, parser, text, type Of } from './shape.js';

const channel = object({
  type: literal('livepod.channel/v1'),
  channel: text(40),
  sequence: integer(0, Number.MAX_SAFE_INTEGER),
  stable: nullable(object({ checkpoint: id, version: integer(1, 0xffff_ffff) })),
  candidate: nullable(
    object({
      release: integer(0, Number.MAX_SAFE_INTEGER),
      checkpoint: id,
      version: integer(1, 0xffff_ffff),
      threshold: hexOf(8),
    }),
  ),
  reason: text(500),
});

/**
 * What pods follow: the stable checkpoint, and the candidate for those whose cohort position is at most the threshold.
 */
export type Channel = Of<typeof channel>;

/** @throws ProtocolError `notCanonical` · `invalidManifest` */
export const parseChannel = parser(channel, 'channel');
