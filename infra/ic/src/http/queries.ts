import type { ServerResponse } from 'node:http';
import { signQueryResponse, type QueryResponse } from '../certificates/index.js';
import { decodeEnvelope, verifyEnvelope } from '../envelopes/index.js';
import type { Host } from '../host.js';
import { idOf, MANAGEMENT, textOf, type Id } from '../subnet/principals.js';
import { HttpError, rejected, sendCbor } from './replies.js';

/** `POST /api/{v2,v3}/canister/<effective>/query` (IC spec: Request: Query call): the answer with the node's signature. */
export async function handleQuery(host: Host, effective: Id, body: Uint8Array, response: ServerResponse): Promise<void> {
  const { content, requestId, senderInfo } = verifyEnvelope(decodeEnvelope(body), { now: host.now(), rootKey: host.keys.der, expectedType: 'query' });
  const to = idOf(content.canister_id!);
  if (to !== effective && to !== MANAGEMENT) throw new HttpError(400, `The effective canister id of this query is ${textOf(to)}, not ${textOf(effective)}.`);
  const result = await host.query({ caller: content.sender, callerInfo: senderInfo, to, method: content.method_name!, arg: content.arg! });
  const answer: QueryResponse = result.kind === 'reply'
    ? { status: 'replied', reply: { arg: result.data } }
    : { status: 'rejected', ...rejected(result.rejection) };
  sendCbor(response, { ...answer, signatures: [signQueryResponse(host.keys, answer, requestId, host.now())] });
}
