import { forHtml } from '@livepod/protocol/text';
import { send, type Outgoing } from '../http/replies.js';
import { Reject, type Rejection } from '../subnet/reject.js';

/** Why the gateway gives no page, in ic-gateway's words and with its status; `x-ic-error-cause` carries the code. */
const CAUSES = {
  client_no_authority: [400, "The request is missing the required authority information (e.g. 'Host' header)."],
  client_unknown_domain: [
    400,
    'The requested domain is not served by this HTTP gateway. Please check that the address is correct.',
  ],
  client_malformed_request: [400, 'Your request was not correctly formed.'],
  client_body_too_large: [413, 'The payload is too large.'],
  canister_id_incorrect: [400, 'The canister ID in the request is incorrectly formatted.'],
  canister_id_not_resolved: [
    400,
    'The gateway could not find out which canister is meant: ask for <id>.localhost, or for ?canisterId=<id>.',
  ],
  canister_not_found: [404, 'The requested canister does not exist.'],
  canister_error: [503, 'The canister failed to process the request.'],
  canister_reject: [503, 'The canister explicitly rejected the request.'],
  canister_frozen: [503, 'The canister is temporarily unable to process the request: it has run out of cycles.'],
  backend_response_verification: [
    503,
    "The canister's response is not certified, and only under a raw name are such responses served.",
  ],
  backend_http_gateway: [503, "The canister's response is none that the gateway could serve."],
  backend_other: [503, 'The network could not process the request.'],
} as const satisfies Record<string, readonly [status: number, description: string]>;

export type Cause = keyof typeof CAUSES;

/** Ends a request for a page with this cause. */
export class GatewayFailure extends Error {
  override readonly cause: Cause;

  /** @param details  for people, as the message that a canister trapped with */
  constructor(
    cause: Cause,
    readonly details?: string,
  ) {
    super(`${cause}: ${details ?? CAUSES[cause][1]}`);
    this.cause = cause;
  }

  get status(): number {
    return CAUSES[this.cause][0];
  }
}

/** What a refused call means for the page that it should have given. */
export function failureOf({ code, message, errorCode }: Rejection): GatewayFailure {
  if (code === 3) return new GatewayFailure('canister_not_found', message);
  if (code === 4) return new GatewayFailure('canister_reject', message);
  if (code === 5) return new GatewayFailure('canister_error', `${errorCode}: ${message}`);
  if (code === 2 && errorCode === 'IC0207') return new GatewayFailure('canister_frozen', message);
  return new GatewayFailure('backend_other', `${errorCode}: ${message}`);
}

/** The failure that ended a request, if it was one of the gateway's. */
export function gatewayFailure(thrown: unknown): GatewayFailure | undefined {
  if (thrown instanceof Reject) return failureOf(thrown.rejection);
  return thrown instanceof GatewayFailure ? thrown : undefined;
}

/** As JSON, or as a page for browsers. */
export function sendFailure(
  response: Outgoing,
  failure: GatewayFailure,
  forBrowser: boolean,
  headers: Record<string, string>,
): void {
  const [status, description] = CAUSES[failure.cause];
  const more = { ...headers, 'x-ic-error-cause': failure.cause };
  if (!forBrowser) {
    const json = JSON.stringify(
      { error_type: failure.cause, description, details: failure.details ?? null },
      undefined,
      2,
    );
    return send(response, status, 'application/json', Buffer.from(json), more);
  }
  const details = failure.details === undefined ? '' : `<pre>${forHtml(failure.details)}</pre>`;
  const page =
    `<!doctype html><meta charset="utf-8"><title>${status}</title><h1>${status} ` +
    `${failure.cause}</h1><p>${forHtml(description)}</p>${details}\n`;
  send(response, status, 'text/html; charset=utf-8', Buffer.from(page), more);
}
