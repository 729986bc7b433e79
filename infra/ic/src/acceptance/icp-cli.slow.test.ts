import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { IcpProject, icpIsHere } from '../testing/icp-cli.js';
import { freePort } from '../testing/network.js';

/** The real `icp`, unmodified: its own network start, deployment and everything that follows it. */
(icpIsHere ? describe : describe.skip)('icp', () => {
  let project: IcpProject;
  const icp = (...args: string[]): Promise<string> => project.run(...args);
  const call = (method: string, ...more: string[]): Promise<string> =>
    icp('canister', 'call', 'test', method, '()', ...more);

  beforeAll(async () => {
    project = new IcpProject(`    mode: managed\n    gateway:\n      port: ${await freePort()}\n`);
    expect(await icp('network', 'start', '-d')).toContain('Network started');
    expect(await icp('deploy')).toContain('Created canister test with ID');
  });
  afterAll(async () => {
    await icp('network', 'stop').catch(() => undefined);
    project.remove();
  });

  it('starts the network with its own two canisters, and tells its balance', async () => {
    const status = await icp('network', 'status');
    expect(status).toMatch(/Candid UI Principal: [a-z0-9-]+-cai/);
    expect(status).toMatch(/Proxy Canister Principal: [a-z0-9-]+-cai/);
    expect(await icp('cycles', 'balance')).toMatch(/cycles/);
  });

  it('calls and queries what it deployed, and reads its status', async () => {
    expect(await call('increment')).toContain('(1 : nat64)');
    expect(await call('counter', '--query')).toContain('(1 : nat64)');
    const status = await icp('canister', 'status', 'test');
    expect(status).toMatch(/Status: Running[\s\S]*Module hash: 0x[0-9a-f]{64}[\s\S]*Query stats:/);
    await expect(icp('canister', 'call', 'test', 'print_and_trap', '("so it is")')).rejects.toThrow('so it is');
  });

  it('upgrades on the next deployment', async () => {
    await icp('canister', 'call', 'test', 'write_stable', '(0 : nat64, blob "abc")');
    expect(await icp('deploy', '--mode', 'upgrade')).not.toContain('Created canister');
    expect(await icp('canister', 'call', 'test', 'started', '()')).toContain('post_upgrade');
    expect(await icp('canister', 'call', 'test', 'read_stable', '(0 : nat64, 3 : nat64)')).toContain('abc');
  });

  it('reads logs', async () => {
    await icp('canister', 'call', 'test', 'print', '("a line of the log")');
    expect(await icp('canister', 'logs', 'test')).toContain('a line of the log');
  });

  it('changes settings and shows them', async () => {
    await icp(
      'canister',
      'settings',
      'update',
      'test',
      '--freezing-threshold',
      '3000000',
      '--log-visibility',
      'public',
      '--wasm-memory-threshold',
      '1000000',
    );
    const shown = await icp('canister', 'settings', 'show', 'test');
    expect(shown).toMatch(/3_000_000[\s\S]*Public/);
  });

  it('takes snapshots, downloads them, uploads them and restores them', async () => {
    await call('increment');
    const before = await call('counter', '--query');
    await icp('canister', 'stop', 'test');
    const taken = /Created snapshot ([0-9a-f]+)/.exec(await icp('canister', 'snapshot', 'create', 'test'))![1]!;
    expect(await icp('canister', 'snapshot', 'list', 'test')).toContain(taken);
    await icp('canister', 'snapshot', 'download', 'test', taken, '--output', project.path('snapshot'));
    expect(readdirSync(project.path('snapshot'))).toEqual(
      expect.arrayContaining(['metadata.json', 'wasm_memory.bin', 'wasm_module.bin']),
    );
    await icp('canister', 'start', 'test');
    await call('increment');
    await icp('canister', 'stop', 'test');
    const uploaded = /([0-9a-f]{36})/.exec(
      await icp('canister', 'snapshot', 'upload', 'test', '--input', project.path('snapshot')),
    )![1]!;
    await icp('canister', 'snapshot', 'restore', 'test', uploaded);
    await icp('canister', 'snapshot', 'delete', 'test', taken);
    await icp('canister', 'start', 'test');
    expect(await call('counter', '--query')).toBe(before);
  });

  it.each([['secp256k1'], ['prime256v1'], ['ed25519']])('signs with an imported PEM key on %s', async (curve) => {
    const { privateKey } =
      curve === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: curve });
    const pem = project.write(`${curve}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    await icp('identity', 'import', curve, '--from-pem', pem, '--storage', 'plaintext');
    const principal = (await icp('identity', 'principal', '--identity', curve)).trim();
    expect(await call('whoami', '--identity', curve)).toContain(principal);
    expect(await call('increment', '--identity', curve)).toContain('nat64');
    await expect(icp('canister', 'stop', 'test', '--identity', curve)).rejects.toThrow(/controller/i);
  });

  it('signs with a delegation, within its targets only', async () => {
    const { publicKey, session } = await requested('session');
    const chain = project.write(
      'chain.json',
      await icp(
        'identity',
        'delegation',
        'sign',
        '--key-pem',
        publicKey,
        '--duration',
        '1h',
        '--identity',
        'secp256k1',
      ),
    );
    await icp('identity', 'delegation', 'use', session, '--from-json', chain);
    const principal = (await icp('identity', 'principal', '--identity', 'secp256k1')).trim();
    expect(await call('whoami', '--identity', session)).toContain(principal);
    const other = await requested('elsewhere');
    const narrow = project.write(
      'narrow.json',
      await icp(
        'identity',
        'delegation',
        'sign',
        '--key-pem',
        other.publicKey,
        '--duration',
        '1h',
        '--canisters',
        'ryjl3-tyaaa-aaaaa-aaaba-cai',
        '--identity',
        'secp256k1',
      ),
    );
    await icp('identity', 'delegation', 'use', other.session, '--from-json', narrow);
    await expect(call('increment', '--identity', other.session)).rejects.toThrow(/target|delegation/i);
  });

  it('moves cycles and ICP, and mints cycles', async () => {
    const principal = (await icp('identity', 'principal', '--identity', 'ed25519')).trim();
    await icp('cycles', 'transfer', '2T', principal);
    await icp('token', 'transfer', '10', principal);
    expect(await icp('cycles', 'mint', '--icp', '1', '--identity', 'ed25519')).toContain('Minted 3_519_900_000_000');
    expect(await icp('cycles', 'balance', '--identity', 'ed25519')).toContain('5_519_900_000_000');
    expect(await icp('token', 'balance', '--identity', 'ed25519')).toContain('8.999');
    await icp('canister', 'top-up', 'test', '--amount', '1T', '--identity', 'ed25519');
    expect(await icp('cycles', 'balance', '--identity', 'ed25519')).toContain('4_519_800_000_000');
  });

  it('creates a canister through its proxy', async () => {
    const proxy = /Proxy Canister Principal: ([a-z0-9-]+)/.exec(await icp('network', 'status'))![1]!;
    const created = await icp('canister', 'create', '--detached', '--proxy', proxy, '--cycles', '1T');
    const id = /([a-z0-9]{5}(-[a-z0-9]{3,5}){3,}-cai)/.exec(created)![1]!;
    expect(await icp('canister', 'status', id, '--proxy', proxy, '-n', 'local')).toContain('Running');
  });

  async function requested(session: string): Promise<{ publicKey: string; session: string }> {
    const printed = await icp('identity', 'delegation', 'request', session, '--storage', 'plaintext');
    const pem = /-----BEGIN PUBLIC KEY-----[\s\S]*-----END PUBLIC KEY-----/.exec(printed)![0];
    const publicKey = project.write(`${session}.pub.pem`, `${pem}\n`);
    expect(existsSync(publicKey)).toBe(true);
    return { publicKey, session };
  }
});
