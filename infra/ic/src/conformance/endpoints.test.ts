import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { decode, encode } from 'cborg';
import { verifyCertificate, type HashTree } from '../certificates/index.js';
import { decodeStrictly } from '../envelopes/cbor.js';
import { representationIndependentHash } from '../envelopes/index.js';
import { METHODS } from '../management/candid.js';
import { ANY, TestNetwork } from '../testing/network.js';
import { contentOf, delegate, envelopeOf, newSender, NO_ARGUMENTS, readingOf, type Sender } from '../testing/sender.js';
import { scripted, reply } from '../testing/script.js';
import type { TestCanister } from '../testing/test-canister.js';
import { sha256 } from '../wasm/module.js';

describe('endpoints', () => {
  const network = new TestNetwork();
  const alice = newSender();
  const bob = newSender();
  let canister: TestCanister;
  let id: Uint8Array;

  beforeAll(async () => {
    await network.start();
    canister = await network.deploy();
    id = canister.id.toUint8Array();
  });
  afterAll(() => network.remove());

  const post = (path: string, body: Uint8Array): Promise<Response> =>
    fetch(`${network.url}${path}`, { method: 'POST', body: body as never });
  const at = (kind: string, effective: Principal | string = canister.id): string =>
    `/api/v2/canister/${effective.toString()}/${kind}`;
  const queryOf = (sender: Sender, more: object = {}): Record<string, unknown> =>
    contentOf(sender, id, { request_type: 'query', method_name: 'counter', ...more });
  const statusOf = async (path: string, content: object, sender = alice): Promise<number> =>
    (await post(path, envelopeOf(sender, content))).status;
  const management = (method: keyof typeof METHODS, argument: unknown): object => ({
    canister_id: new Uint8Array(),
    method_name: method,
    arg: new Uint8Array(IDL.encode(METHODS[method][0] as IDL.Type[], [argument])),
  });

  it.each<[string, string]>([
    ['call', 'query'],
    ['call', 'read_state'],
    ['query', 'call'],
    ['query', 'read_state'],
    ['read_state', 'query'],
    ['read_state', 'call'],
  ])('refuse a %s sent as a %s', async (type, kind) => {
    const content = { call: contentOf(alice, id), query: queryOf(alice), read_state: readingOf(alice, [['time']]) }[
      type
    ]!;
    expect(await statusOf(at(kind), content)).toBe(400);
    expect([200, 202]).toContain(await statusOf(at(type), content));
  });

  it.each<[string, string[]]>([
    ['call', ['request_type', 'sender', 'ingress_expiry', 'canister_id', 'method_name', 'arg']],
    ['query', ['request_type', 'sender', 'ingress_expiry', 'canister_id', 'method_name', 'arg']],
    ['read_state', ['request_type', 'sender', 'ingress_expiry', 'paths']],
  ])('refuse a %s that lacks a required field', async (type, fields) => {
    const content = { call: contentOf(alice, id), query: queryOf(alice), read_state: readingOf(alice, [['time']]) }[
      type
    ]!;
    for (const field of fields) {
      const rest = Object.fromEntries(Object.entries(content).filter(([name]) => name !== field));
      expect({ without: field, status: await statusOf(at(type), rest) }).toEqual({ without: field, status: 400 });
    }
  });

  it('refuse anonymous requests without a sender, and take those with', async () => {
    const { sender: _, ...nobody } = queryOf(alice);
    expect((await post(at('query'), encode({ content: nobody }))).status).toBe(400);
    for (const [kind, content] of [
      ['query', queryOf(alice, { method_name: 'whoami', sender: Uint8Array.of(4) })],
      ['call', contentOf(alice, id, { sender: Uint8Array.of(4) })],
    ] as const) {
      expect([200, 202]).toContain((await post(at(kind), encode({ content }))).status);
    }
  });

  it.each<[string, string]>([
    ['no principal', 'foobar'],
    ['a principal without its dashes', 'rwlgtiiaaaaaaaaaaaaaacai'],
    ['a principal with a wrong checksum', 'rwlgt-iiaaa-aaaaa-aaaab-cai'],
  ])('have no address of %s', async (_, name) => {
    for (const [kind, content] of [
      ['call', contentOf(alice, id)],
      ['query', queryOf(alice)],
      ['read_state', readingOf(alice, [['time']])],
    ] as const)
      expect(await statusOf(at(kind, name), content)).toBe(400);
  });

  it("are not the management canister's, except for creating canisters", async () => {
    const raw = { canister_id: new Uint8Array(), method_name: 'raw_rand', arg: NO_ARGUMENTS };
    const contents = [
      ['call', contentOf(alice, id, raw)],
      ['query', queryOf(alice, raw)],
      ['call', contentOf(alice, id, management('canister_status', { canister_id: canister.id }))],
    ] as const;
    for (const [kind, content] of contents) {
      const status = await statusOf(at(kind, 'aaaaa-aa'), content);
      expect({ kind, status }).toEqual({ kind, status: 400 });
    }
    const create = management('provisional_create_canister_with_cycles', {
      amount: [],
      settings: [],
      specified_id: [],
      sender_canister_version: [],
    });
    const creation = contentOf(alice, id, create);
    expect(await statusOf(at('call', 'aaaaa-aa'), creation)).toBe(202);
    expect(
      await statusOf(
        at('read_state', 'aaaaa-aa'),
        readingOf(alice, [['request_status', representationIndependentHash(creation)]]),
      ),
    ).toBe(200);
  });

  it('take delegations to a thousand targets, however many times one is named', async () => {
    const others = (count: number): Uint8Array[] =>
      Array.from({ length: count }, (_, index) => Uint8Array.of(index >> 8, index & 255, 1));
    const session = newSender();
    const further = newSender();
    const chains: [string, Uint8Array[][], boolean][] = [
      ['one', [[id]], true],
      ['another', [others(1)], false],
      ['two', [[id, ...others(1)]], true],
      ['a thousand', [[id, ...others(999)]], true],
      ['a thousand and one', [[id, ...others(1000)]], false],
      ['the same twice', [[id, id]], true],
      ['none', [[]], false],
      ['one, then one', [[id], [id]], true],
      ['one, then another', [[id], others(1)], false],
      ['none, then one', [[], [id]], false],
      ['one, then none', [[id], []], false],
    ];
    for (const [name, targets, good] of chains) {
      const chain = [
        delegate(alice, session, { targets: targets[0] }),
        ...(targets[1] ? [delegate(session, further, { targets: targets[1] })] : []),
      ];
      const signer = targets[1] ? further : session;
      const call = await post(at('call'), envelopeOf(alice, contentOf(alice, id), signer, chain));
      const query = await post(at('query'), envelopeOf(alice, queryOf(alice), signer, chain));
      expect({ name, call: call.ok, query: query.ok }).toEqual({ name, call: good, query: good });
    }
  });

  it.each<[string, () => Uint8Array[], boolean]>([
    ['the management canister', () => [new Uint8Array()], true],
    ['nothing', () => [], false],
    ['something else', () => [ANY.toUint8Array()], false],
    ['the canister that is managed', () => [id], false],
  ])('take a delegation to %s for managing a canister, or not', async (_, targets, good) => {
    const session = newSender();
    const content = contentOf(alice, id, management('canister_status', { canister_id: canister.id }));
    expect(
      (await post(at('call'), envelopeOf(alice, content, session, [delegate(alice, session, { targets: targets() })])))
        .ok,
    ).toBe(good);
  });

  it.each<[string, string, string, number]>([
    ['an unknown version', 'POST', '/api/v5/canister/C/call', 404],
    ['v4 of query', 'POST', '/api/v4/canister/C/query', 404],
    ['v4 of read_state', 'POST', '/api/v4/canister/C/read_state', 404],
    ["v3 of a subnet's call", 'POST', '/api/v3/subnet/S/call', 404],
    ["v2 of a subnet's query", 'POST', '/api/v2/subnet/S/query', 404],
    ['an unknown one', 'POST', '/api/v2/canister/C/delete', 404],
    ['more than its path', 'POST', '/api/v2/canister/C/query/x', 404],
    ['a GET', 'GET', '/api/v2/canister/C/query', 405],
    ['a PUT', 'PUT', '/api/v3/canister/C/call', 405],
    ['another subnet', 'POST', '/api/v2/subnet/C/read_state', 400],
    ['a status', 'GET', '/api/v2/status', 200],
    ['nothing sent', 'POST', '/api/v2/canister/C/query', 400],
  ])('answer to %s: %s %s with %i', async (_, method, path, status) => {
    const { subnet_configs } = (await (await fetch(`${network.url}/_/topology`)).json()) as { subnet_configs: object };
    const subnet = Object.keys(subnet_configs)[0]!;
    const place = path.replace('/C/', `/${canister.id.toText()}/`).replace('/S/', `/${subnet}/`);
    const answer = await fetch(`${network.url}${place}`, { method });
    expect(answer.status).toEqual(status);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('content-type')).toEqual(
      status === 200 ? 'application/cbor' : 'text/plain; charset=utf-8',
    );
  });

  it('take bodies of 5 MiB, in chunks too, and not one byte more', async () => {
    expect((await post(at('query'), new Uint8Array(5 << 20))).status).toBe(400);
    expect((await post(at('query'), new Uint8Array((5 << 20) + 1))).status).toBe(413);
    const chunked = Uint8Array.from(envelopeOf(alice, queryOf(alice)));
    const stream = new ReadableStream({
      start: (to) => {
        for (const byte of [chunked.subarray(0, 7), chunked.subarray(7)]) to.enqueue(byte);
        to.close();
      },
    });
    expect(
      (await fetch(`${network.url}${at('query')}`, { method: 'POST', body: stream as never, duplex: 'half' } as never))
        .status,
    ).toBe(200);
  });

  it('say why a call was not taken in: a record alone by v2, with a status from v3 on', async () => {
    const content = contentOf(alice, id, { method_name: 'refused_at_the_door' });
    const refusal = {
      reject_code: 4,
      error_code: 'IC0406',
      reject_message: expect.stringContaining('rejected the message'),
    };
    for (const version of [2, 3, 4]) {
      const answer = await post(`/api/v${version}/canister/${canister.id.toText()}/call`, envelopeOf(alice, content));
      const body = Object.fromEntries(
        decodeStrictly(new Uint8Array(await answer.arrayBuffer())) as Map<string, unknown>,
      );
      expect(answer.status).toBe(200);
      expect(body).toEqual(version === 2 ? refusal : { status: 'non_replicated_rejection', ...refusal });
    }
  });

  it('certify rejects as they certify replies, also of query methods that were called', async () => {
    for (const [method, status] of [
      ['wasm_trap', 'rejected'],
      ['counter', 'replied'],
    ] as const) {
      const content = contentOf(alice, id, { method_name: method });
      const answer = await post(`/api/v4/canister/${canister.id.toText()}/call`, envelopeOf(alice, content));
      const body = Object.fromEntries(
        decodeStrictly(new Uint8Array(await answer.arrayBuffer())) as Map<string, unknown>,
      );
      const { tree } = verifyCertificate(body['certificate'] as Uint8Array, Buffer.from(network.rootKey, 'hex'));
      expect(answer.status).toBe(200);
      expect(body['status']).toBe('replied');
      expect(
        Buffer.from(
          tree.lookup(['request_status', representationIndependentHash(content), 'status']) as Uint8Array,
        ).toString(),
      ).toEqual(status);
    }
  });

  it('of subnets answer queries of list_canisters, with a signature, and no others', async () => {
    const { subnet_configs } = (await (await fetch(`${network.url}/_/topology`)).json()) as { subnet_configs: object };
    const ask = (method: string, to: Uint8Array = new Uint8Array()): Promise<Response> =>
      post(
        `/api/v3/subnet/${Object.keys(subnet_configs)[0]!}/query`,
        envelopeOf(alice, queryOf(alice, { canister_id: to, method_name: method })),
      );
    const answer = await ask('list_canisters');
    const body = Object.fromEntries(decodeStrictly(new Uint8Array(await answer.arrayBuffer())) as Map<string, unknown>);
    // nobody is a subnet admin
    expect(answer.status).toBe(200);
    expect(body['status']).toBe('rejected');
    expect((body['signatures'] as unknown[]).length).toBe(1);
    expect((await ask('canister_status')).status).toBe(400);
    expect((await ask('counter', id)).status).toBe(400);
  });

  describe('of read_state', () => {
    const read = async (
      paths: (string | Uint8Array)[][],
      sender = alice,
      effective = canister.id,
    ): Promise<HashTree | number> => {
      const answer = await post(at('read_state', effective), envelopeOf(sender, readingOf(sender, paths)));
      if (!answer.ok) return answer.status;
      const { certificate } = Object.fromEntries(
        decodeStrictly(new Uint8Array(await answer.arrayBuffer())) as Map<string, Uint8Array>,
      );
      return verifyCertificate(certificate!, Buffer.from(network.rootKey, 'hex')).tree as unknown as HashTree;
    };
    const found = async (path: (string | Uint8Array)[], sender = alice, effective = canister.id): Promise<unknown> => {
      const tree = (await read([path], sender, effective)) as unknown as
        { lookup(path: unknown): Uint8Array | string } | number;
      return typeof tree === 'number' ? tree : tree.lookup(path);
    };
    const install = async (sections: [string, string][]): Promise<Principal> => {
      const fresh = await network.create();
      await network.install(
        fresh,
        { install: null },
        scripted({ 'query x': [reply()] }, { custom: sections.map(([name, content]) => [name, Buffer.from(content)]) }),
      );
      return fresh;
    };
    const TEXT = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));

    it('have the time, asked for or not', async () => {
      for (const paths of [[], [['time']]]) {
        const tree = (await read(paths)) as unknown as { lookup(path: string[]): Uint8Array };
        expect(tree.lookup(['time'])).toBeInstanceOf(Uint8Array);
      }
    });

    it('have controllers and hash of an empty canister, and of one with code, for anybody', async () => {
      const empty = await network.create();
      const controllers = async (of: Principal, sender = bob): Promise<Uint8Array[]> =>
        decode((await found(['canister', of.toUint8Array(), 'controllers'], sender, of)) as Uint8Array, {
          tags: Object.assign([], { 55799: (value: unknown) => value }),
        }) as Uint8Array[];
      const owner = network.identity.getPrincipal();
      expect(await found(['canister', empty.toUint8Array(), 'module_hash'], bob, empty)).toBe('absent');
      expect((await controllers(empty)).map((one) => Principal.fromUint8Array(one).toText())).toEqual([owner.toText()]);
      expect(await found(['canister', id, 'module_hash'], bob)).toBeInstanceOf(Uint8Array);
      const settings = (list: Principal[]): object => ({
        ...Object.fromEntries(
          [
            'compute_allocation',
            'memory_allocation',
            'freezing_threshold',
            'reserved_cycles_limit',
            'wasm_memory_limit',
            'wasm_memory_threshold',
            'minimum_incoming_canister_call_cycles',
            'log_memory_limit',
            'environment_variables',
            'log_visibility',
            'snapshot_visibility',
            'status_visibility',
          ].map((name) => [name, []]),
        ),
        controllers: [list],
      });
      await network.management.update_settings({
        canister_id: empty,
        settings: settings([owner, Principal.fromUint8Array(alice.principal)]),
        sender_canister_version: [],
      });
      expect(await controllers(empty)).toHaveLength(2);
      await network.management.update_settings({
        canister_id: empty,
        settings: settings([]),
        sender_canister_version: [],
      });
      expect(await controllers(empty)).toHaveLength(0);
    });

    it('prove that calls are not there', async () => {
      for (const byte of [0, 8, 255])
        expect(await found(['request_status', new Uint8Array(32).fill(byte), 'status'])).toBe('absent');
      for (const short of ['', 'foo']) expect(await read([['request_status', short]])).toBe(400);
    });

    it("have parts of a call's status, of one call of one's own at a time", async () => {
      const contents = [
        contentOf(alice, id, { method_name: 'counter' }),
        contentOf(alice, id, { method_name: 'counter' }),
        contentOf(bob, id, { method_name: 'counter' }),
      ];
      for (const [index, content] of contents.entries())
        await post(`/api/v3/canister/${canister.id.toText()}/call`, envelopeOf(index === 2 ? bob : alice, content));
      const [first, second, foreign] = contents.map((content) => representationIndependentHash(content)) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      expect(await found(['request_status', first, 'status'])).toEqual(TEXT('replied'));
      expect(await found(['request_status', first, 'reply'])).toBeInstanceOf(Uint8Array);
      expect(
        await read([
          ['request_status', first],
          ['request_status', second],
        ]),
      ).toBe(400);
      expect(
        await read([
          ['request_status', first],
          ['request_status', foreign],
        ]),
      ).toBe(403);
      expect(await read([['request_status', foreign]])).toBe(403);
      expect(await read([['request_status', first]], alice, ANY)).toBe(403);
    });

    it.each<[string, [string, string][], string, string | number]>([
      ['that is not there', [], 'foo', 'absent'],
      ['public', [['icp:public test', 'bar']], 'test', 'bar'],
      ['with an empty name', [['icp:public ', 'bar']], '', 'bar'],
      [
        'with spaces in its name',
        [['icp:public metadata section name with spaces', 'bar']],
        'metadata section name with spaces',
        'bar',
      ],
      ['with a name beyond ASCII', [['icp:public ☃️', 'bar']], '☃️', 'bar'],
      ['private', [['icp:private test', 'bar']], 'test', 403],
    ])('have metadata %s', async (_, sections, name, expected) => {
      const made = await install(sections);
      for (const sender of [bob, alice])
        expect(await found(['canister', made.toUint8Array(), 'metadata', name], sender, made)).toEqual(
          typeof expected === 'string' && expected !== 'absent' ? TEXT(expected) : expected,
        );
      if (expected !== 403) return;
      const certificate = await network.agent.readState(made, {
        paths: [[TEXT('canister'), made.toUint8Array(), TEXT('metadata'), TEXT(name)]] as never,
      });
      expect(Buffer.from(certificate.certificate).includes('bar')).toBe(true); // its controller
    });

    it('have no metadata under a name that is no text', async () => {
      expect(await read([['canister', id, 'metadata', Uint8Array.of(0xe2, 0x28, 0xa1)]])).toBe(400);
    });

    it.each<[string, (string | Uint8Array)[][]]>([
      ['nonsense', [['hello', 'world']]],
      ['everything', [[]]],
    ])('refuse %s', async (_, paths) => expect(await read(paths, bob)).toBe(404));
  });

  it('know a module by the bytes that were sent', async () => {
    const wasm = scripted({});
    const fresh = await network.create();
    await network.install(fresh, { install: null }, wasm);
    expect(Buffer.from((await network.management.canister_status({ canister_id: fresh })).module_hash[0])).toEqual(
      Buffer.from(sha256(wasm)),
    );
  });
});
