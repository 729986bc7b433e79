import { badPermilleOf, wavesOf, type Plan } from '@livepod/protocol';
import { refuse } from '../errors.js';
import type { Entry, Json, JsonObject } from '../format.js';
import { after, agree, mark, needed, notBefore, object, textOf, whole, type Facts, type Mark } from './facts.js';
import type { AdoptionAccount, CheckpointAccount } from './checkpoints.js';
import type { ProposalAccount, Proposals } from './proposals.js';

/** What pods reported of a release until then, all pods together; never one pod's. */
export interface Counters {
  windows: number;
  corrections: number;
  errors: number;
  installed: number;
  returned: number;
}

export interface WaveAccount {
  wave: number;
  /** Pods that the wave reached, with those of the waves before it. */
  exposed: number;
  /** Cohort positions up to this one are in; 16 hexadecimal digits. */
  threshold: string;
  begun: Mark;
  /** Until the wave began. */
  counters: Counters;
}

/** A pause, its end, or a soak that was skipped. */
export interface HoldAccount {
  what: string;
  wave: number | null;
  authority: Json;
  said: Mark;
}

export interface ReleaseAccount {
  release: number;
  channel: string;
  checkpoint: string;
  version: number;
  adoption: number;
  /** As it was voted; null when the vote came before the file starts. */
  plan: Plan | null;
  opened: Mark;
  waves: WaveAccount[];
  /** Pauses, resumptions and soaks that were cut short, in order. */
  holds: HoldAccount[];
  outcome: 'open' | 'completed' | 'stopped' | 'superseded';
  why: string | null;
  stoppedBy: string | null;
  authority: Json;
  counters: Counters;
  ended: Mark | null;
}

export interface RollbackAccount {
  channel: string;
  version: number;
  from: number | null;
  reason: string;
  proposal: number | null;
  said: Mark;
}

/** How adopted checkpoints reached the pods: waves, what the gate was judged on, and how each release ended. */
export async function releasesOf(
  facts: Facts,
  proposals: Proposals,
  checkpoints: CheckpointAccount[],
): Promise<ReleaseAccount[]> {
  const { fleet, models } = facts.logs;
  const releases: ReleaseAccount[] = [];
  for (const { checkpoint, adoptions } of checkpoints) {
    for (const adoption of adoptions) {
      const opened = fleet.only('releaseOpened', { adoption: adoption.adoption });
      const candidate = models
        .all('candidateSet', { channel: adoption.channel, version: adoption.version })
        .find(({ index }) => index > adoption.adopted.entry);
      if (!opened) {
        if (candidate)
          needed(
            facts,
            'fleet',
            undefined,
            `the release of adoption ${adoption.adoption}`,
            notBefore(adoption.adopted),
          );
        continue;
      }
      const path = fleet.place(opened);
      agree(path, 'who opened the release', opened.caller, models.canister);
      for (const [name, expected] of Object.entries({
        channel: adoption.channel,
        checkpoint,
        version: adoption.version,
      }))
        agree(path, `the ${name} of the release`, opened.event[name], expected);
      if (candidate)
        agree(
          models.place(candidate),
          'the release of the candidate',
          candidate.event['release'],
          opened.event['release'],
        );
      releases.push(await releaseOf(facts, proposals, opened, adoption));
    }
  }
  return releases.sort((a, b) => a.release - b.release);
}

async function releaseOf(
  facts: Facts,
  proposals: Proposals,
  opened: Entry,
  adoption: AdoptionAccount,
): Promise<ReleaseAccount> {
  const { fleet } = facts.logs;
  const release = Number(opened.event['release']);
  const vote = proposals.list().find(({ proposal }) => proposal === adoption.proposal);
  const plan = vote ? planOf(vote) : null;
  const waves = fleet.all('waveBegun', { release }).map((entry): WaveAccount => ({
    wave: Number(entry.event['wave']),
    exposed: Number(entry.event['exposed']),
    threshold: textOf(entry.event['threshold'], fleet.place(entry)),
    begun: mark('fleet', entry),
    counters: countersOf(fleet.place(entry), entry.event),
  }));
  const holds = fleet.entries.filter(
    ({ event }) =>
      event['release'] === release &&
      ['releasePaused', 'releaseResumed', 'soakSkipped'].includes(String(event['type'])),
  );
  const ends = (['releaseCompleted', 'releaseStopped', 'releaseSuperseded'] as const).flatMap((kind) =>
    fleet.all(kind, { release }),
  );
  if (ends.length > 1) refuse('contradiction', fleet.place(ends[1]!), `release ${release} ended twice`);
  const end = ends[0];
  const last = waves.at(-1);
  const counters = end
    ? countersOf(fleet.place(end), end.event)
    : (last?.counters ?? countersOf(fleet.place(opened), {}));
  if (plan) judge(facts, plan, release, opened, waves, holds, end, counters);
  const outcome = outcomeOf(end);
  exposedAsSaid(facts, release, waves, outcome);
  const stoppedBy = outcome === 'stopped' ? textOf(end!.event['by'], fleet.place(end!)) : null;
  if (stoppedBy === 'governor') await proposals.behind(end!, 'stop_release');
  return {
    release,
    channel: adoption.channel,
    checkpoint: String(opened.event['checkpoint']),
    version: adoption.version,
    adoption: adoption.adoption,
    plan,
    opened: mark('fleet', opened),
    waves,
    holds: holds.map(holdOf),
    outcome,
    why: outcome === 'stopped' ? textOf(end!.event['reason'], fleet.place(end!)) : null,
    stoppedBy,
    authority: end?.event['authority'] ?? null,
    counters,
    ended: end ? mark('fleet', end) : null,
  };
}

/** What the registry was told of a release is what the fleet did. */
function exposedAsSaid(
  { logs: { fleet, models } }: Facts,
  release: number,
  waves: WaveAccount[],
  outcome: ReleaseAccount['outcome'],
): void {
  for (const told of models.all('exposureSet', { release })) {
    const place = models.place(told);
    const state = told.event['state'];
    agree(place, 'who told of the exposure', told.caller, fleet.canister);
    if (state === 'rolling' && !waves.some(({ threshold }) => threshold === told.event['threshold']))
      refuse('missing', place, `release ${release} was exposed as none of its waves says`);
    if (state !== 'rolling' && state !== outcome)
      refuse(
        'missing',
        place,
        `release ${release} is told to be ${String(state)}, and the fleet's log has it ${outcome}`,
      );
  }
}

const holdOf = (entry: Entry): HoldAccount => ({
  what: String(entry.event['type']),
  wave: (entry.event['wave'] as number | undefined) ?? null,
  authority: entry.event['authority'] ?? null,
  said: mark('fleet', entry),
});

function outcomeOf(end: Entry | undefined): ReleaseAccount['outcome'] {
  switch (end?.event['type']) {
    case 'releaseCompleted':
      return 'completed';
    case 'releaseStopped':
      return 'stopped';
    case 'releaseSuperseded':
      return 'superseded';
    default:
      return 'open';
  }
}

/** The waves came in order, none before its soak and its gate allowed, and a gate that closed had a cause. */
function judge(
  facts: Facts,
  plan: Plan,
  release: number,
  opened: Entry,
  waves: WaveAccount[],
  holds: Entry[],
  end: Entry | undefined,
  counters: Counters,
): void {
  const { fleet } = facts.logs;
  const at = (entry: number): string => `canisters.fleet.log[${entry - fleet.first}]`;
  const verdicts = opened.event['judges'] === 'pods' ? fleet.all('gateJudged', { release }) : null;
  const steps = waves.map((wave) => ({ ...wave, path: at(wave.begun.entry) }));
  steps.forEach((wave, index) => {
    agree(wave.path, `the wave of release ${release}`, wave.wave, index + 1);
    if (index === 0)
      after(wave.path, 'a wave before its release', fleet.entries[wave.begun.entry - fleet.first], opened);
    else passed(plan, steps[index - 1]!, wave, holds, verdicts, wave.path);
  });
  const last = steps.at(-1);
  if (end?.event['type'] === 'releaseCompleted') {
    agree(fleet.place(end), `the number of waves of release ${release}`, waves.length, wavesOf(plan));
    passed(plan, last!, { begun: mark('fleet', end), counters }, holds, verdicts, fleet.place(end));
  }
  if (end?.event['type'] === 'releaseStopped' && end.event['by'] === 'gate') {
    const corrected = verdicts
      ? verdicts.slice(-1).some((verdict) => tooManyBad(plan, verdict))
      : tooManyCorrected(plan, counters) || (last && tooManyCorrected(plan, less(counters, last.counters)));
    const closed = counters.errors > plan.gate.maxErrors || corrected;
    if (!closed)
      refuse('contradiction', fleet.place(end), 'the gate stopped the release, and its counters do not say why');
  }
}

function passed(
  plan: Plan,
  from: WaveAccount,
  to: { begun: Mark; counters: Counters },
  holds: Entry[],
  verdicts: Entry[] | null,
  path: string,
): void {
  const cut = holds.some(
    ({ index, event }) => event['type'] === 'soakSkipped' && index > from.begun.entry && index < to.begun.entry,
  );
  const soaked = BigInt(to.begun.at) - BigInt(from.begun.at) >= BigInt(plan.soakSeconds) * 1_000_000_000n;
  if (!soaked && !cut)
    refuse('contradiction', path, `wave ${from.wave} lasted less than the ${plan.soakSeconds} s that were voted`);
  const wave = less(to.counters, from.counters);
  if (from.exposed > 0 && wave.windows < plan.gate.minWindows)
    refuse(
      'contradiction',
      path,
      `wave ${from.wave} was judged on ${wave.windows} windows, and ${plan.gate.minWindows} were voted`,
    );
  const corrected = verdicts
    ? verdicts.some(
        (verdict) => verdict.index > from.begun.entry && verdict.index < to.begun.entry && tooManyBad(plan, verdict),
      )
    : tooManyCorrected(plan, to.counters) || tooManyCorrected(plan, wave);
  if (to.counters.errors > plan.gate.maxErrors || corrected)
    refuse('contradiction', path, `the gate was closed after wave ${from.wave}, and the release went on`);
}

/** What the gate found at one point: of so many pods that could be judged, so many were bad. */
const tooManyBad = ({ gate }: Plan, { event }: Entry): boolean =>
  Number(event['bad']) * 1000 > Number(event['pods']) * badPermilleOf(gate);

/** Of a release from before gates judged pods. */
const tooManyCorrected = ({ gate }: Plan, { windows, corrections }: Counters): boolean =>
  windows > 0 && windows >= gate.minWindows && corrections * 1000 > windows * gate.maxCorrectionPermille;
const less = (a: Counters, b: Counters): Counters => ({
  windows: a.windows - b.windows,
  corrections: a.corrections - b.corrections,
  errors: a.errors - b.errors,
  installed: a.installed - b.installed,
  returned: a.returned - b.returned,
});

function countersOf(path: string, event: JsonObject): Counters {
  const said = object(event['counters'] ?? {});
  const count = (name: string): number => ('counters' in event ? Number(whole(said[name], path)) : 0);
  return {
    windows: count('windows'),
    corrections: count('corrections'),
    errors: count('errors'),
    installed: count('installed'),
    returned: count('returned'),
  };
}

function planOf({ argument }: ProposalAccount): Plan {
  const plan = object(argument!['plan']);
  const gate = object(plan['gate']);
  // An optional field of Candid is a list of one; a plan of the first version has none.
  const [shares] = (plan['shares'] ?? []) as number[][];
  return {
    ...(shares ? { shares } : { waves: plan['waves'] as number[] }),
    soakSeconds: Number(plan['soak_seconds']),
    gate: {
      minWindows: Number(gate['min_windows']),
      maxCorrectionPermille: Number(gate['max_correction_permille']),
      maxErrors: Number(gate['max_errors']),
      ...optional('minPods', gate['min_pods']),
      ...optional('minPodWindows', gate['min_pod_windows']),
      ...optional('maxBadPermille', gate['max_bad_permille']),
    },
  };
}

/** An optional field of Candid is a list of one, and left out where there is none. */
const optional = (name: string, given: Json | undefined): object =>
  Array.isArray(given) && given.length === 1 ? { [name]: Number(given[0]) } : {};

/** Rollbacks that took a channel away from one of the round's versions, or back to it. */
export async function rollbacksOf(
  facts: Facts,
  proposals: Proposals,
  releases: ReleaseAccount[],
): Promise<RollbackAccount[]> {
  const { models } = facts.logs;
  const concerned = models
    .all('channelRolledBack')
    .filter(({ event }) =>
      releases.some(
        ({ channel, version }) =>
          event['channel'] === channel && (event['version'] === version || event['from'] === version),
      ),
    );
  return Promise.all(
    concerned.map(async (entry): Promise<RollbackAccount> => {
      const vote = await proposals.behind(entry, 'rollback_channel');
      const { channel, version, from, reason } = entry.event;
      return {
        channel: String(channel),
        version: Number(version),
        from: from === null ? null : Number(from),
        reason: String(reason),
        proposal: vote?.proposal ?? null,
        said: mark('models', entry),
      };
    }),
  );
}
