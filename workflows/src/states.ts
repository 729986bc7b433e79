import type { OperatorAction } from '@livepod/protocol/operations';

/**
 * Every state that a round, a release and a job can be in: the page's words, the updates it takes and what it waits for
 * follow from these tables and from nothing else.
 *
 *     round     preparing → intake → training ⇄ job → review → settlement → rollout → slashing
 *               each → held → each again · each → undoing → failed, aborted
 *     release   beginning → soaking → gathering → (awaitingApproval) → soaking …→ completed
 *               each ⇄ paused · each → stopped, superseded, undoing
 *     job       licences → asking → paying → vote → training → trained · each → undoing
 */
export interface State {
  /** What is so, for a person. */
  says: string;
  /** Updates that make sense. `pause` is `resume` while it is paused. */
  may: readonly OperatorAction[];
  /** Where it may go from here. */
  to: readonly string[];
  /** Nothing comes after it. */
  over?: true;
}
export type States = Readonly<Record<string, State>>;

const ends = { may: [], to: [], over: true } as const;

/** How every stage fails: what was begun is undone, and only then it is over. */
const FAILING = {
  undoing: { says: 'what was begun is being undone', may: [], to: ['failed', 'aborted'] },
  failed: { says: 'it failed, and what was begun is undone', ...ends },
  aborted: { says: 'an operator ended it, and what was begun is undone', ...ends },
} as const satisfies States;

const anywhere = ['held', 'undoing', 'over'] as const;

/** A round, on the lifecycle's page. */
export const ROUND = {
  preparing: {
    says: 'what the input names is being looked up',
    may: ['pause', 'abort', 'replaceProvider'],
    to: ['intake', 'training', 'over', 'undoing'],
  },
  intake: {
    says: 'datasets are checked and voted on',
    may: ['pause', 'abort', 'replaceProvider'],
    to: ['training', ...anywhere],
  },
  training: { says: 'a provider is asked to train', may: ['pause', 'abort'], to: ['job', 'review', ...anywhere] },
  job: { says: 'a provider has the job', may: ['pause', 'abort', 'extendDeadline'], to: ['review', ...anywhere] },
  review: { says: 'the checkpoint is measured and voted on', may: ['pause', 'abort'], to: ['settlement', ...anywhere] },
  settlement: { says: 'the escrow is paid out, or back', may: ['pause'], to: ['rollout', ...anywhere] },
  rollout: { says: 'the release reaches its pods', may: ['pause', 'abort'], to: ['slashing', ...anywhere] },
  slashing: { says: 'bonds are put up for slashing', may: ['pause'], to: [...anywhere] },
  held: {
    says: 'a stage failed and waits for a person',
    may: ['retryStage', 'replaceProvider', 'extendDeadline', 'pause', 'abort'],
    to: ['intake', 'training', 'review', 'settlement', 'rollout', 'slashing', 'undoing'],
  },
  ...FAILING,
  over: { says: 'it has come to its end', ...ends },
} as const satisfies States;

const released = ['paused', 'completed', 'stopped', 'superseded', 'undoing'] as const;

/** A release, on its rollout's page. The fleet canister decides which of them it is. */
export const RELEASE = {
  beginning: { says: 'its first wave begins', may: ['pause', 'abort'], to: ['soaking', 'gathering', ...released] },
  soaking: {
    says: 'a wave soaks',
    may: ['pause', 'abort', 'skipSoak'],
    to: ['gathering', 'awaitingApproval', ...released],
  },
  gathering: {
    says: 'the soak is over; the gate needs more windows',
    may: ['pause', 'abort'],
    to: ['soaking', 'awaitingApproval', ...released],
  },
  awaitingApproval: {
    says: 'the next wave waits for an operator',
    may: ['approve', 'pause', 'abort'],
    to: ['soaking', 'gathering', ...released],
  },
  paused: {
    says: 'it holds until somebody resumes it',
    may: ['resume', 'abort'],
    to: ['beginning', 'soaking', 'gathering', 'awaitingApproval', 'completed', 'stopped', 'superseded', 'undoing'],
  },
  ...FAILING,
  completed: { says: 'every pod of the channel has it', ...ends },
  stopped: { says: 'it was stopped; its pods went back', ...ends },
  superseded: { says: 'another version took its place', ...ends },
} as const satisfies States;

/** A job, on its training's page. */
export const JOB = {
  licences: { says: 'licences are read', may: ['abort'], to: ['asking', 'undoing'] },
  asking: { says: 'the provider is asked', may: ['abort'], to: ['paying', 'undoing'] },
  paying: { says: 'fees and reward go into escrow', may: ['abort'], to: ['vote', 'training', 'undoing'] },
  vote: { says: 'access is voted on', may: ['abort', 'extendDeadline'], to: ['training', 'undoing'] },
  training: { says: 'the provider trains', may: ['abort', 'extendDeadline'], to: ['over', 'undoing'] },
  ...FAILING,
  over: { says: 'the checkpoint is trained and signed', ...ends },
} as const satisfies States;

/** A stage of one piece, that can only be ended. */
export const STEP = {
  working: { says: 'it is at work', may: ['abort'], to: ['over', 'undoing'] },
  ...FAILING,
  over: { says: 'it has come to its end', ...ends },
} as const satisfies States;

/** Every table, by what it is of. */
export const ALL_STATES = { round: ROUND, release: RELEASE, job: JOB, step: STEP } as const;

/** Why an update makes no sense, where no state has more to say. */
const REFUSED: Record<OperatorAction, string> = {
  approve: 'Nothing waits for approval.',
  pause: 'There is nothing that could be paused now.',
  resume: 'It is not paused.',
  abort: 'There is nothing that could be aborted now.',
  skipSoak: 'No wave soaks now.',
  extendDeadline: 'Nothing here has a deadline that could be moved now.',
  retryStage: 'Nothing has failed that could be tried again.',
  replaceProvider: 'A provider has the job already; abort the training on its own page first.',
};

/** Where one workflow stands in its table. */
export class Standing {
  private now: string;

  constructor(private readonly states: States) {
    this.now = Object.keys(states)[0]!;
  }

  get state(): string {
    return this.now;
  }

  get over(): boolean {
    return this.states[this.now]!.over === true;
  }

  /** Goes to another state. One that the table does not lead to is a mistake of ours; it shows, and stops nothing. */
  enter(state: string): void {
    if (this.states[state] !== undefined) this.now = state;
  }

  leadsTo(state: string): boolean {
    return state === this.now || this.states[this.now]!.to.includes(state);
  }

  /** Why an update makes no sense now, as a sentence; undefined where it does. */
  refuses(action: OperatorAction): string | undefined {
    const { may, says, over } = this.states[this.now]!;
    if (may.includes(action)) return undefined;
    if (over) return `It is over: ${says}.`;
    if (this.now === 'paused')
      return action === 'pause' ? 'It is paused already; resume it first.' : 'It is paused; resume it first.';
    if (this.now === 'undoing') return 'What was begun is being undone; nothing else can be done now.';
    return REFUSED[action];
  }
}
