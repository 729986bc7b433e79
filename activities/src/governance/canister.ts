import { Principal } from '@dfinity/principal';
import {
  candidPlan,
  decision,
  listProposals,
  pageOf,
  propose,
  withdraw,
  type Clients,
  type Decision as Standing,
  type GovernedMethod,
  type GovernedPayloads,
} from '@livepod/client';
import { PAGE_LIMIT } from '@livepod/protocol';
import { inFlight } from '@livepod/transfer';
import { later } from '../registration.js';
import type { Decision, GovernancePort, GovernedCall, ProposalReceipt, ProposalRequest } from './port.js';

/**
 * Proposes with the caller's own neuron. A neuron takes one command at a time, so this process sends them one after
 * another.
 */
export function canisterGovernance(clients: Clients): GovernancePort {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(command: () => Promise<T>): Promise<T> => {
    const mine = last.then(command, command);
    last = mine.catch(() => {});
    return mine;
  };
  const submit = async ({ action, clientRef, title, summary }: ProposalRequest): Promise<ProposalReceipt> => {
    const [method, payload] = governed(action);
    const receipt = await inTurn(() => propose(clients, { method, payload, clientRef, title, summary }));
    return {
      id: receipt.proposal,
      deadline: iso(receipt.deadlineSeconds),
      link: pageOf(clients.network, 'proposals', receipt.proposal),
    };
  };

  const decisions = async (proposals: number[]): Promise<Decision[]> => {
    // While one is open the others need no answer; the newest is open the longest.
    for (const proposal of [...proposals].reverse()) refuseOpen(await decision(clients, proposal));
    // One node has said so until here; what follows from an outcome cannot be taken back.
    return inFlight(proposals, 8, async (proposal) => decided(await decision(clients.certified, proposal)));
  };

  return {
    propose: submit,
    proposeAll: ({ proposals }) => inFlight(proposals, 1, submit),
    decision: async ({ proposal }) => (await decisions([proposal]))[0]!,
    decisions: ({ proposals }) => decisions(proposals),
    async withdraw({ clientRefs }) {
      const wanted = new Set(clientRefs);
      const withdrawn: number[] = [];
      for (
        let page = await listProposals(clients, { open: true });
        page.length > 0;
        page = await listProposals(clients, { open: true, before: page.at(-1)!.proposal })
      ) {
        for (const open of page.filter((proposal) => wanted.has(proposal.clientRef))) {
          if ((await decision(clients.certified, open.proposal)).clientRef !== open.clientRef) continue;
          await withdraw(clients, open.proposal);
          withdrawn.push(open.proposal);
        }
        if (page.length < PAGE_LIMIT) break;
      }
      return { withdrawn };
    },
  };
}

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

/** Looks more often the nearer the deadline is: every sixtieth of what is left, between one second and one minute. */
function refuseOpen({ proposal, outcome, deadlineSeconds }: Standing): void {
  if (outcome !== 'open' && outcome !== 'adopted') return;
  const left = deadlineSeconds * 1000 - Date.now();
  const delay = outcome === 'adopted' ? 1_000 : Math.min(Math.max(left / 60, 1_000), 60_000);
  throw later(
    'notDecided',
    { proposal },
    outcome === 'adopted'
      ? `Proposal ${proposal} passed and is being carried out.`
      : `Proposal ${proposal} is open until ${iso(deadlineSeconds)}.`,
    delay,
  );
}

function decided(standing: Standing): Decision {
  refuseOpen(standing);
  const { proposal, outcome, failure, yes, no, total } = standing;
  const permille = (power: bigint): number => (total === 0n ? 0 : Number((power * 1000n) / total));
  const shares = { yesPermille: permille(yes), noPermille: permille(no) };
  const counted = `${shares.yesPermille / 10} % of the voting power for it, ${shares.noPermille / 10} % against`;
  if (outcome === 'failed')
    return { proposal, outcome, why: (failure ?? 'the canister gave no reason').slice(0, 400), ...shares };
  return {
    proposal,
    outcome: outcome === 'executed' ? 'adopted' : outcome === 'withdrawn' ? 'withdrawn' : 'rejected',
    why: outcome === 'withdrawn' ? 'its proposer took it back' : counted,
    ...shares,
  };
}

type Governed = { [M in GovernedMethod]: [M, GovernedPayloads[M]] }[GovernedMethod];

function governed(action: GovernedCall): Governed {
  switch (action.call) {
    case 'acceptDataset':
      return ['accept_dataset', { dataset: action.dataset }];
    case 'grantAccess':
      return ['grant_access', { job: BigInt(action.job) }];
    case 'adoptCheckpoint': {
      const { checkpoint, channel, plan } = action;
      return ['adopt_checkpoint', { checkpoint, channel, plan: candidPlan(plan) }];
    }
    case 'rollbackChannel':
      return ['rollback_channel', { channel: action.channel, version: action.version, reason: action.reason }];
    case 'slashBond': {
      const { amount, reason, evidence, purpose } = action;
      const holder = Principal.fromText(action.holder);
      return [
        'slash_bond',
        {
          holder,
          purpose: purpose === 'provider' ? { provider: null } : { contributor: null },
          amount: BigInt(amount),
          reason,
          evidence,
          compensate: [],
        },
      ];
    }
    case 'stopRelease':
      return ['stop_release', { release: BigInt(action.release), reason: action.reason }];
  }
}
