import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodedError } from '@livepod/protocol';
import { runRecipeProcess, type Epoch } from '../../src/training/recipeProcess.js';
import { forbiddenCalls } from '../../src/training/sandbox/calls.js';
import { Dice, TRICKS } from './tricks.js';

export interface HostileRecipe {
  number: number;
  trick: string;
  code: string;
}

/** How a recipe came off: what left the sandbox besides what is declared, and whether the provider noticed its end. */
export interface Played extends Pick<HostileRecipe, 'number' | 'trick'> {
  /** Bytes outside the declared channel, and where they were. */
  escaped: number;
  where: string[];
  /** Nothing went wrong in the provider's own process, and the recipe ended in a result or an error with a code. */
  alive: boolean;
  /** `done`, or the error's code. */
  outcome: string;
}

/** The same recipes for the same seed: every trick in turn, each time with other dice. */
export function hostileRecipes(seed: number, count: number): HostileRecipe[] {
  const dice = new Dice(seed);
  const names = Object.keys(TRICKS);
  return Array.from({ length: count }, (_, number) => {
    const trick = names[number % names.length]!;
    return { number, trick, code: TRICKS[trick]!(dice) };
  });
}

/** Enough to see every limit kept, and little enough to reach it soon. */
const RESOURCES = { memoryMiB: 192, seconds: 3 };
const SHORTEST_TOLD = 6;

/** Runs one in the sandbox, with everything planted that it could want, and looks everywhere for it afterwards. */
export async function playHostileRecipe({ number, trick, code }: HostileRecipe): Promise<Played> {
  const traps = await Traps.set();
  const told: unknown[] = [];
  const crashes: unknown[] = [];
  const crashed = (error: unknown): void => void crashes.push(error);
  process.on('uncaughtException', crashed);
  process.on('unhandledRejection', crashed);
  let outcome = 'done';
  let coded = true;
  try {
    const metrics = await runRecipeProcess(traps.order(code), {
      modules: null,
      onEpoch: (epoch: Epoch) => void told.push(epoch),
      stallMs: trick === 'silent' ? 500 : 10_000,
    });
    told.push(metrics);
  } catch (error) {
    coded = error instanceof CodedError;
    outcome = coded ? (error as CodedError).code : String(error);
    told.push(String((error as Error).message), (error as CodedError).details);
  } finally {
    process.off('uncaughtException', crashed);
    process.off('unhandledRejection', crashed);
  }
  const where = await traps.sprung(JSON.stringify(told));
  await traps.clear();
  const polluted = ({} as Record<string, unknown>)['polluted'] !== undefined;
  return {
    ...{ number, trick, outcome },
    escaped: where.reduce((sum, { bytes }) => sum + bytes, 0),
    where: where.map(({ place }) => place),
    alive: coded && crashes.length === 0 && !polluted,
  };
}

interface Found {
  place: string;
  bytes: number;
}

/** A provider's secrets, its neighbours' ears, and a record; and where any of it would show. */
class Traps {
  private readonly secret = randomBytes(16).toString('hex');
  private readonly record = `RECORD-${randomBytes(12).toString('hex')}`;
  private readonly mark = `survivor-${randomBytes(8).toString('hex')}`;
  private readonly heard: Buffer[] = [];
  private readonly closing: (() => void)[] = [];
  private at: Record<string, unknown> = {};

  private constructor(private readonly folder: string) {}

  static async set(): Promise<Traps> {
    const traps = new Traps(await mkdtemp(join(tmpdir(), 'livepod-hostile-')));
    await traps.lay();
    return traps;
  }

  private async lay(): Promise<void> {
    await mkdir(join(this.folder, 'open'), { mode: 0o777 });
    const secret = join(this.folder, 'identity.json');
    await writeFile(secret, `{"seed":"${this.secret}"}`, { mode: 0o644 });
    process.env['LIVEPOD_PLANTED'] = this.secret;
    const abstract = `livepod-${this.mark}`;
    const path = join(this.folder, 'socket');
    const port = await this.listen({ host: '127.0.0.1', port: 0 });
    await this.listen({ path: `\0${abstract}` });
    await this.listen({ path });
    const datagrams = createSocket('udp4').bind(0, '127.0.0.1');
    await once(datagrams, 'listening');
    datagrams.on('message', (message) => this.heard.push(message));
    this.closing.push(() => datagrams.close());
    const udp = datagrams.address().port;
    const { folder, mark } = this;
    this.at = { folder: join(folder, 'open'), secret, parent: process.pid, port, udp, abstract, path, mark };
  }

  private async listen(where: { host: string; port: number } | { path: string }): Promise<number> {
    const server = createServer((socket) => {
      this.heard.push(Buffer.from('connected'));
      socket.on('data', (bytes) => this.heard.push(bytes)).on('error', () => undefined);
    });
    server.listen(where);
    await once(server, 'listening');
    this.closing.push(() => server.close());
    return (server.address() as AddressInfo).port ?? 0;
  }

  order(body: string): Parameters<typeof runRecipeProcess>[0] {
    const bytes = Buffer.from(this.record);
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes;
    };
    return {
      code: moduleOf(body, this.at),
      recordings: [{ name: 'a.csv', person: 'one', bytes: bytes.length, pieces }],
      ...{ schema: {}, hyperparameters: { epochs: 3 }, seed: 1, base: null, resources: RESOURCES },
      files: ['model.bin'],
      outputs: join(this.folder, 'outputs'),
      resume: join(this.folder, 'resume.bin'),
    };
  }

  /** Where something is that must not be there. */
  async sprung(told: string): Promise<Found[]> {
    const found: Found[] = [];
    const note = (place: string, bytes: number): void => void (bytes > 0 && found.push({ place, bytes }));
    note('sockets', Buffer.concat(this.heard).length);
    note('what the provider tells', this.inText(told));
    const outputs = await readdir(join(this.folder, 'outputs')).catch(() => []);
    note('undeclared files', outputs.filter((name) => name !== 'model.bin' && name !== 'result.json').length);
    const result = await readFile(join(this.folder, 'outputs', 'result.json'), 'utf8').catch(() => '');
    note('metrics', this.inText(result));
    const model = await readFile(join(this.folder, 'outputs', 'model.bin'), 'latin1').catch(() => '');
    note('secrets among outputs', model.includes(this.secret) ? this.secret.length : 0);
    note('system calls', (model.match(/SUCCEEDED/g) ?? []).length);
    note('folders outside', (await readdir(join(this.folder, 'open')).catch(() => ['gone'])).length);
    const identity = await readFile(join(this.folder, 'identity.json'), 'utf8').catch(() => '');
    note('the identity file', identity.includes(this.secret) ? 0 : 1);
    note('processes', await this.survivors());
    return found;
  }

  /** The longest part of the record or the secret, in any of the ways a recipe may write it. */
  private inText(text: string): number {
    const words = [this.record, this.secret, this.record.slice(7), Buffer.from(this.record).toString('hex')];
    const has = (word: string): number => {
      for (let length = word.length; length >= SHORTEST_TOLD; length--)
        for (let from = 0; from + length <= word.length; from++)
          if (text.includes(word.slice(from, from + length))) return length;
      return 0;
    };
    return Math.max(...words.map(has));
  }

  private async survivors(): Promise<number> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
    const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
    return lines.filter((line) => line.includes(this.mark)).length;
  }

  async clear(): Promise<void> {
    delete process.env['LIVEPOD_PLANTED'];
    for (const close of this.closing) close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A recipe's module around a trick. */
function moduleOf(body: string, at: Record<string, unknown>): string {
  const calls = Object.fromEntries(
    Object.entries(forbiddenCalls()).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
  );
  return `
import fs from 'node:fs';
import net from 'node:net';
import child from 'node:child_process';
import dgram from 'node:dgram';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const at = ${JSON.stringify(at)};
const job = process.env.LIVEPOD_JOB;
const calls = ${JSON.stringify(calls)};
const quietly = (act, otherwise) => { try { return act(); } catch { return otherwise; } };
const write = (bytes) => {
  for (let n = 0; n < bytes.length; )
    try { n += fs.writeSync(3, bytes, n); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
};
const send = (kind, body) => {
  const head = Buffer.from([kind, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 1);
  write(Buffer.concat([head, body]));
};
const fileHead = (index, bytes) => {
  const body = Buffer.alloc(5);
  body[0] = index;
  body.writeUInt32BE(bytes, 1);
  return body;
};
const epochBytes = (...numbers) => {
  const body = Buffer.alloc(32);
  numbers.forEach((number, index) => body.writeDoubleBE(number, index * 8));
  return body;
};
const epoch = (n) => ({ epoch: n, epochs: 3, loss: 0.5, windowsPerSecond: 1 });
const read = (path) => quietly(() => {
  const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const bytes = Buffer.alloc(65536);
  return bytes.subarray(0, fs.readSync(file, bytes));
}, Buffer.alloc(0));
const list = (path) => quietly(() => fs.readdirSync(path).join(' '), '');
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const forever = () => new Promise(() => setInterval(() => {}, 1e6));
const elf = (number) => {
  const names = Object.keys(calls);
  if (names.length === 0) return '';
  const name = names[number % names.length];
  fs.writeFileSync(job + '/' + name, Buffer.from(calls[name], 'base64'), { mode: 0o700 });
  const { status } = child.spawnSync(job + '/' + name, { stdio: 'ignore' });
  return status === 0 ? 'SUCCEEDED ' + name + ' ' : '';
};
const connects = (where) => (bytes) => new Promise((done) => {
  const socket = quietly(() => net.connect(where, () => socket.end(bytes, done)));
  if (socket) socket.on('error', done);
  else done();
});
const out = {
  tcp: connects({ host: '127.0.0.1', port: at.port }),
  abstract: connects({ path: '\\0' + at.abstract }),
  path: connects({ path: at.path }),
  udp: (bytes) => new Promise((done) => {
    const socket = quietly(() => dgram.createSocket('udp4'));
    if (!socket) return done();
    socket.on('error', done);
    socket.send(bytes, at.udp, '127.0.0.1', done);
  }),
};
export async function runRecipe(request) {
  const record = Buffer.from(request.recordings[0].bytes);
  const leak = (bytes) => {
    for (const way of Object.values(out)) way(bytes);
    quietly(() => console.log(String(bytes)));
  };
  ${body}
}`;
}
