import { accessSync, constants, existsSync, mkdtempSync, rmSync, statSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connectAgent, controlInWords, controlOf, type IcNetwork } from '@livepod/client';
import { innermost, type Channel } from '@livepod/protocol';
import { certifiedTime } from '../certifiedTime.js';
import { OwnClock } from '../clock.js';
import { PodError, codeOf, reasonOf } from '../errors.js';
import { hear } from '../following/hear.js';
import { namesIn, recordsOf } from '../runtime/records.js';
import { holderOf } from '../state/lock.js';
import { troubleOf, type Trouble } from '../trouble.js';
import { trustedManifest } from '../updates/checkpoint.js';
import { Trust } from '../updates/trust.js';
import type { Asked } from './commands.js';
import { identityFile, networkFile, rootFile } from './files.js';
import { fetcherOf, needed } from './options.js';

/** Room for two checkpoints and their chunks, bytes. */
const ROOM = 64 * 1024 * 1024;

interface Check {
  check: string;
  ok: boolean;
  /** what was found */
  found?: string;
  trouble?: Trouble;
}

export interface Found {
  ok: boolean;
  checks: Check[];
}

/** Checks everything that a pod needs, and changes nothing. What depends on something that is wrong is not asked. */
export async function doctor(values: Asked['values']): Promise<Found> {
  const checks: Check[] = [];
  async function check<T>(name: string, work: () => Promise<[T, string]> | [T, string]): Promise<T | undefined> {
    try {
      const [value, found] = await work();
      checks.push({ check: name, ok: true, found });
      return value;
    } catch (error) {
      checks.push({ check: name, ok: false, trouble: troubleOf(error) });
      return undefined;
    }
  }

  await check('identity', () => keyOf(needed(values, 'identity')));
  await check('state folder', () => stateOf(needed(values, 'state')));
  const network = await check('network.json', () => {
    const read = networkFile(needed(values, 'network'));
    return [read, read.icHost];
  });
  const root = await check('root.json', () => {
    const bytes = rootFile(needed(values, 'root'));
    return [bytes, 'signed by enough of its keys'];
  });
  if (network) await check('Internet Computer and clock', () => clockOf(network));
  if (network)
    await check('who controls the canisters', async () => {
      const control = await controlOf(await connectAgent(network), network);
      return [control, controlInWords(control)];
    });
  const heard = network && root ? await check('channel', () => channelOf(values, network, root)) : undefined;
  await check('recordings', () => motionOf(needed(values, 'recordings'), needed(values, 'person'), heard?.contract));
  if (values['port'] !== undefined && values['port'] !== '0') await check('port', () => portOf(Number(values['port'])));
  return { ok: checks.every(({ ok }) => ok), checks };
}

/** A line each; what is wrong is followed by what to do. */
export function foundInWords({ ok, checks }: Found): string {
  const lines = checks.flatMap(({ check, ok: fine, found, trouble }) =>
    fine ? [`ok     ${check}: ${found}`] : [`WRONG  ${check}: ${trouble?.message}`, `       ${trouble?.remedy}`],
  );
  return `${lines.join('\n')}\n\n${ok ? 'A pod can run like this.' : 'A pod would not run well like this.'}\n`;
}

function keyOf(path: string): [string, string] {
  const id = identityFile(path).getPrincipal().toText();
  if ((statSync(path).mode & 0o077) !== 0)
    throw new PodError(
      'badFile',
      { path },
      `${path} may be read by others than its owner; close it: chmod 600 ${path}.`,
    );
  return [id, `this pod is ${id}`];
}

function stateOf(folder: string): [string, string] {
  const there = existing(folder);
  accessSync(there, constants.R_OK | constants.W_OK);
  const pid = existsSync(folder) ? holderOf(folder) : undefined;
  const { bavail, bsize } = statfsSync(there);
  const room = bavail * bsize;
  if (room < ROOM)
    throw Object.assign(new Error(`${megabytes(room)} are free at ${there}, ${megabytes(ROOM)} are wanted`), {
      code: 'ENOSPC',
    });
  return [folder, `${megabytes(room)} free${pid === undefined ? '' : `; in use by the pod with process id ${pid}`}`];
}

/** The folder, or the one that it would be made in. */
const existing = (folder: string): string => (existsSync(folder) ? folder : existing(dirname(folder)));

const megabytes = (bytes: number): string => `${Math.floor(bytes / (1024 * 1024))} MiB`;

async function clockOf(network: IcNetwork): Promise<[true, string]> {
  const time = await (
    await certifiedTime(network)
  )().catch((cause: unknown) => {
    throw new PodError(
      'network',
      { icHost: network.icHost },
      `${network.icHost} gives no certified time (${reasonOf(innermost(cause))}): it is away, or not this network.`,
      { cause },
    );
  });
  await new OwnClock(
    () => new Date(),
    async () => time,
  ).check();
  return [true, `answers under its root key; this clock is right`];
}

interface Heard {
  contract?: Parameters<typeof recordsOf>[2];
}

async function channelOf(values: Asked['values'], network: IcNetwork, root: Buffer): Promise<[Heard, string]> {
  const name = values['channel'] ?? 'stable';
  const folder = mkdtempSync(join(tmpdir(), 'livepod-pod-doctor-'));
  try {
    const trust = new Trust(folder, fetcherOf(values['mirror'], network), root);
    const channel: Channel | undefined = await hear(trust, name, 0);
    if (!channel?.stable) return [{}, `${name} is signed, and has no checkpoint yet; a pod waits for the first`];
    const { manifest } = await trustedManifest(trust, channel.stable.checkpoint);
    return [{ contract: manifest }, `${name} is signed, and names version ${channel.stable.version}`];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function motionOf(directory: string, person: string, contract: Heard['contract']): Promise<[true, string]> {
  if (!contract) return [true, `${namesIn(directory, person).length} files of ${person}`];
  const { reading, trouble } = await recordsOf(directory, person, contract);
  if (trouble) throw new PodError('badFile', { person }, trouble.message);
  const { recordings, windows, judged } = reading;
  return [true, `${recordings} recordings of ${person}, ${windows} windows, ${judged} of them with what is true`];
}

function portOf(port: number): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) =>
      reject(new PodError('portTaken', { port }, `Port ${port} is taken (${codeOf(cause)}); choose another --port.`)),
    );
    server.listen(port, '127.0.0.1', () => server.close(() => resolve([port, `${port} is free`])));
  });
}
