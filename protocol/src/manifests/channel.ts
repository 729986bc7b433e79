import { hexOf, id, integer, literal, nullable, object, parser, text, versions, type Of } from './shape.js';

const candidate = {
  release: integer(0, Number.MAX_SAFE_INTEGER),
  checkpoint: id,
  version: integer(1, 0xffff_ffff),
  threshold: hexOf(8),
};
const rest = {
  channel: text(40),
  sequence: integer(0, Number.MAX_SAFE_INTEGER),
  stable: nullable(object({ checkpoint: id, version: integer(1, 0xffff_ffff) })),
  reason: text(500),
};

/** Of a release whose order of pods was drawn. */
const second = object({
  type: literal('livepod.channel/v2'),
  ...rest,
  candidate: object({ ...candidate, seed: hexOf(32) }),
});

const channel = versions({
  'livepod.channel/v1': object({
    type: literal('livepod.channel/v1'),
    ...rest,
    candidate: nullable(object(candidate)),
  }),
  'livepod.channel/v2': second,
});

/**
 * What pods follow: the stable checkpoint, and the candidate for those whose cohort position is at most the threshold;
 * in the second version that position comes from the candidate's seed, too.
 */
export type Channel = Of<typeof channel>;

/** @throws ProtocolError `notCanonical` · `invalidManifest` */
export const parseChannel = parser(channel, 'channel');
