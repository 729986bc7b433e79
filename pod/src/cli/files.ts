import { readFileSync } from 'node:fs';
import { Principal } from '@dfinity/principal';
import type { Ed25519KeyIdentity } from '@dfinity/identity';
import { CANISTERS, type IcNetwork } from '@livepod/client';
import { loadIdentity } from '@livepod/client/node';
import { PodError, codeOf, reasonOf } from '../errors.js';
import { Fetcher } from '../updates/fetcher.js';
import { rootIn } from '../updates/roots.js';

/** An IC root key in DER has 133 bytes. */
const ROOT_KEY = /^[0-9a-f]{266}$/i;
const LARGEST = { network: 65_536, root: 512_000 };

/** @throws PodError `badFile`: it is not there, or lacks what the message names */
export function networkFile(path: string): IcNetwork {
  return networkIn(read(path, "the operator's network.json; livepod-pod init fetches it"), path);
}

/** An Internet Computer and its canisters, as an operator hands them out. @throws PodError `badFile` */
export function networkIn(bytes: Buffer, name: string): IcNetwork {
  let network: Partial<IcNetwork> | null;
  try {
    network = JSON.parse(bytes.toString('utf8')) as Partial<IcNetwork> | null;
  } catch (cause) {
    throw badFile(name, `is no JSON (${reasonOf(cause)}); ask the operator for network.json again`, cause);
  }
  const { icHost, rootKey, canisters } = network ?? {};
  const wrong = [
    typeof icHost === 'string' && /^https?:$/.test(protocolOf(icHost)) ? '' : 'icHost (an address, http or https)',
    typeof rootKey === 'string' && ROOT_KEY.test(rootKey) ? '' : 'rootKey (266 hex digits)',
    ...CANISTERS.map((one) => (isPrincipal(canisters?.[one]) ? '' : `canisters.${one} (a canister id)`)),
  ].filter((field) => field !== '');
  if (wrong.length > 0)
    throw badFile(name, `lacks, or has wrong: ${wrong.join(', ')}; ask the operator for network.json again`);
  return network as IcNetwork;
}

/** This pod's key. @throws PodError `badFile` */
export function identityFile(path: string): Ed25519KeyIdentity {
  read(path, "this pod's key; livepod-pod init makes it");
  try {
    return loadIdentity(path);
  } catch (cause) {
    throw badFile(path, 'is no identity: it has to be {"seed": "<64 hex digits>"}; livepod-pod init makes one', cause);
  }
}

/** The root that is trusted at first. @throws PodError `badFile` */
export function rootFile(path: string): Buffer {
  const bytes = read(path, 'the TUF root.json that it trusts at first; livepod-pod init fetches it');
  checkedRoot(bytes, path);
  return bytes;
}

/** @throws PodError `badFile` when the bytes are no root that is signed by enough of its own keys */
export function checkedRoot(bytes: Buffer, name: string): ReturnType<typeof rootIn>['signed'] {
  try {
    return rootIn(bytes).signed;
  } catch (cause) {
    const why = reasonOf(cause).replace(/\.$/, '');
    throw badFile(name, `is no TUF root to trust (${why}); ask whoever gave you the pod for root.json`, cause);
  }
}

/** What a person named: a file, or an address; one that is only a host's is asked for `file`. */
export async function given(source: string, file: 'network.json' | 'root.json'): Promise<Buffer> {
  const protocol = protocolOf(source);
  if (protocol !== 'http:' && protocol !== 'https:') return read(source, file);
  const { origin, pathname, search } = new URL(source);
  const path = pathname === '/' ? `/${file}` : pathname;
  const limit = file === 'network.json' ? LARGEST.network : LARGEST.root;
  const bytes = await new Fetcher(origin, search.slice(1)).get(path, limit);
  if (!bytes) throw badFile(source, `has no ${path}; ask the operator where ${file} is`);
  return bytes;
}

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') throw badFile(path, `is not there: it should be ${what}`, cause);
    if (codeOf(cause) === 'EISDIR') throw badFile(path, `is a folder: it should be ${what}`, cause);
    throw badFile(path, `cannot be read (${codeOf(cause)}): it should be ${what}`, cause);
  }
}

function protocolOf(address: string): string {
  try {
    return new URL(address).protocol;
  } catch {
    return '';
  }
}

function isPrincipal(text: unknown): boolean {
  try {
    return typeof text === 'string' && Principal.fromText(text).toText() === text;
  } catch {
    return false;
  }
}

const badFile = (path: string, what: string, cause?: unknown): PodError =>
  new PodError('badFile', { path }, `${path} ${what}.`, { cause });
