import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Ed25519KeyIdentity } from '@dfinity/identity';
import type { IcNetwork } from '@livepod/client';
import { readVoucher } from '@livepod/protocol';
import { PodError, reasonOf } from '../errors.js';
import { Fetcher } from '../updates/fetcher.js';
import type { Asked } from './commands.js';
import { identityFile, networkFile, rootFile } from './files.js';
import { placesIn } from './init.js';

type Values = Asked['values'];
type Needed = 'network' | 'identity' | 'root' | 'state' | 'recordings' | 'person';

/** Windows a second in real time: 100 samples, half overlapping, at about 104 Hz. */
const REAL_TIME = 2;

/** What a pod is run with, read and checked. */
export interface Settings {
  network: IcNetwork;
  identity: Ed25519KeyIdentity;
  shippedRoot: Buffer;
  state: string;
  channel: string;
  fetcher: Fetcher;
  motion: { recordings: string; person: string; windowsPerSecond: number };
  port: number;
  pollSeconds: number;
}

/** @throws PodError `invalidArguments` · `badFile` */
export function settingsOf(values: Values): Settings {
  const paths = Object.fromEntries(
    (['network', 'identity', 'root', 'state', 'recordings', 'person'] as const).map((name) => [
      name,
      needed(values, name),
    ]),
  ) as Record<Needed, string>;
  const port = number(values, 'port', 0, 65_535);
  if (!Number.isInteger(port)) throw invalid('port', '--port must be a whole number.');
  const speed = number(values, 'speed', 0.001, 1_000_000);
  const pollSeconds = number(values, 'poll', 0.1, Number.MAX_SAFE_INTEGER);
  const network = networkFile(paths.network);
  return {
    network,
    identity: identityFile(paths.identity),
    shippedRoot: rootFile(paths.root),
    state: paths.state,
    channel: values['channel'] ?? 'stable',
    fetcher: fetcherOf(values['mirror'], network),
    motion: { recordings: paths.recordings, person: paths.person, windowsPerSecond: REAL_TIME * speed },
    port,
    pollSeconds,
  };
}

/** An option's value, or the file that `init` made in its place. @throws PodError `invalidArguments` */
export function needed(values: Values, option: Needed): string {
  const folder = values['folder'];
  const inFolder = folder === undefined ? {} : (placesIn(folder) as Partial<Record<Needed, string>>);
  const value = values[option] ?? inFolder[option];
  if (value) {
    if (folder !== undefined && values[option] === undefined && option === 'identity' && !existsSync(folder))
      throw invalid('folder', `There is no folder ${folder}; livepod-pod init --folder ${folder} makes it.`);
    return value;
  }
  throw invalid(option, `--${option} is missing; livepod-pod run --help lists what is needed.`);
}

/**
 * What lets the pod enrol: the file that is named, else `voucher.txt` in its folder or beside the network file, if one
 * is there. A pod that is enrolled needs none.
 *
 * @throws PodError `badFile`
 */
export function voucherOf(values: Values): string | undefined {
  const { folder, network, voucher } = values;
  const beside = network === undefined ? [] : [join(dirname(network), VOUCHER)];
  const usual = [...(folder === undefined ? [] : [join(folder, VOUCHER)]), ...beside];
  const file = voucher ?? usual.find((path) => existsSync(path));
  if (file === undefined) return undefined;
  try {
    const text = readFileSync(file, 'utf8').trim();
    readVoucher(text);
    return text;
  } catch (error) {
    throw new PodError('badFile', { file }, `${file} holds no voucher: ${reasonOf(error)}`);
  }
}

const VOUCHER = 'voucher.txt';

export function fetcherOf(mirror: string | undefined, network: IcNetwork): Fetcher {
  if (mirror === undefined) return new Fetcher(network.icHost, `canisterId=${network.canisters.models}.raw`);
  try {
    if (/^https?:$/.test(new URL(mirror).protocol)) return new Fetcher(mirror, '');
  } catch {
    // told below
  }
  throw invalid('mirror', `--mirror must be an address, such as https://mirror.example, not "${mirror}".`);
}

function number(values: Values, option: 'speed' | 'poll' | 'port', least: number, most: number): number {
  const text = values[option] ?? (option === 'port' ? '0' : option === 'speed' ? '1' : '60');
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(value)) throw invalid(option, `--${option} must be a number, not "${text}".`);
  if (value < least || value > most)
    throw invalid(
      option,
      `--${option} must be ${value < least ? `at least ${least}` : `at most ${most}`}, not ${text}.`,
    );
  return value;
}

const invalid = (option: string, message: string): PodError => new PodError('invalidArguments', { option }, message);
