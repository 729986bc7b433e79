import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CanisterError,
  connect,
  controlOf,
  decision,
  vote,
  type CanisterName,
  type Clients,
  type Network,
} from '@livepod/client';
import { initArgument, proposeUpgrade, type InstallParameters } from '@livepod/client/install';
import { VOTERS, type Cast } from './cast.js';
import { StoryError } from './errors.js';
import { until } from './patience.js';

/**
 * Brings canisters that were handed over to the Wasm of now: nobody's key does it any more, so that the voters propose
 * it and vote, each by the hash that the build printed.
 *
 * @param awaiting  those with another module than was built
 */
export async function upgradeByVote(request: {
  network: Network;
  wasmDir: string;
  cast: Cast;
  parameters: InstallParameters;
  awaiting: (CanisterName | 'root')[];
  tell: (line: string) => void;
}): Promise<void> {
  const { network, wasmDir, cast, parameters, awaiting, tell } = request;
  if (awaiting.length === 0) return;
  const voters = await Promise.all(VOTERS.map(({ name }) => connect(network, cast.identity(name))));
  const [proposer] = voters as [Clients];
  const proposed: { canister: string; proposal: number; hash: string }[] = [];
  for (const canister of awaiting) {
    const wasm = new Uint8Array(readFileSync(join(wasmDir, `${canister}.wasm`)));
    const argument = initArgument(canister, { ...network.canisters, root: network.root! }, parameters);
    const words = { title: `Upgrade ${canister}`, summary: 'The module of this build: npm run wasm -- --hash' };
    const clientRef = `upgrade/${canister}/${Date.now()}`;
    const { proposal, hash } = await proposeUpgrade(proposer, { ...words, clientRef, canister, wasm, argument });
    tell(`the voters vote on ${canister}, module ${hash.slice(0, 16)}…`);
    for (const voter of voters.slice(1)) await vote(voter, { proposal, vote: 'yes' }).catch(unlessDecided);
    proposed.push({ canister, proposal, hash });
  }
  for (const { canister, proposal, hash } of proposed) {
    await until(
      `the upgrade of ${canister}`,
      async () => {
        const { outcome, failure } = await decision(proposer, proposal);
        if (outcome === 'failed' || outcome === 'rejected')
          throw new StoryError(
            'wentWrong',
            { proposal },
            `The upgrade of ${canister} was ${outcome}: ${failure ?? ''}`,
          );
        const { canisters } = await controlOf(proposer.agent, network);
        return canisters.some(({ name, module }) => name === canister && module === hash) || undefined;
      },
      4 * (parameters.voting?.periodSeconds ?? 345_600), // a longer vote takes twice as long, and a late turn more
    );
  }
}

/** Where a majority decides at once, who comes after it finds the vote over. */
function unlessDecided(error: unknown): void {
  if (!(error instanceof CanisterError && error.code === 'voteClosed')) throw error;
}
