import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CANISTERS } from '@livepod/client';
import { Home, channel, until } from '../home.fixture.js';
import { checkpointSaying } from '../repository.fixture.js';
import { asked } from './commands.js';
import { networkIn } from './files.js';
import { init, madeInWords } from './init.js';
import { settingsOf } from './options.js';

const MAIN = new URL('../main.ts', import.meta.url).pathname;
/** Any canister's id: in these tests, no Internet Computer is there. */
const ID = 'rwlgt-iiaaa-aaaaa-aaaaa-cai';
const network = {
  icHost: 'http://127.0.0.1:9',
  rootKey: '30'.repeat(133),
  canisters: Object.fromEntries(CANISTERS.map((name) => [name, ID])),
};

let home: Home;
let folder: string;
const path = (name: string): string => join(home.folder, name);
const given = (name: string, content: string | Buffer): string => {
  writeFileSync(path(name), content);
  return path(name);
};

const children: { child: ChildProcess; ended: Promise<unknown> }[] = [];
afterEach(async () => {
  for (const { child, ended } of children.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});

beforeEach(async () => {
  home = await Home.open();
  folder = path('my-pod');
  given('network.json', JSON.stringify(network));
  given('root.json', home.shippedRoot);
});
afterEach(() => home.close());
const make = (more: Record<string, string> = {}) =>
  init({ folder, network: path('network.json'), root: path('root.json'), ...more });

function livepodPod(...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (text: Buffer) => (said.out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (said.err += text.toString()));
  const ended = once(child, 'exit').then(([status]) => ({ status: status as number, ...said }));
  children.push({ child, ended });
  return { child, ended };
}

describe('livepod-pod init', () => {
  it('makes what a pod wants, with a key that nobody else may read, and says what to compare', async () => {
    const made = await make();
    expect(made.files.map(({ how }) => how)).toEqual(['fetched', 'made', 'fetched', 'made']);
    expect(statSync(join(folder, 'identity.json')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(folder, 'network.json'), 'utf8'))).toEqual(network);
    expect(madeInWords(made)).toMatch(/root\.json {9}SHA-256 [0-9a-f]{64}/);
    expect(made.root).toMatchObject({ version: 1, keys: 1, threshold: 1 });
    expect(made.next[1]).toMatch(/^livepod-pod run --folder /);
  });

  it('keeps what is there when it is asked again, above all the key', async () => {
    const first = await make();
    const again = await init({ folder });
    expect(again.id).toBe(first.id);
    expect(again.files.map(({ how }) => how)).toEqual(['kept', 'kept', 'kept', 'kept']);
  });

  it('takes both files from an address', async () => {
    home.repository.files.set('/network.json', Buffer.from(JSON.stringify(network)));
    home.repository.files.set('/tuf/1.root.json', home.shippedRoot);
    await make({ network: home.address, root: `${home.address}/tuf/1.root.json` });
    expect(existsSync(join(folder, 'root.json'))).toBe(true);
  });

  it.each<[string, () => Record<string, string>, RegExp]>([
    ['no network', () => ({ network: '' }), /network\.json|is not there/],
    ['a network.json that is not there', () => ({ network: path('nowhere.json') }), /nowhere\.json is not there/],
    ['an address without it', () => ({ network: home.address }), /has no \/network\.json; ask the operator/],
    ['a network.json of no JSON', () => ({ network: given('n', '{"icHost":') }), /n is no JSON \(/],
    ['a network.json of null', () => ({ network: given('n', 'null') }), /lacks, or has wrong: icHost/],
    ['a root.json that is none', () => ({ root: given('r', '{"signed": {}}') }), /r is no TUF root to trust/],
    ['a root.json that is a folder', () => ({ root: home.folder }), /is a folder/],
    ['a root that is another one', () => ({ 'root-sha256': '0'.repeat(64) }), /do not trust it/],
  ])('refuses %s in one sentence, and leaves no half a file', async (_, values, message) => {
    await expect(make(values())).rejects.toThrow(message);
    expect(existsSync(join(folder, 'root.json'))).toBe(false);
  });

  it('refuses a page for people in place of network.json', async () => {
    home.repository.instead.set('*', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' });
    await expect(make({ network: home.address })).rejects.toThrow(/answered with an HTML page/);
  });

  it('refuses a network.json that differs from the one that is there', async () => {
    await make();
    const other = given('other.json', JSON.stringify({ ...network, icHost: 'https://evil.example' }));
    await expect(make({ network: other })).rejects.toThrow(/says otherwise than .*other\.json; remove it/);
    expect(JSON.parse(readFileSync(join(folder, 'network.json'), 'utf8'))).toEqual(network);
  });
});

describe('network.json', () => {
  it.each<[string, object, RegExp]>([
    ['no root key', { rootKey: undefined }, /wrong: rootKey \(266 hex digits\)/],
    ['a root key of other digits', { rootKey: 'zz' }, /rootKey/],
    ['no canisters', { canisters: undefined }, /canisters\.governance \(a canister id\), .*canisters\.ledger/],
    ['a canister id that is none', { canisters: { ...network.canisters, fleet: 'x' } }, /wrong: canisters\.fleet/],
    ['an address that is none', { icHost: 'ftp://x' }, /icHost/],
  ])('with %s is refused by naming it', (_, change, message) => {
    expect(() => networkIn(Buffer.from(JSON.stringify({ ...network, ...change })), 'network.json')).toThrow(message);
  });
});

describe('a command line', () => {
  it.each<[string, string[], RegExp]>([
    [
      'an option that is none',
      ['run', '--foldr', 'x'],
      /^run has no option --foldr; did you mean --folder\? livepod-pod run --help/,
    ],
    ['an option without its value', ['run', '--folder'], /--folder.* argument missing; livepod-pod run --help/],
    ['a word that belongs nowhere', ['run', 'x'], /^x stands there without an option/],
    ['a command that is none', ['start'], /no command start; it has init, doctor, run, status\.$/],
    ['a switch with a value', ['doctor', '--json=1'], /--json.*; livepod-pod doctor --help/],
  ])('with %s ends in one sentence', (_, argv, message) => {
    expect(() => asked(argv)).toThrow(message);
  });

  it('without a command runs a pod, with the options that it always had', () => {
    const { command, values } = asked(['--network', 'n', '--poll', '1', '--speed', '12', '--name', 'pod-1']);
    expect({ command, values }).toMatchObject({
      command: 'run',
      values: { network: 'n', poll: '1', speed: '12', name: 'pod-1', channel: 'stable', port: '0' },
    });
  });

  it.each(['init', 'doctor', 'run', 'status'])('%s --help shows an example', (command) => {
    expect(asked([command, '--help']).help).toMatch(new RegExp(`Example:\\n  livepod-pod ${command} --`));
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no recordings', { recordings: '' }, /--recordings is missing/],
    ['--poll 0', { poll: '0' }, /--poll must be at least 0\.1, not 0/],
    ['--poll of no number', { poll: 'often' }, /--poll must be a number, not "often"/],
    ['--speed 0', { speed: '0' }, /--speed must be at least/],
    ['--port -1', { port: '-1' }, /--port must be at least 0/],
    ['--port 70000', { port: '70000' }, /--port must be at most 65535/],
    ['--port 1.5', { port: '1.5' }, /whole number/],
    ['a mirror that is no address', { mirror: 'mirror.example' }, /--mirror must be an address/],
    ['a folder that is not there', { folder: '/nowhere/pod' }, /livepod-pod init --folder \/nowhere\/pod makes it/],
  ])('of run with %s ends in one sentence', async (_, change, message) => {
    await make();
    const values = { folder, recordings: home.recordings, person: 'p1', ...change };
    expect(() => settingsOf(values)).toThrow(message);
  });

  it.each(['garbage', '{"seed": 5}', '{"seed": "ab"}', '[]', 'null'])(
    'of run with the identity %s, too',
    async (seed) => {
      await make();
      writeFileSync(join(folder, 'identity.json'), seed);
      expect(() => settingsOf({ folder, recordings: home.recordings, person: 'p1' })).toThrow(
        /identity\.json is no identity: it has to be \{"seed": "<64 hex digits>"\}/,
      );
    },
  );

  it('polls once in a month when it is told to', async () => {
    await make();
    const { pollSeconds } = settingsOf({ folder, recordings: home.recordings, person: 'p1', poll: '2600000' });
    expect(pollSeconds).toBe(2_600_000);
  });
});

describe('the program', () => {
  const good = checkpointSaying(0);

  it('says it is ready when it is, holds its folder, and ends in order', async () => {
    home.repository.publish(channel(1, good), [good]);
    await make();
    const options = ['--folder', folder, '--recordings', home.recordings, '--person', 'p1', '--mirror', home.address];
    const { child, ended } = livepodPod('run', ...options, '--poll', '1');
    const lines: Record<string, unknown>[] = [];
    createInterface(child.stdout).on('line', (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]));
    await until(() => lines.length > 0);
    expect(lines[0]).toMatchObject({
      ready: false,
      api: expect.stringMatching(/^http:\/\/127/),
      id: expect.any(String),
    });
    const second = await livepodPod('run', ...options).ended;
    expect(second).toMatchObject({
      status: 1,
      err: expect.stringMatching(`in use by the pod with process id ${child.pid}`),
    });
    for (let times = 0; times < 4 && lines.length < 2; times += 1)
      await until(() => lines.length > 1).catch(() => undefined);
    expect(lines[1]).toMatchObject({ ready: true, api: lines[0]!.api });
    const asked = await livepodPod('status', '--folder', folder).ended;
    expect(JSON.parse(asked.out)).toMatchObject({ id: lines[1]!.id, version: 1 });
    expect((await fetch(`${String(lines[1]!.api)}/status`)).status).toBe(401);
    child.kill('SIGTERM');
    expect((await ended).status).toBe(0);
    expect(existsSync(join(folder, 'state', 'lock'))).toBe(false);
    const after = await livepodPod('status', '--folder', folder).ended;
    expect(after).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^No pod runs with the state in .*; start it/),
    });
  }, 120_000);

  it('ends in one sentence, never in a stack, and in JSON where that is asked for', async () => {
    await make();
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as AddressInfo).port);
    const wrong = await livepodPod('run', '--folder', folder, '--recordings', 'x', '--person', 'y', '--port', port)
      .ended;
    expect(wrong).toEqual({
      status: 1,
      out: '',
      err: `Port ${port} is taken by another program; choose another --port, or leave it out.\n`,
    });
    taken.close();
    const json = await livepodPod('run', '--json', '--what').ended;
    expect(json).toMatchObject({ status: 1, err: '' });
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, code: 'invalidArguments', origin: 'person' });
  }, 120_000);

  it('tells at once that a folder or person is wrong, and is not ready', async () => {
    await make();
    mkdirSync(path('empty'));
    const { child, ended } = livepodPod('run', '--folder', folder, '--recordings', path('empty'), '--person', 'p1');
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    expect(JSON.parse(line)).toMatchObject({ ready: false, trouble: { code: 'noRecordings', origin: 'person' } });
    child.kill('SIGTERM');
    expect((await ended).status).toBe(0);
  }, 120_000);

  it('doctor says what is wrong, and what to do about each', async () => {
    await make();
    rmSync(join(folder, 'root.json'));
    const { status, out } = await livepodPod(
      'doctor',
      '--json',
      '--folder',
      folder,
      '--recordings',
      home.recordings,
      '--person',
      'p9',
    ).ended;
    const { ok, checks } = JSON.parse(out) as {
      ok: boolean;
      checks: { check: string; ok: boolean; trouble?: object }[];
    };
    expect([status, ok]).toEqual([1, false]);
    const of = (name: string) => checks.find(({ check }) => check === name);
    expect(of('identity')).toMatchObject({ ok: true });
    expect(of('state folder')).toMatchObject({ ok: true });
    expect(of('root.json')).toMatchObject({ ok: false, trouble: { code: 'badFile', remedy: expect.any(String) } });
    expect(of('Internet Computer and clock')).toMatchObject({ ok: false, trouble: { code: 'network', origin: 'way' } });
    expect(of('recordings')).toMatchObject({ ok: false, trouble: { code: 'noRecordings' } });
  }, 120_000);
});
