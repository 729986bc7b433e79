import {
  ResponseVerificationErrorCode,
  verifyRequestResponsePair,
  type ResponseVerificationError,
} from '@dfinity/response-verification';
import { certifyPage } from '../testing/certified-page.js';
import { FORMS, TestNetwork } from '../testing/network.js';
import type { TestCanister } from '../testing/test-canister.js';

const PAGE = { status: 200, type: 'text/html', body: '<h1>Certified</h1>' };
const FIVE_MINUTES = 300_000_000_000n;

/**
 * The verifier of the service worker, as compiled Wasm from its package: it has the root key, and believes nothing
 * else.
 */
describe.each(FORMS)('response verification, version 2, of a subnet %s,', (_, options) => {
  const network = new TestNetwork();
  let canister: TestCanister;
  let headers: [string, string][];

  beforeAll(async () => {
    await network.start(options);
    canister = await network.deploy();
    headers = await certifyPage(canister, 'index.html', PAGE);
  });
  afterAll(() => network.remove());

  const verified = (change: {
    url?: string;
    body?: string;
    type?: string;
    rootKey?: string;
    canister?: Uint8Array;
  }): boolean => {
    const answer = verifyRequestResponsePair(
      { method: 'GET', url: change.url ?? '/index.html', headers: [], body: [], certificate_version: [2] },
      {
        status_code: 200,
        headers: change.type ? [['content-type', change.type], ...headers.slice(1)] : headers,
        body: new TextEncoder().encode(change.body ?? PAGE.body),
      },
      change.canister ?? canister.id.toUint8Array(),
      BigInt(Date.now()) * 1_000_000n,
      FIVE_MINUTES,
      Uint8Array.from(Buffer.from(change.rootKey ?? network.rootKey, 'hex')),
      2,
    );
    return answer.response !== undefined;
  };

  it('accepts the page that the canister certified', () => {
    expect(verified({})).toBe(true);
  });

  it.each([
    ['another body', { body: '<h1>Forged</h1>' }, ResponseVerificationErrorCode.InvalidRequestAndResponseHashes],
    ['another content type', { type: 'text/plain' }, ResponseVerificationErrorCode.InvalidRequestAndResponseHashes],
    ['another path', { url: '/other.html' }, ResponseVerificationErrorCode.ExactExpressionPathMismatch],
    [
      'another canister',
      { canister: new Uint8Array([0, 0, 0, 0, 1, 0, 0, 9, 1, 1]) },
      ResponseVerificationErrorCode.CertificateMissingCertifiedData,
    ],
  ])('refuses %s', (_, change, code) => {
    let refusal: unknown;
    try {
      verified(change);
    } catch (thrown) {
      refusal = (thrown as ResponseVerificationError).code;
    }
    expect(refusal).toBe(code);
  });
});
