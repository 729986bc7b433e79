import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CANISTERS } from '@livepod/client';
import { initArgument, type AllIds, type InstallParameters } from '@livepod/client/install';

const ALL = [...CANISTERS, 'root'] as const;

/** What a person writes: JSON, amounts and cycles as text. */
type Written = Record<string, unknown>;

const BIG = [
  'minContributorBond',
  'minProviderBond',
  'bucketCapacityBytes',
  'bucketCycles',
  'minimumStake',
  'transferFee',
  'amount',
];

/** The parameters of an installation from a JSON file; amounts in it are text. */
export function parametersOf(text: string): InstallParameters {
  return JSON.parse(text, (key, value: unknown) => {
    if (!BIG.includes(key)) return value;
    if (typeof value !== 'string' || !/^\d+$/.test(value))
      throw new Error(`"${key}" is ${JSON.stringify(value)}; give the amount as text, such as "500000000".`);
    return BigInt(value);
  }) as Written as unknown as InstallParameters;
}

/** Writes the init argument of each canister, Candid in binary, where icp.yaml looks for it. @returns the files */
export function writeArguments(ids: AllIds, parameters: InstallParameters, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return ALL.map((name) => {
    const file = join(folder, `${name}.bin`);
    writeFileSync(file, initArgument(name, ids, parameters));
    return file;
  });
}

/** The ids that icp keeps of an environment; @throws Error naming those that are missing */
export function idsOf(file: string): AllIds {
  const ids = JSON.parse(readFileSync(file, 'utf8')) as Partial<AllIds>;
  const missing = ALL.filter((name) => !ids[name]);
  if (missing.length > 0)
    throw new Error(`${file} names no ${missing.join(', ')}; run "icp canister create -e production" first.`);
  return ids as AllIds;
}
