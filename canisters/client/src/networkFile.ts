import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CanisterError } from './errors.js';
import { CANISTERS, type CanisterIds, type Network } from './network.js';

/** @throws CanisterError `invalid`: there is no such file, or it does not name all of an Internet Computer */
export function readNetwork(path: string): Network {
  let network: Partial<Network>;
  try {
    network = JSON.parse(readFileSync(path, 'utf8')) as Partial<Network>;
  } catch (error) {
    throw new CanisterError(
      'invalid',
      { path },
      `${path} cannot be read; start the stack first (npm start writes it).`,
      { cause: error },
    );
  }
  const missing = CANISTERS.filter((name) => !network.canisters?.[name]);
  if (!network.icHost || !network.rootKey || missing.length > 0) {
    throw new CanisterError(
      'invalid',
      { path, missing },
      `${path} names no icHost, rootKey or canister ${missing.join(', ')}; start the stack again.`,
    );
  }
  return network as Network;
}

/** Sets some fields of network.json and keeps the others; atomic, so that a reader never sees half a file. */
export function updateNetwork(
  path: string,
  change: Partial<Omit<Network, 'canisters'>> & { canisters?: Partial<CanisterIds> },
): void {
  let before: Partial<Network> = {};
  try {
    before = JSON.parse(readFileSync(path, 'utf8')) as Partial<Network>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const after = { ...before, ...change, canisters: { ...before.canisters, ...change.canisters } };
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(after, null, 2)}\n`);
  renameSync(fresh, path);
}
