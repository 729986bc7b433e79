import { EvidenceError, refuse } from './errors.js';
import { LOGS, type Basis, type CanisterEvidence } from './format.js';
import { readVerified, type Verification, type VerifyOptions } from './verify.js';

/**
 * Verifies several files of one installation, in the order of time, and that they join: what lies before the start of
 * one is what the one before it ends with. Only so nothing is left out between them.
 *
 * @throws EvidenceError whose path begins with the number of the file, as `[1].canisters.access.start`
 */
export async function verifySegments(files: Uint8Array[], options: VerifyOptions = {}): Promise<Verification[]> {
  const verified: Verification[] = [];
  let before: Basis | undefined;
  for (const [number, file] of files.entries()) {
    try {
      const { basis, verification } = await readVerified(file, options);
      if (before) join(before, basis);
      before = basis;
      verified.push(verification);
    } catch (error) {
      if (!(error instanceof EvidenceError) || files.length === 1) throw error;
      const what = error.message.slice(error.path.length + 2);
      throw new EvidenceError(error.code, `[${number}].${error.path}`, what, { cause: error });
    }
  }
  return verified;
}

/**
 * Whether a later file goes on where an earlier one ends, in every log.
 *
 * @throws EvidenceError `missing` · `brokenChain` · `contradiction`
 */
export function join(earlier: Basis, later: Basis): void {
  for (const name of LOGS) {
    const path = `canisters.${name}`;
    const { id, start, log } = later.canisters[name];
    if (earlier.canisters[name].id !== id)
      refuse('contradiction', `${path}.id`, `the file before it is of ${name} canister ${earlier.canisters[name].id}`);
    const end = endOf(earlier.canisters[name]);
    const first = start?.length ?? 0;
    if (first > end.length)
      refuse(
        'missing',
        `${path}.start`,
        `entries ${end.length} to ${first - 1} of the ${name} log are in neither file: this one starts later ` +
          'than the one before it ends',
      );
    if (end.length === 0) continue;
    const hash = first === end.length ? start!.hash : log[end.length - 1 - first]?.hash;
    if (hash !== end.hash)
      refuse('brokenChain', path, `it does not go on from entry ${end.length - 1}, with which the file before it ends`);
  }
}

function endOf({ start, log }: CanisterEvidence): { length: number; hash: string } {
  const last = log.at(-1);
  return last ? { length: last.index + 1, hash: last.hash } : { length: start?.length ?? 0, hash: start?.hash ?? '' };
}
