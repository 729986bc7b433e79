import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { representationIndependentHash } from '../envelopes/request-id.js';
import type { SubnetKeys } from './subnet-keys.js';

export type QueryResponse =
  | { status: 'replied'; reply: { arg: Uint8Array } }
  | { status: 'rejected'; reject_code: number; reject_message: string; error_code?: string };

const RESPONSE = concatBytes(Uint8Array.of(11), utf8ToBytes('ic-response'));

/**
 * The node's signature on a query's answer, as it goes into `signatures` (IC spec: Query call).
 *
 * @param timestamp  nanoseconds since the epoch
 */
export function signQueryResponse(
  keys: SubnetKeys,
  response: QueryResponse,
  requestId: Uint8Array,
  timestamp: bigint,
): { timestamp: bigint; signature: Uint8Array; identity: Uint8Array } {
  const signed =
    response.status === 'replied'
      ? { status: response.status, reply: { arg: response.reply.arg }, timestamp, request_id: requestId }
      : {
          status: response.status,
          reject_code: response.reject_code,
          reject_message: response.reject_message,
          error_code: response.error_code,
          timestamp,
          request_id: requestId,
        };
  const signature = keys.signNode(concatBytes(RESPONSE, representationIndependentHash(signed)));
  return { timestamp, signature, identity: keys.nodeId };
}
