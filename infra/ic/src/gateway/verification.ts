import { createRequire } from 'node:module';
import type { Host } from '../host.js';
import { bytesOf, type Id } from '../subnet/principals.js';
import type { Answer, PageRequest } from './canister-pages.js';
import { GatewayFailure } from './failure.js';

/** Nanoseconds that a certificate may differ from the host's time. */
const MOST_APART = 300_000_000_000n;
const NEVER_TRUSTED_IN_V1 = ['cache-control'];

/**
 * Verifies a canister's answer as the service worker and ic-gateway do, by the same library (HTTP gateway protocol:
 * Response Verification), and leaves of it what was certified.
 *
 * @returns the headers that may be passed on
 * @throws GatewayFailure `backend_response_verification`
 */
export function trustedHeaders(host: Host, canister: Id, request: PageRequest, answer: Answer): [string, string][] {
  const { response, verificationVersion } = verified(host, canister, request, answer);
  if (verificationVersion < 2) {
    if (answer.status >= 300 && answer.status < 400)
      throw new GatewayFailure('backend_response_verification', 'Response verification v1 does not allow redirects');
    return answer.headers.filter(([name]) => !NEVER_TRUSTED_IN_V1.includes(name.toLowerCase()));
  }
  return response?.headers ?? answer.headers; // none: certified to need no certification
}

/** When first needed, and never as part of a bundle: it has 300 kB of Wasm in a file beside it. */
function loaded(): typeof import('@dfinity/response-verification') {
  return createRequire(import.meta.url)(
    '@dfinity/response-verification',
  ) as typeof import('@dfinity/response-verification');
}

function verified(
  host: Host,
  canister: Id,
  request: PageRequest,
  { status, headers, body }: Answer,
): { response?: { headers: [string, string][] }; verificationVersion: number } {
  const library = loaded();
  try {
    return library.verifyRequestResponsePair(
      { ...request, certificate_version: [2] },
      { status_code: status, headers, body },
      bytesOf(canister),
      host.now(),
      MOST_APART,
      host.keys.rootDer,
      leastVersion(host, canister),
    );
  } catch (refusal) {
    throw new GatewayFailure(
      'backend_response_verification',
      (refusal as { message?: string }).message ?? String(refusal),
    );
  }
}

/**
 * A canister that says that it certifies by version 2 is not believed by version 1 (Response Verification Version
 * Assertion).
 */
function leastVersion(host: Host, canister: Id): number {
  const versions = host.subnet.canisters.get(canister)?.module?.metadata.get('supported_certificate_versions');
  return versions?.public && Buffer.from(versions.content).toString('utf8').split(',').includes('2') ? 2 : 1;
}
