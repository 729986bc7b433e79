import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { KeyRing } from './keyRing.js';
import { LivepodCodec } from './payloads.js';

/** For workers, clients and bundles alike: a workflow that runs needs it even where nothing is encrypted. */
export const failureConverterPath = fileURLToPath(new URL('failureConverter.cjs', import.meta.url));

const known = new Map<string, DataConverter>();

/**
 * How payloads and failures go to Temporal.
 *
 * @param keys      path of the key ring; undefined: in clear, for tests and for reading what is not encrypted
 * @param ofWorker  for a worker, whose workflows may be queried in clear
 * @throws CodecError `badKeyRing`
 */
export function converter(keys?: string, ofWorker = false): DataConverter {
  if (keys === undefined) return { failureConverterPath };
  const name = `${String(ofWorker)} ${keys}`;
  const codec = () => new LivepodCodec(new KeyRing(keys), ofWorker);
  const made = known.get(name) ?? { failureConverterPath, payloadCodecs: [codec()] };
  known.set(name, made);
  return made;
}
