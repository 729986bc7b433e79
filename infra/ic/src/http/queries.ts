import { encode } from 'cborg';
import { signQueryResponse, type QueryResponse, type SubnetKeys } from '../certificates/index.js';
import { decodeEnvelope, selfDescribed, verifyEnvelope } from '../envelopes/index.js';
import type { Host } from '../host.js';
import { idOf, MANAGEMENT, textOf, type Id } from '../subnet/principals.js';
import type { QueryCall } from '../subnet/queries.js';
import type { Response } from '../subnet/subnet.js';
import { HttpError, rejected, send, type Outgoing } from './replies.js';

/**
 * `POST /api/{v2,v3}/canister/<effective>/query` and `/api/v3/subnet/<id>/query` (IC spec: Request: Query call): the
 * answer with the node's signature.
 *
 * @param effective  undefined on the subnet endpoint
 */
export async function handleQuery(
  host: Host,
  effective: Id | undefined,
  body: Uint8Array,
  response: Outgoing,
): Promise<void> {
  const { call, requestId } = readQuery(host.keys, () => host.now(), effective, body);
  send(response, 200, 'application/cbor', signedAnswer(host.keys, requestId, await host.query(call), host.now()));
}

/**
 * Reads and verifies a query's envelope.
 *
 * @param effective  undefined for a subnet, which answers `list_canisters` only
 * @throws EnvelopeError · HttpError 400 for an effective canister id that is not the query's
 */
export function readQuery(
  keys: SubnetKeys,
  now: () => bigint,
  effective: Id | undefined,
  body: Uint8Array,
): { call: QueryCall; requestId: Uint8Array } {
  const { content, requestId, senderInfo } = verifyEnvelope(decodeEnvelope(body), {
    now: now(),
    rootKey: keys.rootDer,
    expectedType: 'query',
  });
  const to = idOf(content.canister_id!);
  if (effective === undefined && (to !== MANAGEMENT || content.method_name !== 'list_canisters'))
    throw new HttpError(400, 'A subnet answers queries of list_canisters of aaaaa-aa, and no others.');
  if (effective !== undefined && to !== effective && to !== MANAGEMENT)
    throw new HttpError(
      400,
      `Specified CanisterId ${textOf(to)} does not match effective canister id in URL ${textOf(effective)}`,
    );
  return {
    call: { caller: content.sender, callerInfo: senderInfo, to, method: content.method_name!, arg: content.arg! },
    requestId,
  };
}

/** The reply's body. @param now  nanoseconds since the epoch */
export function signedAnswer(keys: SubnetKeys, requestId: Uint8Array, result: Response, now: bigint): Uint8Array {
  const answer: QueryResponse =
    result.kind === 'reply'
      ? { status: 'replied', reply: { arg: result.data } }
      : { status: 'rejected', ...rejected(result.rejection) };
  return selfDescribed(encode({ ...answer, signatures: [signQueryResponse(keys, answer, requestId, now)] }));
}
