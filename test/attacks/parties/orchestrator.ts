import { Principal } from '@dfinity/principal';
import { randomBytes } from 'node:crypto';
import { balance, decision, propose, type Fleet } from '@livepod/client';
import { operatorTokenOf } from '@livepod/protocol';
import { until } from '@livepod/workers/testing';
import { broken, delay, nothing, refused, type Attack } from '../attack.js';

const FLEET = 'canisters/fleet/src/tests/holds.rs';

export const orchestrator: Attack[] = [
  {
    party: 'orchestrator',
    name: "asks for the key of a provider's grant",
    test: 'canisters/client/test/keyRelease.slow.test.ts',
    async play(ground) {
      const clients = await ground.as('operator');
      return refused(ground, ['wrongPrincipal'], () =>
        clients.access.release_key({ grant: ground.granted.grant.id, transport_public_key: randomBytes(48) }),
      );
    },
  },
  {
    party: 'orchestrator',
    name: 'takes an escrow back while the job may still be done',
    test: 'canisters/treasury/src/money_tests.rs',
    async play(ground) {
      const clients = await ground.as('operator');
      return refused(ground, ['notYet'], () => clients.treasury.refund(ground.granted.job.escrow[0]!));
    },
  },
  {
    party: 'orchestrator',
    name: 'settles an escrow that nothing was delivered for',
    test: 'canisters/treasury/src/money_tests.rs',
    async play(ground) {
      const clients = await ground.as('operator');
      return refused(ground, ['notYet'], () => clients.treasury.settle(ground.granted.job.escrow[0]!));
    },
  },
  {
    party: 'orchestrator',
    name: 'begins the next wave before the soak is over',
    test: FLEET,
    async play(ground) {
      const clients = await ground.as('operator');
      return refused(ground, ['notYet'], () => clients.fleet.advance({ release: ground.rolling.id, wave: 2 }));
    },
  },
  {
    party: 'orchestrator',
    name: 'ends a soak, or resumes, without an operator',
    test: FLEET,
    async play(ground) {
      const clients = await ground.as('operator');
      const { id: release } = ground.rolling;
      for (const trial of [
        () => clients.fleet.skip_soak({ release, wave: 1, authority: [] }),
        () => clients.fleet.resume({ release, authority: [] }),
      ]) {
        const played = await refused(ground, ['notAuthorized'], trial);
        if (played.outcome === 'broken') return played;
      }
      return nothing('two times refused as notAuthorized');
    },
  },
  {
    party: 'orchestrator',
    name: "uses a person's token for another release, state or job",
    test: 'canisters/fleet/src/tests/tokens.rs',
    async play(ground) {
      const clients = await ground.as('operator');
      const { chain } = ground.rig;
      const { id: release } = ground.rolling;
      const { id: job, deadline } = ground.granted.job;
      const skip = async (object: string, state: string) => {
        const authority: [Fleet.Token] = [operatorTokenOf(await chain.token('skipSoak', object, state))];
        return clients.fleet.skip_soak({ release, wave: 1, authority });
      };
      for (const trial of [
        () => skip(`release/${release + 1n}`, 'rolling/1/0'),
        () => skip(`release/${release}`, 'rolling/2/0'),
        () => skip(`job/${release}`, 'rolling/1/0'),
        async () => {
          const authority: [Fleet.Token] = [operatorTokenOf(await chain.token('extendDeadline', `job/${job + 1n}`))];
          return clients.access.extend_deadline({ job, deadline: deadline + 1n, authority });
        },
      ]) {
        const played = await refused(ground, ['notAuthorized'], trial);
        if (played.outcome === 'broken') return played;
      }
      return nothing('four times refused as notAuthorized');
    },
  },
  {
    party: 'orchestrator',
    name: 'gives itself more time for a job',
    test: 'canisters/access/src/extension.rs',
    async play(ground) {
      const clients = await ground.as('operator');
      const { id: job, deadline } = ground.granted.job;
      return refused(ground, ['notAuthorized'], () =>
        clients.access.extend_deadline({ job, deadline: deadline + 3_600_000_000_000n, authority: [] }),
      );
    },
  },
  {
    party: 'orchestrator',
    name: 'sends the money of the treasury to itself',
    test: 'canisters/ledger/rules/src/transactions_tests.rs',
    async play(ground) {
      const clients = await ground.as('operator');
      const treasury = Principal.fromText(ground.rig.chain.network.canisters.treasury);
      return refused(ground, ['insufficientAllowance', 'insufficientFunds'], () =>
        clients.ledger.icrc2_transfer_from({
          from: { owner: treasury, subaccount: [] },
          to: { owner: clients.principal, subaccount: [] },
          amount: 1n,
          fee: [],
          memo: [],
          created_at_time: [],
          spender_subaccount: [],
        }),
      );
    },
  },
  {
    party: 'orchestrator',
    name: 'proposes to make itself an evaluator, and says that it passed',
    test: 'canisters/governance/src/proposals_tests.rs',
    async play(ground) {
      const clients = await ground.as('operator');
      const { rig } = ground;
      const { ballot } = rig;
      rig.ballot = () => 'no';
      const { proposal } = await propose(clients, {
        method: 'appoint_evaluator',
        payload: { evaluator: clients.principal },
        clientRef: 'attack-evaluator',
        title: 'An evaluator',
        summary: 'It is us.',
      });
      await until(async () => (await decision(clients, proposal)).outcome === 'rejected');
      rig.ballot = ballot;
      return refused(ground, ['rejected'], () => clients.models.appoint_evaluator({ evaluator: clients.principal }));
    },
  },
  {
    party: 'orchestrator',
    name: 'gives up a job that runs',
    test: 'canisters/access/src/requests/tests.rs',
    last: true,
    async play(ground) {
      const clients = await ground.as('operator');
      const { granted } = ground;
      const before = await balance(clients);
      await clients.access.fail_job({ job: granted.job.id, reason: 'because' });
      await clients.treasury.refund(granted.job.escrow[0]!);
      const paid = (await balance(clients)) - before;
      const provider = await ground.as('provider');
      const key = await refused(ground, ['grantRevoked'], () =>
        provider.access.release_key({ grant: granted.grant.id, transport_public_key: randomBytes(48) }),
      );
      if (key.outcome === 'broken') return key;
      return paid > 0n ? delay('its payer has the money back; no key is given any more') : broken('the money is gone');
    },
  },
  {
    party: 'orchestrator',
    name: 'takes a release back that rolls out',
    test: FLEET,
    last: true,
    async play(ground) {
      const clients = await ground.as('operator');
      const before = await clients.models.get_channel(ground.rolling.channel);
      const { state } = await clients.fleet.abort({ release: ground.rolling.id, reason: 'because', authority: [] });
      const after = await clients.models.get_channel(ground.rolling.channel);
      const stable = ({ stable: [of] }: NonNullable<typeof before>): string => of?.checkpoint ?? 'none';
      return 'stopped' in state && stable(before!) === stable(after!)
        ? delay('pods go on with what they had; the checkpoint can be adopted again')
        : broken(`the release is ${Object.keys(state)[0]}, the channel's model was changed`);
    },
  },
];
