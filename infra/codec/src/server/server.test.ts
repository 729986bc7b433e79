import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { signOperatorToken } from '@livepod/protocol';
import { acceptShare, KeyRing, newRing, share, writeRing } from '../keyRing.js';
import { LivepodCodec } from '../payloads.js';
import { makeSigningKey, OWN_ISSUER, signInToken } from '../signing.js';
import { Buckets } from './buckets.js';
import type { Access } from './log.js';
import { serve, type CodecServer, type CodecServerOptions } from './server.js';

const UI = 'http://127.0.0.1:8233';
let folder: string;
let ring: KeyRing;
let server: CodecServer;
let log: Access[];
let operator: string;
let reader: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'livepod-codec-server-'));
  writeRing(join(folder, 'codec.json'), newRing('livepod'));
  writeRing(join(folder, 'provider.json'), newRing('provider-1'));
  acceptShare(join(folder, 'provider.json'), share(join(folder, 'codec.json'), 'provider-1'));
  ring = new KeyRing(join(folder, 'codec.json'));
  await makeSigningKey(join(folder, 'signing.json'), join(folder, 'jwks.json'));
  operator = await token({ permissions: ['livepod:write', 'provider-1:read', 'elsewhere:write'] });
  reader = await token({ subject: 'reader', permissions: ['livepod:read'] });
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  server = await start();
});
afterEach(() => server.close());

function start(options: Partial<CodecServerOptions> = {}): Promise<CodecServer> {
  log = [];
  return serve({
    ring,
    trust: { jwks: join(folder, 'jwks.json'), ...OWN_ISSUER },
    origins: [UI],
    host: '127.0.0.1',
    port: 0,
    page: join(folder, 'page.json'),
    log: (access) => log.push(access),
    ...options,
  });
}

const token = (who: { subject?: string; permissions?: string[]; hours?: number } = {}): Promise<string> =>
  signInToken(join(folder, 'signing.json'), { subject: 'operator', permissions: ['livepod:write'], hours: 1, ...who });

/** A token that differs from a good one in one thing. */
async function odd(change: {
  issuer?: string;
  audience?: string;
  expires?: string;
  subject?: string | null;
  key?: 'another';
}): Promise<string> {
  const own = JSON.parse(readFileSync(join(folder, 'signing.json'), 'utf8')) as JsonWebKey & { kid: string };
  const key = change.key ? (await generateKeyPair('EdDSA')).privateKey : own;
  const jwt = new SignJWT({ permissions: ['livepod:write'] })
    .setProtectedHeader({ alg: 'EdDSA', kid: own.kid })
    .setIssuer(change.issuer ?? OWN_ISSUER.issuer)
    .setAudience(change.audience ?? OWN_ISSUER.audience);
  if (change.subject !== null) jwt.setSubject('operator');
  return jwt.setExpirationTime(change.expires ?? '1h').sign(key as never);
}

interface Ask {
  namespace?: string;
  auth?: string | null;
  headers?: Record<string, string>;
  body?: string;
}
const json = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(
    Object.entries(metadata!).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  ),
  data: Buffer.from(data!).toString('base64'),
});
const clear = json(defaultPayloadConverter.toPayload({ round: 'canary-7' })!);

function post(
  path: string,
  payloads: unknown[],
  { namespace = 'livepod', auth = operator, headers = {}, body }: Ask = {},
): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: 'POST',
    body: body ?? JSON.stringify({ payloads }),
    headers: {
      'content-type': 'application/json',
      'x-namespace': namespace,
      ...(auth === null ? {} : { authorization: `Bearer ${auth}` }),
      ...headers,
    },
  });
}
const payloadsOf = async (response: Response): Promise<{ metadata: Record<string, string>; data: string }[]> =>
  ((await response.json()) as { payloads: never[] }).payloads;
const text = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString();

describe('the codec server', () => {
  it('encrypts what the form sends and decrypts it for display', async () => {
    const [hidden] = await payloadsOf(await post('/encode', [clear]));
    expect(text(hidden!.metadata['encoding'])).toBe('binary/livepod-aes-gcm');
    expect(text(hidden!.data)).not.toContain('canary');
    const [open] = await payloadsOf(await post('/decode', [hidden]));
    expect(open).toEqual(clear);
    // and a worker reads it
    const read = await new LivepodCodec(ring).decode(
      [
        {
          metadata: Object.fromEntries(
            Object.entries(hidden!.metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
          ),
          data: Buffer.from(hidden!.data, 'base64'),
        },
      ],
      { type: 'workflow', namespace: 'livepod', workflowId: 'lifecycle-1' },
    );
    expect(defaultPayloadConverter.fromPayload(read[0]!)).toEqual({ round: 'canary-7' });
  });

  it('gives clear payloads back as they are, and one that was tampered with too, beside the others', async () => {
    const [hidden] = await payloadsOf(await post('/encode', [clear]));
    const tampered = {
      ...hidden!,
      data: Buffer.from(Buffer.from(hidden!.data, 'base64').map((byte, at) => (at === 20 ? byte ^ 1 : byte))).toString(
        'base64',
      ),
    };
    expect(await payloadsOf(await post('/decode', [clear, tampered, hidden]))).toEqual([clear, tampered, clear]);
    expect(log.at(-1)).toMatchObject({ payloads: 3, unread: { notAuthentic: 1 } });
  });

  it('reads what crossed to a provider in the provider’s namespace, and nothing of ours there', async () => {
    const theirs = new LivepodCodec(new KeyRing(join(folder, 'provider.json')));
    const sealed = async (context: object) =>
      json((await theirs.encode([defaultPayloadConverter.toPayload('x')!], context as never))[0]!);
    const result = await sealed({ type: 'workflow', namespace: 'provider-1', workflowId: 'training-job-1' });
    const inner = await sealed({
      type: 'activity',
      namespace: 'provider-1',
      workflowId: 'training-job-1',
      isLocal: false,
    });
    const [ours] = await payloadsOf(await post('/encode', [clear]));
    const [one, two, three] = await payloadsOf(
      await post('/decode', [result, inner, ours], { namespace: 'provider-1' }),
    );
    expect(text(one!.data)).toBe('"x"');
    expect(two).toEqual(inner);
    expect(three).toEqual(ours);
    expect(log.at(-1)).toMatchObject({ unread: { unknownKey: 1, wrongNamespace: 1 } });
  });

  it('takes other services’ requests without a namespace for what they are', async () => {
    expect((await post('/decode', [clear], { namespace: '' })).status).toBe(403);
  });
});

describe('nobody gets anything who', () => {
  const refused = async (auth: string | null, why: string): Promise<void> => {
    const response = await post('/decode', [clear], { auth });
    expect(response.status).toBe(401);
    expect(log.at(-1)).toMatchObject({ status: 401, why });
    expect(await response.text()).toContain('Sign in first');
  };
  it('shows no token', () => refused(null, 'noToken'));
  it('shows something that is no token', () => refused('letmein', 'ERR_JWS_INVALID'));
  it('shows an expired token', async () => refused(await odd({ expires: '-1m' }), 'ERR_JWT_EXPIRED'));
  it('shows a token for another audience', async () =>
    refused(await odd({ audience: 'billing' }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'));
  it('shows a token of another issuer', async () =>
    refused(await odd({ issuer: 'https://accounts.elsewhere' }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'));
  it('shows a token that names nobody', async () =>
    refused(await odd({ subject: null }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'));
  it('shows a token signed by another key', async () =>
    refused(await odd({ key: 'another' }), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'));
  it('shows an unsigned token', () => {
    const claims = { sub: 'operator', iss: OWN_ISSUER.issuer, aud: OWN_ISSUER.audience, exp: 9999999999 };
    const [header, body] = [{ alg: 'none' }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    return refused(`${header}.${body}.`, 'ERR_JOSE_ALG_NOT_ALLOWED');
  });

  it('may read but wants to encrypt', async () => {
    expect((await post('/decode', [clear], { auth: reader })).status).toBe(200);
    const response = await post('/encode', [clear], { auth: reader });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('reader may not encode payloads of namespace livepod');
  });
  it('wants another namespace than the token permits', async () => {
    expect((await post('/decode', [clear], { auth: reader, namespace: 'provider-1' })).status).toBe(403);
  });
  it('wants a namespace that this server does not serve, whatever the token permits', async () => {
    expect((await post('/encode', [clear], { namespace: 'elsewhere' })).status).toBe(403);
    expect((await post('/encode', [clear], { namespace: 'provider-1' })).status).toBe(403);
    expect(log.at(-1)).toMatchObject({ why: 'namespaceNotServed' });
  });
});

describe('browsers', () => {
  const cookieOf = async (): Promise<string> =>
    (await fetch(`${server.url}/signin?token=${operator}`)).headers.getSetCookie()[0]!;

  it('sign in by link: a session that scripts cannot read and other sites cannot use', async () => {
    const cookie = await cookieOf();
    expect(cookie).toMatch(/; Path=\/codec; .*; HttpOnly; SameSite=Strict$/);
    expect(Number(/Max-Age=(\d+)/.exec(cookie)![1])).toBeGreaterThan(3000);
    const response = await post('/decode', [clear], {
      auth: null,
      headers: { cookie: cookie.split(';')[0]!, origin: UI },
    });
    expect(response.status).toBe(200);
    expect(log.at(-1)).toMatchObject({ subject: 'operator', origin: UI });
  });
  it('get a cookie for https alone where the server is reached so', async () => {
    await server.close();
    server = await start({ url: 'https://pods.example.org/reading' });
    const response = await fetch(`http://127.0.0.1:${server.port}/reading/signin?token=${operator}`);
    expect(response.headers.getSetCookie()[0]).toMatch(/; Path=\/reading; .*; Secure$/);
  });
  it('are not signed in by a bad link', async () => {
    const response = await fetch(`${server.url}/signin?token=${await odd({ expires: '-1m' })}`);
    expect(response.status).toBe(401);
    expect(response.headers.getSetCookie()).toEqual([]);
  });
  it('of the UI’s exact origin may send credentials', async () => {
    const response = await fetch(`${server.url}/decode`, {
      method: 'OPTIONS',
      headers: {
        origin: UI,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-namespace',
      },
    });
    expect(response.status).toBe(204);
    expect(
      Object.fromEntries(
        ['origin', 'credentials', 'methods', 'headers'].map((name) => [
          name,
          response.headers.get(`access-control-allow-${name}`),
        ]),
      ),
    ).toEqual({
      origin: UI,
      credentials: 'true',
      methods: 'POST, OPTIONS',
      headers: 'content-type, x-namespace, authorization, authorization-extras',
    });
  });
  it.each([
    'http://127.0.0.1:8234',
    'https://127.0.0.1:8233',
    'http://localhost:8233',
    'null',
    'http://127.0.0.1:8233.evil.example',
  ])('of %s may not, with whatever session', async (origin) => {
    const cookie = (await cookieOf()).split(';')[0]!;
    for (const response of [
      await post('/decode', [clear], { auth: null, headers: { cookie, origin } }),
      await fetch(`${server.url}/decode`, { method: 'OPTIONS', headers: { origin } }),
    ]) {
      expect(response.status).toBe(403);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
  it('that name no origin cannot use a session to post', async () => {
    expect(
      (await post('/decode', [clear], { auth: null, headers: { cookie: (await cookieOf()).split(';')[0]! } })).status,
    ).toBe(401);
  });

  it('see the operator’s page when they are signed in, and its text is no markup', async () => {
    writeFileSync(
      join(folder, 'page.json'),
      JSON.stringify({
        sections: [
          {
            title: 'Start',
            items: [
              {
                name: 'lifecycle <b>',
                link: `${UI}/namespaces/livepod/workflows/start-workflow?workflowType=lifecycle&taskQueue=orchestrator`,
                text: '{"round": "<script>"}',
              },
            ],
          },
        ],
      }),
    );
    const strange = await (await fetch(server.url)).text();
    expect(strange).toContain('Not signed in');
    expect(strange).not.toContain('lifecycle');
    const response = await fetch(server.url, { headers: { cookie: (await cookieOf()).split(';')[0]! } });
    const page = await response.text();
    expect(page).toContain('lifecycle &lt;b&gt;');
    expect(page).toContain('{&quot;round&quot;: &quot;&lt;script&gt;&quot;}');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});

describe('an operator’s token that a page file holds', () => {
  const held = signOperatorToken(new Uint8Array(32).fill(7), {
    ...{ action: 'resume', workflow: 'rollout-4', object: 'release/4', state: 'paused/1/1', audience: 'aaaaa-aa' },
    ...{ notBefore: 1n, expires: 2n, nonce: new Uint8Array(16) },
  });
  const item = (name: string, text: string) => ({ name, text });
  beforeEach(() =>
    writeFileSync(
      join(folder, 'page.json'),
      JSON.stringify({
        sections: [
          {
            title: 'Updates',
            items: [
              item('resume', JSON.stringify({ token: held })),
              item('a token for all of them', held),
              item('pause', '{"reason":"Looking at the numbers"}'),
            ],
          },
        ],
      }),
    ),
  );

  it.each([
    ['may only read', () => reader],
    ['may write', () => operator],
  ])('is not on the page of somebody who %s', async (_, session) => {
    const page = await (await fetch(server.url, { headers: { authorization: `Bearer ${session()}` } })).text();
    expect(page).toContain('Looking at the numbers');
    expect(page).not.toContain(held.split('.')[1]!);
    expect(page).not.toContain('for all of them');
  });
});

describe('limits', () => {
  it('stop one who asks too much, say when to come back, and leave others alone', async () => {
    await server.close();
    server = await start({ rate: { burst: 3, perSecond: 0.1 } });
    const statuses = [];
    for (let count = 0; count < 4; count++) statuses.push((await post('/decode', [clear])).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const late = await post('/decode', [clear]);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await post('/decode', [clear], { auth: reader })).status).toBe(200);
  });
  it('stop one who tries tokens', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 40 }, () => post('/decode', [clear], { auth: 'guess' }).then(({ status }) => status)),
    );
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(5);
  });
  it('fill up again with time', () => {
    let now = 0;
    const buckets = new Buckets({ burst: 2, perSecond: 1 }, () => now);
    expect(buckets.take('a')).toBe(0);
    expect(buckets.take('a')).toBe(0);
    expect(buckets.take('a')).toBe(1);
    now = 1000;
    expect(buckets.take('a')).toBe(0);
    expect(buckets.take('a')).toBe(1);
  });
  it('refuse a body that is too large, whether or not it says so', async () => {
    await server.close();
    server = await start({ bodyLimit: 1000 });
    expect((await post('/decode', [], { body: 'x'.repeat(1001) })).status).toBe(413);
    const piece = new TextEncoder().encode('x'.repeat(600));
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(piece);
      },
    });
    const streamed = await fetch(`${server.url}/decode`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'x-namespace': 'livepod', authorization: `Bearer ${operator}` },
    } as RequestInit).then(
      ({ status }) => status,
      () => 413,
    );
    expect(streamed).toBe(413);
  });
  it.each([
    '',
    '[]',
    '{"payloads": 3}',
    '{"payloads": [{"metadata": {"encoding": 7}}]}',
    '{"payloads": [{"data": {}}]}',
    '{"payloads": [null]}',
  ])('refuse the body %s', async (body) => {
    expect((await post('/decode', [], { body })).status).toBe(400);
  });
});

describe('the access log', () => {
  it('says who read what kind of thing where, and holds neither payload nor token', async () => {
    const [hidden] = await payloadsOf(await post('/encode', [clear]));
    await post('/decode', [hidden]);
    await fetch(`${server.url}/signin?token=${operator}`);
    await post('/decode', [hidden], { auth: 'not-a-token-7' });
    expect(log).toMatchObject([
      { path: '/encode', status: 200, subject: 'operator', namespace: 'livepod', payloads: 1 },
      {
        path: '/decode',
        status: 200,
        subject: 'operator',
        namespace: 'livepod',
        payloads: 1,
        keys: [ring.active().id],
      },
      { path: '/signin', status: 200, subject: 'operator' },
      { path: '/decode', status: 401, why: 'ERR_JWS_INVALID' },
    ]);
    const lines = JSON.stringify(log);
    for (const secret of ['canary', hidden!.data, clear.data, operator, 'not-a-token-7'])
      expect(lines).not.toContain(secret);
  });
  it('is summed up for Prometheus', async () => {
    await post('/decode', [clear]);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain(
      'livepod_codec_requests_total{action="decode",namespace="livepod",status="200"} 1',
    );
    expect(await (await fetch(`${server.url}/health`)).json()).toEqual({ ready: true, namespace: 'livepod' });
  });
});

describe('an OIDC provider', () => {
  let provider: Server;
  afterEach(() => void provider.close());

  it('is trusted by the URL of its key set, with RS256 too', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256');
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'rsa-1', alg: 'RS256' }] };
    provider = createServer((_, response) => response.end(JSON.stringify(keys))).listen(0, '127.0.0.1');
    await new Promise((resolve) => provider.once('listening', resolve));
    await server.close();
    server = await start({
      trust: {
        jwks: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/jwks`,
        issuer: 'https://login.example.org',
        audience: 'codec',
      },
    });
    const auth = await new SignJWT({ permissions: ['livepod:read'] })
      .setProtectedHeader({ alg: 'RS256', kid: 'rsa-1' })
      .setSubject('ann')
      .setIssuer('https://login.example.org')
      .setAudience('codec')
      .setExpirationTime('5m')
      .sign(privateKey);
    expect((await post('/decode', [clear], { auth })).status).toBe(200);
    expect((await post('/decode', [clear], { auth: operator })).status).toBe(401);
  });
});

it('answers under its own path and without it, for proxies that take it off', async () => {
  const root = new URL(server.url).origin;
  for (const url of [`${server.url}/health`, `${root}/health`]) expect((await fetch(url)).status).toBe(200);
  expect((await fetch(`${root}/codecs/health`)).status).toBe(404);
});
