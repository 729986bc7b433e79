import type { Clients } from '@livepod/client';
import type { Contribution } from '@livepod/transfer';
import { canisterChecks, type GovernancePort, type Providers } from '../src/index.js';
import type { CheckedWorkflow } from '../src/ports.js';
import { motionSchema, type Chain } from './chain.js';

/** What a bond may be slashed over: a signed document that anybody can look up. */
export const EVIDENCE = `document sha256:${'0'.repeat(64)}`;

/** What a round on the real canisters has come to: a checkpoint that is official, a release that was stopped. */
export interface RoundSoFar {
  chain: Chain;
  clients: Clients;
  providers: Providers;
  governance: GovernancePort;
  /** Accepted ones. */
  datasets: string[];
  checkpoint: string;
  released: number;
  contributed(change: Partial<Contribution>): Promise<{ dataset: string }>;
}

/** Inputs of every workflow, compared with the canisters of a round. */
export function comparedInputs(round: () => RoundSoFar): void {
  describe('compares an input with the world, and says everything at once:', () => {
    const checks = async (workflow: CheckedWorkflow, input: object) =>
      canisterChecks(round()).input({ workflow, input: { ...input } });
    const paths = async (workflow: CheckedWorkflow, input: object) =>
      (await checks(workflow, input)).findings.map(({ path, found }) => `${path} ${found}`);
    const unknown = `sha256:${'0'.repeat(64)}`;
    const good = () => ({
      ...{
        round: 'new',
        channel: 'stable',
        provider: 'provider-1',
        recipe: round().chain.recipe,
        arguments: { epochs: 2 },
      },
      ...{ datasets: [], trainOn: round().datasets, base: round().checkpoint, seed: 1, reward: '0' },
    });

    it('nothing of a good one, with datasets by id or by title', async () => {
      expect(await checks('lifecycle', good())).toEqual({ findings: [], ids: {} });
      const titles = ['Watch of contributor-1', 'Watch of contributor-2'];
      expect(await checks('lifecycle', { ...good(), trainOn: titles })).toEqual({
        findings: [],
        ids: Object.fromEntries(titles.map((title, index) => [title, round().datasets[index]])),
      });
    });

    it('names that are nobody’s, with the nearest that are', async () => {
      const wrong = {
        ...{ provider: 'provider-9', recipe: unknown, base: unknown },
        ...{ datasets: ['Watch of contributor'], trainOn: [unknown] },
      };
      const { findings } = await checks('lifecycle', { ...good(), ...wrong });
      expect(findings.map(({ path }) => path)).toEqual(['datasets[0]', 'recipe', 'provider', 'trainOn[0]', 'base']);
      expect(findings[0]!.remedy).toContain('did you mean Watch of contributor-1?');
      expect(findings[2]!.remedy).toContain('did you mean provider-1?');
      expect(await paths('lifecycle', { ...good(), provider: 'provider-2' })).toEqual([
        'provider is "provider-2", with whom no key is shared, so that nothing could be sent to it',
      ]);
    });

    it('arguments that the recipe does not have, or not with that value', async () => {
      const { findings } = await checks('lifecycle', { ...good(), arguments: { epoch: 2, epochs: 100_000 } });
      expect(findings.map(({ path }) => path)).toEqual(['arguments.epoch', 'arguments.epochs']);
      expect(findings[0]!.remedy).toContain('did you mean epochs?');
    });

    it('a dataset whose labels are others than the first’s, before any money moves', async () => {
      const labels = [...motionSchema.labels, 'RUNNING'];
      const { dataset } = await round().contributed({
        ...{ schema: { ...motionSchema, labels }, title: 'Watch with other labels' },
      });
      expect(await paths('lifecycle', { ...good(), datasets: [dataset] })).toEqual([
        'datasets[0] is "Watch with other labels", with the labels STILL, MOVING, RUNNING',
      ]);
      expect(await paths('lifecycle', { ...good(), trainOn: [...round().datasets, dataset] })).toEqual([
        'trainOn[2] is "Watch with other labels", which is submitted',
      ]);
    });

    it('what is well formed, where the rest of the input is not', async () => {
      const wrong = {
        provider: 'provider-9',
        datasets: [null, unknown],
        trainOn: [null, ...round().datasets],
        base: unknown,
      };
      const { recipe: _, ...rest } = { ...good(), ...wrong };
      expect((await checks('lifecycle', rest)).findings.map(({ path }) => path)).toEqual([
        'provider',
        'datasets[1]',
        'base',
      ]);
      expect(await paths('lifecycle', { round: 'test' })).toHaveLength(1);
      expect(await paths('lifecycle', { round: 'test', recipe: unknown })).toHaveLength(2);
      const titled = { datasets: [null, 'Watch of nobody', 'Watch of contributor-1'] };
      expect(await paths('datasetIntake', titled)).toEqual([
        'datasets[1] is "Watch of nobody", which is no dataset\'s title',
      ]);
      expect(await paths('trainingRound', { datasets: [null], provider: 'provider-9' })).toHaveLength(1);
      expect(await paths('checkpointReview', { channel: 'stable' })).toEqual([]);
      expect(await paths('modelRollout', { channel: 'stabel', waves: 3 })).toEqual([
        'channel is "stabel", and there is no such channel',
      ]);
      expect(await paths('modelRollout', { release: 99, waves: 3 })).toHaveLength(1);
      expect(await paths('modelRollback', { channel: 'stable', ref: 'fresh' })).toEqual([]);
      expect(await paths('modelRollback', { version: 9 })).toEqual([]);
      expect(await paths('recurringRound', { provider: 'provider-9', channel: 'stable' })).toHaveLength(1);
    });

    it('a round of things that are not here, each by its place; of what is here it is taken (B01)', async () => {
      const elsewhere = (digit: string) => `sha256:${digit.repeat(64)}`;
      const asked = {
        ...{ round: 'slots-full', channel: 'stable', provider: 'provider-1', recipe: elsewhere('f') },
        ...{
          datasets: [],
          trainOn: [...'12345678'].map(elsewhere),
          base: elsewhere('9'),
          seed: 1,
          reward: '500000000',
        },
        ...{ arguments: { epochs: 1, windowsPerEpoch: 2048 }, approveWaves: false, holdSeconds: 600 },
        plan: {
          ...{ waves: [1, 9], soakSeconds: 10, skippableSoak: true },
          gate: { minWindows: 40, maxCorrectionPermille: 350, maxErrors: 0 },
        },
      };
      const { findings } = await checks('lifecycle', asked);
      const places = asked.trainOn.map((_, index) => `trainOn[${index}]`);
      expect(findings.map(({ path }) => path)).toEqual(['recipe', ...places, 'base']);
      for (const { remedy } of findings) expect(remedy).not.toBe('');
      const here = { recipe: round().chain.recipe, trainOn: round().datasets, base: round().checkpoint };
      expect(await checks('lifecycle', { ...asked, ...here })).toEqual({ findings: [], ids: {} });
    });

    it('a reference that was used for something else, by naming what for (kind of B04)', async () => {
      expect(await paths('lifecycle', { ...good(), round: 'test' })).toEqual([
        expect.stringMatching(/^round is "test", which was used before for job 1: recipe .* on 2 datasets, which is/),
      ]);
    });

    it('a rollout of another channel, with other waves, of what is over (B26)', async () => {
      expect(await paths('modelRollout', { release: round().released, channel: 'beta', waves: 3 })).toEqual([
        `release is ${round().released}, which is stopped`,
        `channel is "beta", and release ${round().released} is on "stable"`,
        'waves is 3, and the plan that was voted has 1',
      ]);
      expect(await paths('modelRollout', { release: 99, channel: 'stable', waves: 3 })).toEqual([
        'release is 99, which the fleet canister does not know',
      ]);
    });

    it('a rollout of what another one drives, which may wait for an approval (B26)', async () => {
      const rollouts = { driving: async () => 'rollout-4' };
      const input = { release: 99, channel: 'stable', waves: 3 };
      const { findings } = await canisterChecks({ ...round(), rollouts }).input({ workflow: 'modelRollout', input });
      expect(findings.map(({ path, found }) => `${path} ${found}`)).toContainEqual(
        expect.stringMatching(/^release is 99, which rollout-4 brings to its pods/),
      );
    });

    it('a rollback under a reference that was used for something else (B04)', async () => {
      const holder = round().chain.identity('provider').getPrincipal().toText();
      const { id } = await round().governance.propose({
        action: { call: 'slashBond', holder, purpose: 'provider', amount: '100', reason: 'a test', evidence: EVIDENCE },
        clientRef: 'rollback/stable/forward',
        title: 'Set channel stable to version 2',
        summary: 'The drill is over.',
      });
      const back = { channel: 'stable', version: 1, reason: 'Version 2 misreads stairs', ref: 'forward' };
      expect(await paths('modelRollback', back)).toContain(
        `ref is "forward", which was used before for proposal ${id}, "Set channel stable to version 2" (open)`,
      );
      await round().governance.withdraw({ clientRefs: ['rollback/stable/forward'] });
    });

    it('a rollback to a version that was never stable, or of no channel', async () => {
      const back = { channel: 'stable', version: 1, reason: 'a test', ref: 'back' };
      expect(await paths('modelRollback', back)).toEqual([
        expect.stringMatching(/^version is refused: channel stable: version 1 was never stable on it/),
      ]);
      expect(await paths('modelRollback', { ...back, channel: 'stabel' })).toEqual([
        'channel is "stabel", and there is no such channel',
      ]);
    });
  });
}
