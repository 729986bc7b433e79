import { decodeEnvelope, verifyEnvelope } from '../envelopes/index.js';
import type { Host } from '../host.js';
import { effectiveCanister } from '../management/manage.js';
import { ANONYMOUS, bytesOf, idOf, MANAGEMENT, textOf, type Id } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import type { Ingress } from '../subnet/subnet.js';
import { NOT_AN_ADDRESS } from './endpoints.js';
import { HttpError, rejected, sendCbor, sendText, type Outgoing } from './replies.js';

const SYNCHRONOUS_PATIENCE = 10_000;
/** Bytes. */
export const MAX_ARGUMENT = 2 << 20;

/**
 * `POST /api/{v2,v3,v4}/canister/<effective>/call` and `…/subnet/<id>/call` (IC spec: Request: Call). From v3 on the
 * answer is the certified outcome.
 *
 * @param effective  undefined on the subnet endpoint
 */
export async function handleCall(
  host: Host,
  version: number,
  effective: Id | undefined,
  body: Uint8Array,
  response: Outgoing,
): Promise<void> {
  const { content, requestId, senderInfo } = verifyEnvelope(decodeEnvelope(body), {
    now: host.now(),
    rootKey: host.keys.rootDer,
    expectedType: 'call',
  });
  const ingress: Ingress = {
    requestId: idOf(requestId),
    sender: content.sender,
    senderInfo,
    to: idOf(content.canister_id!),
    effective: effective ?? MANAGEMENT,
    method: content.method_name!,
    arg: content.arg!,
    expiry: content.ingress_expiry,
  };
  if (ingress.arg.length > MAX_ARGUMENT)
    throw new HttpError(
      413,
      `A call's argument has at most ${MAX_ARGUMENT} bytes, not ${ingress.arg.length}; upload larger modules ` +
        'in chunks.',
    );
  try {
    if (!host.isKnown(ingress.requestId)) await admit(host, ingress, effective);
  } catch (thrown) {
    if (!(thrown instanceof Reject)) throw thrown;
    const refusal = rejected(thrown.rejection);
    sendCbor(response, version === 2 ? refusal : { status: 'non_replicated_rejection', ...refusal });
    return;
  }
  const outcome = await host.call(ingress, version === 2 ? 0 : SYNCHRONOUS_PATIENCE);
  if (outcome === 'pending') {
    sendText(
      response,
      202,
      version === 2 ? '' : `The call ${ingress.requestId} is still executing; ask read_state for its status.`,
    );
    return;
  }
  sendCbor(response, {
    status: 'replied',
    certificate: outcome.certified.certificate([[Buffer.from('request_status'), requestId]]),
  });
}

/** @throws Reject · HttpError 400 when the effective canister id is not the one that the call needs */
async function admit(host: Host, ingress: Ingress, effective: Id | undefined): Promise<void> {
  if (effective === MANAGEMENT && ingress.method !== 'provisional_create_canister_with_cycles')
    throw new HttpError(400, NOT_AN_ADDRESS);
  const needed = ingress.to === MANAGEMENT ? effectiveCanister(ingress.method, ingress.arg) : ingress.to;
  if (needed !== undefined && needed !== effective) {
    throw new HttpError(
      400,
      `Specified CanisterId ${textOf(needed)} does not match effective canister id in URL ` +
        `${effective === undefined ? 'of a subnet' : textOf(effective)}`,
    );
  }
  if (ingress.to !== MANAGEMENT) await host.inspect(ingress);
}

/** A call of the anonymous principal that the host makes itself, for the HTTP gateway. */
export function anonymousCall(host: Host, to: Id, method: string, arg: Uint8Array, requestId: string): Ingress {
  return {
    requestId,
    sender: bytesOf(ANONYMOUS),
    to,
    effective: to,
    method,
    arg,
    expiry: host.now() + 300_000_000_000n,
  };
}
