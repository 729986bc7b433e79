import { HttpAgent } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { encode } from 'cborg';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeStrictly } from '../envelopes/cbor.js';
import { representationIndependentHash } from '../envelopes/index.js';
import { METHODS } from '../management/candid.js';
import { ANY, TestNetwork } from '../testing/network.js';
import {
  contentOf,
  delegate,
  envelopeOf,
  inMinutes,
  newSender,
  NO_ARGUMENTS,
  readingOf,
  type Link,
} from '../testing/sender.js';
import type { TestCanister } from '../testing/test-canister.js';

/*
 * Each attack by its name, over HTTP, and what the network says to it. After all of them the canister has counted
 * nothing that was not allowed.
 */

describe('adversary', () => {
  const network = new TestNetwork();
  const alice = newSender();
  const mallory = newSender();
  const session = newSender();
  let canister: TestCanister;
  let id: Uint8Array;

  beforeAll(async () => {
    await network.start();
    canister = await network.deploy();
    id = canister.id.toUint8Array();
  });
  afterAll(() => network.remove());

  const post = (path: string, body: Uint8Array): Promise<Response> =>
    fetch(`${network.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor' },
      body: body as never,
    });
  const at = (kind: string, version = kind === 'call' ? 3 : 2): string =>
    `/api/v${version}/canister/${canister.id.toText()}/${kind}`;
  const said = async (answer: Promise<Response>): Promise<[number, string]> => [
    (await answer).status,
    await (await answer).text(),
  ];
  const text = (principal: Uint8Array): string => Principal.fromUint8Array(principal).toText();

  /** Sends one and the same envelope's content as call, query and read_state, whose refusals must be alike. */
  async function refused(
    make: (content: Record<string, unknown>) => Uint8Array,
    words: string | RegExp,
    more: object = {},
  ): Promise<void> {
    const before = await canister.counter();
    const contents: [string, Record<string, unknown>][] = [
      ['call', contentOf(alice, id, more)],
      ['query', contentOf(alice, id, { request_type: 'query', method_name: 'counter', ...more })],
      ['read_state', readingOf(alice, [['time']], more)],
    ];
    for (const [kind, content] of contents) {
      const [status, text] = await said(post(at(kind), make(content)));
      const expected = typeof words === 'string' ? words : expect.stringMatching(words);
      expect({ kind, status, text }).toEqual({ kind, status: 400, text: expected });
    }
    expect(await canister.counter()).toBe(before);
  }

  it('forges the sender: her own key under another name', () =>
    refused(
      (content) => envelopeOf(mallory, content),
      `The user id ${text(alice.principal)} does not match the public key ${Buffer.from(mallory.der).toString('hex')}`,
    ));

  it('signs with the wrong key for the sender', () =>
    refused((content) => envelopeOf(alice, content, mallory), /^Invalid signature: /));

  it('leaves the signature out', () =>
    refused((content) => encode({ content }), `Missing signature from user: ${text(alice.principal)}`));

  it('signs as anonymous', () =>
    refused((content) => envelopeOf(alice, content), 'Signature is not allowed for the anonymous user', {
      sender: Uint8Array.of(4),
    }));

  it('changes a signed request', () =>
    refused((content) => {
      const { sender_sig } = Object.fromEntries(decodeStrictly(envelopeOf(alice, content)) as Map<string, unknown>);
      return encode({ content: { ...content, nonce: Uint8Array.of(1) }, sender_pubkey: alice.der, sender_sig });
    }, /^Invalid signature: /));

  it('sends an expired request', () =>
    refused(
      (content) => envelopeOf(alice, content),
      /^Invalid request expiry: Specified ingress_expiry not within expected range/,
      { ingress_expiry: inMinutes(-1) },
    ));

  it('sends a request of too far in the future', () =>
    refused(
      (content) => envelopeOf(alice, content),
      /^Invalid request expiry: Specified ingress_expiry not within expected range/,
      { ingress_expiry: inMinutes(7) },
    ));

  it('sends an expired call as anonymous', async () => {
    const content = contentOf(alice, id, { sender: Uint8Array.of(4), ingress_expiry: inMinutes(-1) });
    expect(await said(post(at('call'), encode({ content })))).toEqual([
      400,
      expect.stringMatching(/^Invalid request expiry/),
    ]);
  });

  it('replays an envelope, at once, later, and at every version: it is executed once', async () => {
    const before = await canister.counter();
    const body = envelopeOf(alice, contentOf(alice, id));
    const answers = await Promise.all([2, 3, 4, 3, 4].map((version) => post(at('call', version), body)));
    for (const { status } of answers) expect([200, 202]).toContain(status);
    expect((await post(at('call'), body)).status).toBe(200);
    expect(await canister.counter()).toBe(before + 1n);
  });

  it.each<[string, () => Link[], string | RegExp]>([
    [
      'has expired',
      () => [delegate(alice, session, { expiration: inMinutes(-1) })],
      /^Specified sender delegation has expired:\nProvided expiry: {4}.* UTC\nLocal replica time: .* UTC$/,
    ],
    ['was given by somebody else', () => [delegate(mallory, session)], /^Invalid delegation: /],
    [
      'was changed',
      () => [
        {
          ...delegate(alice, session, { targets: [ANY.toUint8Array()] }),
          delegation: { pubkey: session.der, expiration: inMinutes(60) },
        },
      ],
      /^Invalid delegation: /,
    ],
    [
      'goes in a circle',
      () => [delegate(alice, mallory), delegate(mallory, alice), delegate(alice, session)],
      /^Invalid delegation: Chain of delegations contains at least one cycle/,
    ],
    [
      'passes 21 hands',
      () => {
        const hands = [alice, ...Array.from({ length: 20 }, newSender), session];
        return hands.slice(1).map((to, index) => delegate(hands[index]!, to));
      },
      'Invalid delegation: Chain of delegations is too long: got 21 delegations, but at most 20 are allowed.',
    ],
    [
      'has an unknown permission',
      () => [delegate(alice, session, { permissions: 'everything' })],
      /^Invalid delegation: /,
    ],
  ])('uses a delegation that %s', (_, chain, words) =>
    refused((content) => envelopeOf(alice, content, session, chain()), words),
  );

  it('uses a delegation for another canister', async () => {
    const chain = [delegate(alice, session, { targets: [ANY.toUint8Array()] })];
    const words = `Canister ${canister.id.toText()} is not one of the delegation targets`;
    expect(await said(post(at('call'), envelopeOf(alice, contentOf(alice, id), session, chain)))).toEqual([400, words]);
    expect(
      await said(
        post(
          at('query'),
          envelopeOf(alice, contentOf(alice, id, { request_type: 'query', method_name: 'counter' }), session, chain),
        ),
      ),
    ).toEqual([400, words]);
  });

  it('calls with a delegation for queries', async () => {
    const chain = [delegate(alice, session, { permissions: 'queries' })];
    expect(await said(post(at('call'), envelopeOf(alice, contentOf(alice, id), session, chain)))).toEqual([
      400,
      expect.stringMatching(/^Invalid delegation: /),
    ]);
    expect(
      (
        await post(
          at('query'),
          envelopeOf(alice, contentOf(alice, id, { request_type: 'query', method_name: 'counter' }), session, chain),
        )
      ).status,
    ).toBe(200);
  });

  it("reads the status of somebody else's call, and of a call beyond her delegation", async () => {
    const content = contentOf(alice, id);
    const requestId = representationIndependentHash(content);
    expect((await post(at('call'), envelopeOf(alice, content))).status).toBe(200);
    const paths = [['request_status', requestId]];
    const foreign = 'The user tries to access Request ID not signed by the caller.';
    expect(await said(post(at('read_state'), envelopeOf(mallory, readingOf(mallory, paths))))).toEqual([403, foreign]);
    expect(
      await said(
        post(at('read_state'), encode({ content: readingOf({ ...mallory, principal: Uint8Array.of(4) }, paths) })),
      ),
    ).toEqual([403, foreign]);
    const elsewhere = `/api/v2/canister/${ANY.toText()}/read_state`;
    expect(await said(post(elsewhere, envelopeOf(alice, readingOf(alice, paths))))).toEqual([403, foreign]);
    const chain = [delegate(alice, session, { targets: [ANY.toUint8Array()] })];
    expect(await said(post(at('read_state'), envelopeOf(alice, readingOf(alice, paths), session, chain)))).toEqual([
      403,
      'The user tries to access request IDs for canisters not belonging to sender delegation targets.',
    ]);
    expect((await post(at('read_state'), envelopeOf(alice, readingOf(alice, paths)))).status).toBe(200);
  });

  it.each<[string, () => (string | Uint8Array)[][], number, RegExp]>([
    ['everything', () => [[]], 404, /^Invalid path requested\.$/],
    ['all canisters', () => [['canister']], 404, /^Invalid path requested\.$/],
    ['all of a canister', () => [['canister', id]], 404, /^Invalid path requested\.$/],
    ['certified data', () => [['canister', id, 'certified_data']], 404, /^Invalid path requested\.$/],
    ['all calls', () => [['request_status']], 404, /^Invalid path requested\.$/],
    ['below the time', () => [['time', 'x']], 404, /^Invalid path requested\.$/],
    ['all metadata', () => [['canister', id, 'metadata']], 404, /^Invalid path requested\.$/],
    [
      "a subnet's metrics at a canister",
      () => [['subnet', new Uint8Array(29), 'metrics']],
      404,
      /^Invalid path requested\.$/,
    ],
    ['a short request id', () => [['request_status', Uint8Array.of(1)]], 400, /^Invalid request id in paths/],
    [
      'two calls at once',
      () => [
        ['request_status', new Uint8Array(32)],
        ['request_status', new Uint8Array(32).fill(1)],
      ],
      400,
      /^More than one non-unique request ID exists in request_status paths: /,
    ],
    [
      "another canister's code",
      () => [['canister', ANY.toUint8Array(), 'module_hash']],
      400,
      /^Effective principal id in URL .* does not match requested principal id: /,
    ],
    [
      '1,001 paths',
      () => Array.from({ length: 1001 }, () => ['time']),
      400,
      /paths has 1001 entries, at most 1000 are allowed/,
    ],
    [
      'a path of 128 labels',
      () => [Array.from({ length: 128 }, () => 'time')],
      400,
      /a path has 128 entries, at most 127 are allowed/,
    ],
  ])('reads %s', async (_, paths, status, words) => {
    expect(await said(post(at('read_state'), envelopeOf(mallory, readingOf(mallory, paths()))))).toEqual([
      status,
      expect.stringMatching(words),
    ]);
  });

  it("calls and queries under another canister's address", async () => {
    const specified = canister.id.toText();
    const words = `Specified CanisterId ${specified} does not match effective canister id in URL ${ANY.toText()}`;
    expect(
      await said(post(`/api/v3/canister/${ANY.toText()}/call`, envelopeOf(mallory, contentOf(mallory, id)))),
    ).toEqual([400, words]);
    expect(
      await said(
        post(
          `/api/v2/canister/${ANY.toText()}/query`,
          envelopeOf(mallory, contentOf(mallory, id, { request_type: 'query' })),
        ),
      ),
    ).toEqual([400, words]);
  });

  const management = (method: keyof typeof METHODS, argument: unknown): object => ({
    canister_id: new Uint8Array(),
    method_name: method,
    arg: new Uint8Array(IDL.encode(METHODS[method][0] as IDL.Type[], [argument])),
  });

  it("calls the management canister under another canister's address", async () => {
    const content = contentOf(mallory, id, management('canister_status', { canister_id: canister.id }));
    expect(await said(post(`/api/v3/canister/${ANY.toText()}/call`, envelopeOf(mallory, content)))).toEqual([
      400,
      expect.stringMatching(/does not match effective canister id in URL/),
    ]);
  });

  it.each<[string, keyof typeof METHODS, () => object]>([
    ['stops', 'stop_canister', () => ({ canister_id: canister.id })],
    ['deletes', 'delete_canister', () => ({ canister_id: canister.id })],
    ['empties', 'uninstall_code', () => ({ canister_id: canister.id, sender_canister_version: [] })],
    [
      'replaces the code of',
      'install_code',
      () => ({
        mode: { reinstall: null },
        canister_id: canister.id,
        wasm_module: new Uint8Array(),
        arg: NO_ARGUMENTS,
        sender_canister_version: [],
      }),
    ],
    [
      'copies',
      'take_canister_snapshot',
      () => ({ canister_id: canister.id, replace_snapshot: [], uninstall_code: [], sender_canister_version: [] }),
    ],
  ])('%s a canister that is not hers', async (_, method, argument) => {
    const before = await canister.counter();
    const answer = await post(at('call'), envelopeOf(mallory, contentOf(mallory, id, management(method, argument()))));
    const body = Buffer.from(await answer.arrayBuffer()).toString('latin1');
    expect(answer.status).toBe(200);
    expect(body).toEqual(expect.stringMatching(/Only controllers of canister/));
    expect(await canister.counter()).toBe(before);
  });

  it.each<[string, keyof typeof METHODS, object]>([
    ['randomness', 'raw_rand', {}],
    [
      'a signature',
      'sign_with_ecdsa',
      { message_hash: new Uint8Array(32), derivation_path: [], key_id: { curve: { secp256k1: null }, name: 'key_1' } },
    ],
  ])('asks for %s, which only canisters may', async (_, method, argument) => {
    const given =
      (METHODS[method][0] as IDL.Type[]).length === 0
        ? { canister_id: new Uint8Array(), method_name: method, arg: NO_ARGUMENTS }
        : management(method, argument);
    const answer = await post(at('call'), envelopeOf(mallory, contentOf(mallory, id, given)));
    const body = Object.fromEntries(decodeStrictly(new Uint8Array(await answer.arrayBuffer())) as Map<string, unknown>);
    expect(body).toMatchObject({
      status: 'non_replicated_rejection',
      reject_code: 4,
      error_code: 'IC0406',
      reject_message: `Only canisters can call ic00 method ${method}`,
    });
  });

  it.each<[string, () => Uint8Array]>([
    ['nesting without end', () => new Uint8Array(1_000_000).fill(0x81)],
    ['tags without end', () => new Uint8Array(1_000_000).fill(0xc6)],
    ['a map of 2^32 entries', () => Uint8Array.of(0xba, 0xff, 0xff, 0xff, 0xff)],
    ['a text of 2^63 bytes', () => Uint8Array.of(0x7b, 0x7f, 255, 255, 255, 255, 255, 255, 255)],
    [
      'four million empty arrays',
      () => Buffer.concat([Buffer.from('a167636f6e74656e749a003d0900', 'hex'), new Uint8Array(4_000_000).fill(0x80)]),
    ],
    ['nothing', () => new Uint8Array()],
    [
      'a method name of bytes that are no UTF-8',
      () => Buffer.concat([Buffer.from('a167636f6e74656e74a161', 'hex'), Uint8Array.of(0xff, 1)]),
    ],
  ])('sends %s as CBOR: refused within a second', async (_, body) => {
    const sent = body();
    const began = Date.now();
    for (const kind of ['call', 'query', 'read_state']) expect((await post(at(kind), sent)).status).toBe(400);
    expect(Date.now() - began).toBeLessThan(3000);
  });

  it('sends 6 MiB, or an argument above 2 MiB', async () => {
    expect((await post(at('call'), new Uint8Array(6 << 20))).status).toBe(413);
    expect(
      (await post(at('call'), envelopeOf(mallory, contentOf(mallory, id, { arg: new Uint8Array((2 << 20) + 1) }))))
        .status,
    ).toBe(413);
  });

  describe('in the middle', () => {
    let proxy: Server;
    let tamper: (body: Buffer) => Buffer = (body) => body;
    let agent: HttpAgent;

    beforeAll(async () => {
      proxy = createServer((request, response) => {
        const parts: Buffer[] = [];
        request
          .on('data', (part: Buffer) => parts.push(part))
          .on('end', () => {
            void (async () => {
              const answer = await fetch(`${network.url}${request.url}`, {
                method: request.method,
                headers: { 'content-type': 'application/cbor' },
                body: request.method === 'POST' ? Buffer.concat(parts) : undefined,
              });
              response
                .writeHead(answer.status, { 'content-type': 'application/cbor' })
                .end(tamper(Buffer.from(await answer.arrayBuffer())));
            })();
          });
      }).listen(0, '127.0.0.1');
      await new Promise((resolve) => {
        proxy.once('listening', resolve);
      });
      agent = await HttpAgent.create({
        host: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        rootKey: network.agent.rootKey!,
        verifyQuerySignatures: true,
        retryTimes: 0,
      });
    });
    afterAll(() => {
      proxy.close();
    });

    /** Adds one to the last byte of what follows a text. */
    const change =
      (after: string, skip: number) =>
      (body: Buffer): Buffer => {
        const found = body.indexOf(after);
        if (found >= 0) body.writeUInt8((body[found + after.length + skip]! + 1) & 255, found + after.length + skip);
        return body;
      };

    it.each<[string, (body: Buffer) => Buffer]>([
      ['the reply of a call', change('DIDL', 3)],
      ['the signature', change('signature', 10)],
    ])('changes %s: the agent refuses the certificate', async (_, how) => {
      tamper = (body) => (body.includes('certificate') ? how(body) : body);
      await expect(network.canister(canister.id, agent).increment()).rejects.toThrow(
        /signature|certificate|verif|invalid/i,
      );
      tamper = (body) => body;
      await network.canister(canister.id, agent).increment();
    });

    it("changes the answer of a query: the agent refuses the node's signature", async () => {
      await network.canister(canister.id, agent).counter();
      tamper = (body) => (body.includes('signatures') ? change('DIDL', 3)(body) : body);
      await expect(network.canister(canister.id, agent).counter()).rejects.toThrow(/signature|verif/i);
      tamper = (body) => body;
    });

    it("gives one query's answer to another: its signature is for the other", async () => {
      let first: Buffer | undefined;
      tamper = (body) => {
        if (!body.includes('signatures')) return body;
        first ??= body;
        return first;
      };
      await network.canister(canister.id, agent).ticks();
      await expect(network.canister(canister.id, agent).counter()).rejects.toThrow(/signature|verif/i);
      tamper = (body) => body;
    });
  });
});
