import { allHandlersFinished, condition } from '@temporalio/workflow';
import type { ReleaseView } from '@livepod/activities/ports';
import { MAX_WAVES } from '@livepod/protocol/limits';
import { undoingOnFailure } from './compensations.js';
import { checked, flag, integer, name, optional, record, type Guarded } from './guards.js';
import { narrate } from './narration.js';
import { OperatorDesk } from './operatorDesk.js';
import { fleet } from './ports.js';
import { mark } from './searchAttributes.js';

const input = record({
  release: integer(0, Number.MAX_SAFE_INTEGER),
  channel: name,
  waves: integer(1, MAX_WAVES),
  round: optional(name, 'by-hand'),
  approveWaves: optional(flag, false),
});
export type ModelRolloutInput = Guarded<typeof input>;

export interface ModelRolloutResult {
  release: number;
  version: number;
  outcome: 'completed' | 'stopped' | 'superseded';
  why: string;
  exposed: number;
  windows: number;
  corrections: number;
  errors: number;
}

/**
 * Brings a release to its pods, wave by wave. The fleet canister holds each wave for its soak time and stops the
 * release by itself when its gate fails; a release that was stopped is an outcome here, not a failure. History grows
 * with waves, never with pods.
 */
export async function modelRollout(request: ModelRolloutInput): Promise<ModelRolloutResult> {
  const rollout = checked('modelRollout', input, request);
  const { release, waves } = rollout;
  const tell = narrate('rollout', { release, channel: rollout.channel, waves }, [
    ...Array.from({ length: waves }, (_, index) => `wave ${index + 1}`),
    'last soak',
  ]);
  mark({ stage: 'rollout', round: rollout.round, release });
  let soaking = 0;
  let soaksUntil: string | undefined;
  const desk = new OperatorDesk(tell)
    .mayPause(
      async ({ token }) => inWords(await fleet.pause({ release, token })),
      async ({ token }) => inWords(await fleet.resume({ release, token })),
    )
    .mayAbort(async ({ reason, token }) => inWords(await fleet.abort({ release, reason, token })))
    .mayApprove()
    .offer('skipSoak', {
      unless: () => (soaking === 0 ? 'No wave soaks now.' : undefined),
      act: async ({ token }) => {
        const now = await fleet.skipSoak({ release, wave: soaking, token });
        tell(`The soak of wave ${now.wave} was ended early; its gate still needs its windows`, facts(now));
        return inWords(now);
      },
    });

  return undoingOnFailure(tell, async (undo) => {
    undo.add(`release ${release}: stop it, its pods go back`, () =>
      fleet.abort({ release, reason: 'its rollout was cancelled' }),
    );
    let now = await wave(1);
    for (let next = 2; !over(now) && next <= waves + 1; next++) {
      await desk.unpaused();
      if (rollout.approveWaves && next <= waves)
        await desk.approved(`wave ${next} of ${waves}`, () => desk.aborted !== undefined);
      await condition(allHandlersFinished);
      now = await wave(next);
    }
    undo.clear();
    await condition(allHandlersFinished);

    tell(ending(now), facts(now), { over: true });
    mark({ outcome: now.state });
    const { version, why, exposed, windows, corrections, errors } = now;
    return {
      release,
      version,
      outcome: now.state as ModelRolloutResult['outcome'],
      why,
      exposed,
      windows,
      corrections,
      errors,
    };
  });

  async function wave(number: number): Promise<ReleaseView> {
    const beginning =
      number > waves
        ? `Release ${release} soaks in its last wave`
        : number === 1
          ? `Beginning wave 1 of ${waves}`
          : `Wave ${number - 1} of ${waves} soaks; wave ${number} follows`;
    tell(
      beginning,
      {},
      number === 1
        ? {}
        : {
            waitsFor: `the soak of wave ${number - 1}, and the windows that its gate needs`,
            ...(soaksUntil === undefined ? {} : { until: soaksUntil }),
          },
    );
    const begun = await fleet.beginWave({ release, wave: number });
    soaking = over(begun) ? 0 : begun.wave;
    soaksUntil = begun.soaksUntil;
    tell(
      over(begun)
        ? ending(begun)
        : `Wave ${begun.wave} of ${waves}: ${begun.exposed} pods have version ${begun.version}`,
      facts(begun),
      {
        step: number > waves ? 'last soak' : `wave ${number}`,
        links: { [`release ${release}`]: begun.link, [`channel ${rollout.channel}`]: begun.channelLink },
      },
    );
    return begun;
  }
}

const over = (release: ReleaseView): boolean => ['completed', 'stopped', 'superseded'].includes(release.state);
const facts = ({ version, exposed, windows, corrections, errors }: ReleaseView) => ({
  version,
  exposed,
  windows,
  corrections,
  errors,
});
const ending = (release: ReleaseView): string =>
  release.state === 'completed'
    ? `Version ${release.version} is stable for the whole channel`
    : `Release ${release.release} was ${release.state}: ${release.why}`;
const inWords = (release: ReleaseView): string =>
  `Release ${release.release} is ${release.state}: wave ${release.wave}, ${release.exposed} pods.`;
