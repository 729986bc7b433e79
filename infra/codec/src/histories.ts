import type { Payload } from '@temporalio/common';
import { labelOf, type LivepodCodec } from './payloads.js';

/**
 * A copy of a history, or of any message of Temporal's, with every payload in clear: to be kept as a fixture, where it
 * holds no secret.
 */
export function decoded<T>(message: T, codec: LivepodCodec): T {
  if (typeof message !== 'object' || message === null || ArrayBuffer.isView(message)) return message;
  if (Array.isArray(message)) return message.map((part: unknown) => decoded(part, codec)) as T;
  if (labelOf(message as Payload)) return codec.opened(message as Payload) as T;
  const copy = Object.create(Object.getPrototypeOf(message) as object) as Record<string, unknown>;
  for (const [name, part] of Object.entries(message)) copy[name] = decoded(part, codec);
  return copy as T;
}
