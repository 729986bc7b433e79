import { handOver, installAll, type InstallParameters } from '@livepod/client/install';
import { readNetwork } from '@livepod/client/node';
import type { Cast, People } from './cast.js';
import { TOKEN } from './cast.js';
import { firstBalances } from './chapters/dao.js';
import { insist } from './patience.js';
import { upgradeByVote } from './upgrades.js';

const ROOT_KEYS = ['root-key-1', 'root-key-2', 'root-key-3'];

/**
 * Brings the canisters up, with the story's people as holders of tokens, and hands them over: from then on votes alone
 * change them. Votes take as long as is asked for at most,
 * and less when the majority is clear.
 */
export async function install(request: {
  icHost: string;
  rootKey: string;
  networkFile: string;
  wasmDir: string;
  cast: Cast;
  people: People;
  votingSeconds: number;
  tell: (line: string) => void;
}): Promise<Uint8Array> {
  const { cast, people, votingSeconds, ...where } = request;
  const parameters: InstallParameters = {
    token: { symbol: 'LIVE', name: 'Live Pod', balances: firstBalances({ cast, people }) },
    voting: { periodSeconds: votingSeconds },
    vetkdKeyName: 'test_key_1',
    schnorrKeyName: 'test_key_1',
    minProviderBond: 100n * TOKEN,
    minContributorBond: 10n * TOKEN,
    bondNoticeSeconds: 20,
    bucketCapacityBytes: 16n * 1024n * 1024n,
    bucketCycles: 10_000_000_000_000n,
    operators: [cast.principal('operator')],
    drivers: [cast.principal('orchestrator')],
    rootSeeds: ROOT_KEYS.map((name) => cast.seed(name)),
  };
  const identity = cast.identity('installer');
  const { root, done } = await insist('the installation', () => installAll({ ...where, identity, parameters }));
  const network = readNetwork(where.networkFile);
  const { networkFile, tell } = where;
  await insist('the handover', () => handOver({ network, identity, networkFile, tell }));
  const named = Object.keys(done) as (keyof typeof done)[];
  const awaiting = named.filter((name) => done[name] === 'awaitsVote');
  await upgradeByVote({ network, wasmDir: where.wasmDir, cast, parameters, awaiting, tell });
  return root!;
}
