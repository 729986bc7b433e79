import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CanisterError } from './errors.js';
import { CANISTERS, type CanisterIds, type Network } from './network.js';

/** @throws CanisterError `invalid`: there is no such file, or it does not name all of an Internet Computer */
export function readNetwork(path: string): Network {
  const invalid = (what: string, cause?: unknown): CanisterError =>
    new CanisterError('invalid', { path }, `${path} ${what}`, { cause });
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw invalid('is not there; start the stack first (npm start writes it), or name another file.', error);
    throw invalid(`cannot be read (${(error as Error).message}); see whose file it is.`, error);
  }
  let network: Partial<Network> | null;
  try {
    network = JSON.parse(text) as Partial<Network> | null;
  } catch (error) {
    throw invalid(
      `is no JSON (${(error as Error).message}); it is the file that npm start or an operator gave.`,
      error,
    );
  }
  const missing = CANISTERS.filter((name) => !network?.canisters?.[name]);
  if (!network?.icHost || !network.rootKey || missing.length > 0) {
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
