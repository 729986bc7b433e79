import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  workflowInfo,
} from '@temporalio/workflow';
import { MAX_WAVES } from '@livepod/protocol/limits';
import type { PodsOfRelease, ReleasePhase, ReleaseView } from '@livepod/activities/ports';
import { undoingOnFailure, type Compensations } from './compensations.js';
import { flag, integer, name, optional, reading, record, type Guarded } from './guards.js';
import { comparedWithTheWorld, refusal } from './inputs.js';
import { narrate, type Tell, type TokenFor } from './narration.js';
import { OperatorDesk } from './operatorDesk.js';
import { fleet } from './ports.js';
import { mark } from './searchAttributes.js';
import { rolloutMoved } from './stageNews.js';
import { RELEASE } from './states.js';

export const input = record({
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
  const read = reading(input, request);
  if ('findings' in read) throw await refusal('modelRollout', read);
  const rollout = read.value;
  const { release, waves } = rollout;
  const tell = narrate(
    'rollout',
    { release, channel: rollout.channel, waves },
    [...Array.from({ length: waves }, (_, index) => `wave ${index + 1}`), 'last soak'],
    RELEASE,
  );
  mark({ stage: 'rollout', round: rollout.round, release });
  const waving = new Waves(rollout, tell);
  return undoingOnFailure(tell, (undo) => waving.toTheLast(undo));
}

/** The waves of one release, as the fleet canister says they are. */
class Waves {
  private readonly desk: OperatorDesk;
  private pods: string | undefined;
  /** Runs that began before there was such a look go on without. */
  private watched = false;
  /** What the canister said last. */
  private last: ReleaseView | undefined;
  /** The wave that waits for an operator's word. */
  private asks: string | undefined;
  /** A wave that the canister is asked for; what an operator changes here ends it, to ask anew. */
  private asking: CancellationScope | undefined;

  constructor(
    private readonly rollout: Rollout,
    private readonly tell: Tell,
  ) {
    const { release } = rollout;
    const on = (): TokenFor => ({ object: `release/${release}`, ...standing(this.last) });
    this.desk = new OperatorDesk(tell, () => `${tell.standing.state}/${this.last?.wave ?? 0}`)
      .mayPause(
        async ({ token }) => this.changed(await fleet.pause({ release, token })),
        async ({ token }) => this.changed(await fleet.resume({ release, token })),
        () => this.show(),
        on,
      )
      .mayAbort(async ({ reason, token }) => inWords(await fleet.abort({ release, reason, token })), on)
      .mayApprove()
      .offer('skipSoak', { on, act: ({ token }) => this.skipSoak(token) });
  }

  async toTheLast(undo: Compensations): Promise<ModelRolloutResult> {
    const { release, waves } = this.rollout;
    // Before anything could be undone: a wrong number must not stop somebody's release.
    if (workflowInfo().parent === undefined) await comparedWithTheWorld('modelRollout', this.rollout);
    undo.add(`release ${release}: stop it, its pods go back`, () =>
      fleet.abort({ release, reason: 'its rollout was cancelled' }),
    );
    const watched = (this.watched = patched('release-watched'));
    let now = await this.wave(1);
    for (let next = 2; !over(now) && next <= waves + 1; next++) {
      if (!watched) await this.desk.unpaused();
      if (this.rollout.approveWaves && next <= waves) now = await this.approved(now, next, watched);
      await condition(allHandlersFinished);
      if (!over(now)) now = await this.wave(next);
    }
    undo.clear();
    await condition(allHandlersFinished);

    this.tell(ending(now), facts(now), { state: now.state, over: true });
    mark({ outcome: now.state });
    return { release, outcome: now.state as ModelRolloutResult['outcome'], why: now.why, ...facts(now) };
  }

  /** Begins a wave as soon as the canister lets it, and says meanwhile what it waits for. */
  private async wave(number: number): Promise<ReleaseView> {
    const { waves } = this.rollout;
    if (number === 1) this.tell(`Beginning wave 1 of ${waves}`, {}, { step: 'wave 1' });
    else this.show();
    for (;;) {
      const seen = phaseOf(this.last);
      const now = await this.ask(number, seen);
      if (now === 'stirred') continue;
      this.last = now;
      if (over(now) || now.wave >= number || phaseOf(now) === seen) break;
      this.show();
      await this.tellRound();
    }
    this.begun(number, this.last!);
    await this.tellPods();
    return this.last!;
  }

  /** @returns `stirred` when an operator changed the release meanwhile */
  private async ask(wave: number, seen: ReleasePhase | undefined): Promise<ReleaseView | 'stirred'> {
    const { release } = this.rollout;
    const asking = (this.asking = new CancellationScope());
    const outer = CancellationScope.current();
    try {
      return await asking.run(() => fleet.beginWave({ release, wave, ...(seen === undefined ? {} : { seen }) }));
    } catch (error) {
      if (isCancellation(error) && !outer.consideredCancelled) return 'stirred';
      throw error;
    } finally {
      this.asking = undefined;
    }
  }

  private begun(number: number, release: ReleaseView): void {
    const { channel, waves } = this.rollout;
    this.desk.paused = release.state === 'paused';
    this.tell(
      over(release)
        ? ending(release)
        : `Wave ${release.wave} of ${waves}: ${release.exposed} pods have version ${release.version}`,
      facts(release),
      {
        step: number > waves ? 'last soak' : `wave ${number}`,
        state: phaseOf(release)!,
        links: { [`release ${release.release}`]: release.link, [`channel ${channel}`]: release.channelLink },
      },
    );
  }

  /** Which pod runs what, on this page and the lifecycle's. */
  private async tellPods(): Promise<void> {
    if (!this.watched) return;
    this.pods = podsInWords(await fleet.pods({ release: this.rollout.release }));
    this.tell(this.tell.headline(), { pods: this.pods }, this.tell.waits());
    await this.tellRound();
  }

  /** What the page says of the release as it was seen last. */
  private show(): void {
    const { waves } = this.rollout;
    const { last } = this;
    if (last === undefined) return;
    this.desk.paused = last.state === 'paused';
    const phase = phaseOf(last)!;
    const next = last.wave < waves ? `; wave ${last.wave + 1} follows` : '';
    if (over(last)) return this.tell(ending(last), facts(last), { state: last.state });
    switch (phase) {
      case 'paused':
        return this.tell(`Release ${last.release} is paused in wave ${last.wave} of ${waves}`, facts(last), {
          state: 'paused',
          waitsFor: '`resume`, here or on the lifecycle’s page',
        });
      case 'gathering':
        if (this.asks !== undefined) break;
        return this.tell(`The soak of wave ${last.wave} of ${waves} is over${next}`, facts(last), {
          state: 'gathering',
          waitsFor: `the windows that the gate of wave ${last.wave} still needs`,
        });
      default:
        if (this.asks !== undefined) break;
        return this.tell(`Wave ${last.wave} of ${waves} soaks${next}`, facts(last), {
          state: phase,
          waitsFor: `the soak of wave ${last.wave}, and the windows that its gate needs`,
          ...(last.soaksUntil === undefined ? {} : { until: last.soaksUntil }),
        });
    }
    this.tell(`Waiting for approval: ${this.asks}`, facts(last), { state: 'awaitingApproval', waitsFor: '`approve`' });
  }

  /**
   * Waits for an operator's word, and looks meanwhile at what becomes of the release: it may be paused elsewhere, or be
   * over.
   */
  private async approved(now: ReleaseView, next: number, watched: boolean): Promise<ReleaseView> {
    const before = this.desk.approvals;
    this.last = now;
    this.asks = `wave ${next} of ${this.rollout.waves}`;
    this.show();
    await this.tellRound();
    const looking = new CancellationScope();
    const looked = watched ? looking.run(() => this.look()) : Promise.resolve();
    const ended = looked.catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
    const answered = condition(() => this.desk.approvals > before || this.desk.aborted !== undefined);
    await (watched ? Promise.race([answered, ended]) : answered);
    this.asks = undefined;
    looking.cancel();
    await ended;
    return this.last!;
  }

  /** Until the release is over: whatever changes is shown. */
  private async look(): Promise<void> {
    const { release } = this.rollout;
    for (let now = this.last!; !over(now);) {
      now = this.last = await fleet.changed({ release, seen: now.state });
      this.show();
      await this.tellRound();
    }
  }

  /** What an operator did here has changed the release. */
  private changed(release: ReleaseView): string {
    this.last = release;
    this.desk.paused = release.state === 'paused';
    this.tell.standing.enter(this.asks !== undefined && !this.desk.paused ? 'awaitingApproval' : phaseOf(release)!);
    if (this.watched) this.asking?.cancel();
    return inWords(release);
  }

  private async skipSoak(token: string): Promise<string> {
    const now = await fleet.skipSoak({ release: this.rollout.release, wave: this.last?.wave ?? 0, token });
    this.last = now;
    if (this.watched) this.asking?.cancel();
    this.tell(`The soak of wave ${now.wave} was ended early; its gate still needs its windows`, facts(now), {
      state: phaseOf(now)!,
    });
    return inWords(now);
  }

  /** The lifecycle's page says when its release waits for a person. */
  private async tellRound(): Promise<void> {
    const { parent } = workflowInfo();
    if (!parent || !patched('rollout-news')) return;
    const { state } = this.tell.standing;
    const until = state === 'soaking' ? this.last?.soaksUntil : undefined;
    await getExternalWorkflowHandle(parent.workflowId)
      .signal(rolloutMoved, { state, asks: this.asks ?? null, until: until ?? null, pods: this.pods ?? null })
      .catch(() => undefined);
  }
}

/** Where a release stands, as its table calls it (states.ts). */
function phaseOf(release: ReleaseView | undefined): ReleasePhase | undefined {
  if (release === undefined) return undefined;
  if (release.phase !== undefined) return release.phase;
  if (release.state === 'planned') return 'beginning';
  return release.state === 'rolling' ? 'soaking' : release.state;
}

/** What a token names of it; unknown in histories of the time before. */
const standing = (release: ReleaseView | undefined): Pick<TokenFor, 'state'> =>
  release?.standing === undefined ? {} : { state: release.standing };

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

/** `version 3: pod-1; version 2: pod-2, pod-3 and 40 more; 1 pod has switched`. */
function podsInWords({ versions, installed, returned }: PodsOfRelease): string {
  const each = versions.map(({ version, pods, count }) => {
    const more = count > pods.length ? ` and ${count - pods.length} more` : '';
    return `${version === 0 ? 'no version' : `version ${version}`}: ${pods.join(', ')}${more}`;
  });
  const back = returned > 0 ? `, ${returned} have gone back` : '';
  return [...each, `${installed} have told that they switched${back}`].join('; ');
}

const inWords = (release: ReleaseView): string =>
  `Release ${release.release} is ${release.state}: wave ${release.wave}, ${release.exposed} pods.`;
