import { allHandlersFinished, condition } from '@temporalio/workflow';
import { MAX_WAVES } from '@livepod/protocol/limits';
import type { ReleaseView } from '@livepod/activities/ports';
import { undoingOnFailure, type Compensations } from './compensations.js';
import { checked, flag, integer, name, optional, record, type Guarded } from './guards.js';
import { narrate, type Beat, type Tell } from './narration.js';
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
type Rollout = Guarded<typeof input>;
export type ModelRolloutInput = Rollout;

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
  const waving = new Waves(rollout, tell);
  return undoingOnFailure(tell, (undo) => waving.toTheLast(undo));
}

/** The waves of one release, and the soak that an operator may skip. */
class Waves {
  private readonly desk: OperatorDesk;
  /** The wave that soaks now, or 0. */
  private soaking = 0;
  private soaksUntil: string | undefined;

  constructor(
    private readonly rollout: Rollout,
    private readonly tell: Tell,
  ) {
    const { release } = rollout;
    this.desk = new OperatorDesk(tell)
      .mayPause(
        async ({ token }) => inWords(await fleet.pause({ release, token })),
        async ({ token }) => inWords(await fleet.resume({ release, token })),
      )
      .mayAbort(async ({ reason, token }) => inWords(await fleet.abort({ release, reason, token })))
      .mayApprove()
      .offer('skipSoak', {
        unless: () => (this.soaking === 0 ? 'No wave soaks now.' : undefined),
        act: ({ token }) => this.skipSoak(token),
      });
  }

  async toTheLast(undo: Compensations): Promise<ModelRolloutResult> {
    const { release, waves } = this.rollout;
    undo.add(`release ${release}: stop it, its pods go back`, () =>
      fleet.abort({ release, reason: 'its rollout was cancelled' }),
    );
    let now = await this.wave(1);
    for (let next = 2; !over(now) && next <= waves + 1; next++) {
      await this.desk.unpaused();
      if (this.rollout.approveWaves && next <= waves)
        await this.desk.approved(`wave ${next} of ${waves}`, () => this.desk.aborted !== undefined);
      await condition(allHandlersFinished);
      now = await this.wave(next);
    }
    undo.clear();
    await condition(allHandlersFinished);

    this.tell(ending(now), facts(now), { over: true });
    mark({ outcome: now.state });
    return { release, outcome: now.state as ModelRolloutResult['outcome'], why: now.why, ...facts(now) };
  }

  private async wave(number: number): Promise<ReleaseView> {
    const { release, channel, waves } = this.rollout;
    this.tell(this.beginning(number), {}, this.soakBefore(number));
    const begun = await fleet.beginWave({ release, wave: number });
    this.soaking = over(begun) ? 0 : begun.wave;
    this.soaksUntil = begun.soaksUntil;
    this.tell(
      over(begun)
        ? ending(begun)
        : `Wave ${begun.wave} of ${waves}: ${begun.exposed} pods have version ${begun.version}`,
      facts(begun),
      {
        step: number > waves ? 'last soak' : `wave ${number}`,
        links: { [`release ${release}`]: begun.link, [`channel ${channel}`]: begun.channelLink },
      },
    );
    return begun;
  }

  private beginning(number: number): string {
    const { release, waves } = this.rollout;
    if (number > waves) return `Release ${release} soaks in its last wave`;
    if (number === 1) return `Beginning wave 1 of ${waves}`;
    return `Wave ${number - 1} of ${waves} soaks; wave ${number} follows`;
  }

  private soakBefore(number: number): Beat {
    if (number === 1) return {};
    return {
      waitsFor: `the soak of wave ${number - 1}, and the windows that its gate needs`,
      ...(this.soaksUntil === undefined ? {} : { until: this.soaksUntil }),
    };
  }

  private async skipSoak(token: string): Promise<string> {
    const now = await fleet.skipSoak({ release: this.rollout.release, wave: this.soaking, token });
    this.tell(`The soak of wave ${now.wave} was ended early; its gate still needs its windows`, facts(now));
    return inWords(now);
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
