import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  defineUpdate,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Authority } from '@livepod/activities/ports';
import {
  argumentsOf,
  OPERATIONS,
  optionalOf,
  type OperationArgument,
  type OperationArguments,
  type OperatorAction,
} from '@livepod/protocol/operations';
import { undoingOnFailure, type Compensations } from './compensations.js';
import { causeOf } from './failures.js';
import { checked, integer, optional, providerName, record, refuse, sentence, token, type Guard } from './guards.js';
import type { Beat, Offered, Tell, TokenFor } from './narration.js';
import { operators } from './ports.js';

/** What goes with every update: whose decision it is, signed. `livepod ops token` makes one. */
export type Signed<T = object> = T & { token: string };
type Given = { [A in OperatorAction]: Signed<OperationArgument<A>> };

export const approveUpdate = defineUpdate<string, [Given['approve']]>('approve');
export const pauseUpdate = defineUpdate<string, [Given['pause']]>('pause');
export const resumeUpdate = defineUpdate<string, [Given['resume']]>('resume');
export const abortUpdate = defineUpdate<string, [Given['abort']]>('abort');
export const skipSoakUpdate = defineUpdate<string, [Given['skipSoak']]>('skipSoak');
export const extendDeadlineUpdate = defineUpdate<string, [Given['extendDeadline']]>('extendDeadline');
export const retryStageUpdate = defineUpdate<string, [Given['retryStage']]>('retryStage');
export const replaceProviderUpdate = defineUpdate<string, [Given['replaceProvider']]>('replaceProvider');

/** How an update's arguments are checked. */
const GUARDS: { [N in keyof OperationArguments]: Guard<OperationArguments[N]> } = {
  reason: sentence,
  seconds: integer(1, 30 * 24 * 3600),
  provider: providerName,
  change: (value, field) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : refuse(field, 'is no object', 'Give the fields of the input that are to be others, such as {"seed": 2}'),
};

const takes = <A extends OperatorAction>(action: A): Guard<Given[A]> =>
  record({
    token,
    ...Object.fromEntries(argumentsOf(action).map((argument) => [argument, GUARDS[argument]])),
    ...Object.fromEntries(
      optionalOf(action).map((argument) => [argument, optional(GUARDS[argument] as Guard<unknown>, undefined)]),
    ),
  }) as Guard<unknown> as Guard<Given[A]>;

interface Offer<K extends OperatorAction> {
  /** Why it makes no sense in a state in which it may, as a sentence. */
  unless?: () => string | undefined;
  /** What it changes: this workflow, where nothing else is said. */
  on?: () => TokenFor | undefined;
  /** Does it, once the token was found good, and says what was done. */
  act: (given: Given[K], by: Authority) => Promise<string>;
}

/**
 * What a person may do to a running workflow from its page. Validators look at form and moment, synchronously: an
 * asynchronous one would stop the workflow, not the update. Who it is an activity finds out, and the canister once more
 * where it is the canister that changes.
 */
export class OperatorDesk {
  paused = false;
  aborted: string | undefined;
  /** What it waited for when it was paused. */
  private waited: Beat = {};
  /** How often somebody approved. */
  approvals = 0;
  private holding: { until: number; again: boolean } | undefined;
  /** How often a person paused it: a token names that, so that a pause ends those that were made before. */
  private pauses = 0;
  /** How often a failed step has waited for a person: what was signed for one failure is not for the next. */
  private holds = 0;
  /** Tokens of updates that were done, or are being done. */
  private readonly used = new Set<string>();

  /** @param moment  tells apart what the table's state alone does not, such as waves */
  constructor(
    private readonly tell: Tell,
    private readonly moment: () => string = () => tell.standing.state,
  ) {}

  /** Takes an update in the states that the workflow's table names. */
  offer<K extends OperatorAction>(action: K, { unless, act, on }: Offer<K>): this {
    return this.take(action, { unless: () => this.tell.standing.refuses(action) ?? unless?.(), act, on });
  }

  /** Where this workflow stands, as a token names it. It may be stopped whatever it is at. */
  private stateFor(action: OperatorAction): string {
    const stops = action === 'pause' || action === 'abort';
    const at = this.held ? `${this.moment()}/${this.holds}` : this.moment();
    return `${this.paused ? 'paused' : stops ? 'going' : at}/${this.pauses}`;
  }

  private take<K extends OperatorAction>(action: K, { unless, act, on }: Offer<K> & Pick<Offered, 'unless'>): this {
    const signs = (): TokenFor => on?.() ?? { object: 'workflow', state: this.stateFor(action) };
    const { says, example } = OPERATIONS[action];
    const form = takes(action);
    const sensible = (): void => {
      const why = unless();
      if (why !== undefined) throw ApplicationFailure.nonRetryable(why, 'Refused');
    };
    this.tell.offers.set(action, { unless, signs });
    setHandler(
      defineUpdate<string, [Given[K]]>(action),
      async (given) => {
        this.used.add(given.token);
        try {
          const by = await operators.authorise({
            token: given.token,
            action,
            workflow: workflowInfo().workflowId,
            object: signs().object,
            state: this.stateFor(action),
          });
          sensible(); // other things may have happened while the token was checked
          return await act(given, by);
        } catch (error) {
          this.used.delete(given.token);
          throw refusal(error);
        }
      },
      {
        description: `${says}: ${JSON.stringify({ ...example, token: '…' })}`,
        validator: (given) => {
          try {
            checked(action, form, given);
            sensible();
            this.unused(given.token);
          } catch (error) {
            throw refusal(error);
          }
        },
      },
    );
    return this;
  }

  /** A validator's question alone: histories of the time before it have one token in several updates. */
  private unused(token: string): void {
    if (this.used.has(token))
      throw ApplicationFailure.nonRetryable('The token was used already; each is good for one update.', 'Refused');
  }

  /**
   * Pause and resume: between steps by itself, and besides as `on` and `off` say, which may change a release; then
   * `after` shows what is so.
   */
  mayPause(
    on: (given: Given['pause']) => Promise<string>,
    off: (given: Given['resume']) => Promise<string>,
    after: () => void = () => undefined,
    release: () => TokenFor | undefined = () => undefined,
  ): this {
    const { standing } = this.tell;
    this.take('pause', {
      on: release,
      unless: () => (this.paused ? 'It is paused already; resume it first.' : standing.refuses('pause')),
      act: async (given, by) => {
        this.paused = true;
        this.waited = this.tell.waits();
        try {
          const done = await on(given);
          this.pauses++;
          this.tell(`Paused: ${given.reason}`, { 'paused by': person(by) }, { waitsFor: '`resume`' });
          return done;
        } catch (error) {
          this.paused = false;
          throw error;
        }
      },
    });
    return this.take('resume', {
      on: release,
      unless: () => (this.paused && !standing.over ? undefined : standing.refuses('resume')),
      act: async (given, by) => {
        const done = await off(given);
        this.paused = false;
        this.tell('Resumed', { 'resumed by': person(by) }, this.waited);
        after();
        return done;
      },
    });
  }

  /** @param release  what it stops, where that is a release of a canister */
  mayAbort(abort: (given: Given['abort']) => Promise<string>, release?: () => TokenFor): this {
    const { standing } = this.tell;
    return this.take('abort', {
      on: release,
      unless: () =>
        this.aborted === undefined ? standing.refuses('abort') : `It was aborted already: ${this.aborted}`,
      act: async (given, by) => {
        this.aborted = given.reason;
        this.tell(`Aborted: ${given.reason}`, { 'aborted by': person(by) });
        try {
          return await abort(given);
        } catch (error) {
          this.aborted = undefined;
          this.tell(`It could not be aborted: ${causeOf(error).message}`);
          throw error;
        }
      },
    });
  }

  mayApprove(): this {
    return this.offer('approve', {
      act: async () => {
        this.approvals++;
        return 'Approved.';
      },
    });
  }

  /** Tries again what failed, while it is held; `mend` changes the input first. */
  mayRetry(mend: (change: Record<string, unknown>) => Promise<void>): this {
    return this.offer('retryStage', {
      act: async ({ change }) => {
        if (change !== undefined) await mend(change);
        this.again();
        return 'It is being tried again.';
      },
    });
  }

  /** Whether a failed step waits for a person. */
  get held(): boolean {
    return this.holding !== undefined;
  }

  /** Lets a held step begin again. */
  again(): void {
    if (this.holding) this.holding.again = true;
  }

  /** Moves the end of a hold. Returns when that is. */
  holdLonger(seconds: number): string {
    this.holding!.until += seconds * 1000;
    return new Date(this.holding!.until).toISOString();
  }

  /** Returns at once unless somebody paused the workflow, and has not aborted it since. */
  async unpaused(): Promise<void> {
    await condition(() => !this.paused || this.aborted !== undefined);
  }

  /** Holds what failed, so that a person can mend its cause. False when nobody came in time. */
  async mended(what: string, cause: string, seconds: number): Promise<boolean> {
    this.holds++;
    const holding = (this.holding = { until: Date.now() + seconds * 1000, again: false });
    try {
      while (!holding.again && Date.now() < holding.until) {
        const { until } = holding;
        this.tell(
          `${what} failed: ${cause}`,
          {},
          {
            waitsFor: 'a person to mend it, then `retryStage`; after that all is undone',
            until: new Date(until).toISOString(),
          },
        );
        await condition(() => holding.again || holding.until !== until, until - Date.now(), {
          summary: `${what} is held for an operator`,
        });
      }
      return holding.again;
    } finally {
      this.holding = undefined;
    }
  }
}

/**
 * Why an update is not done. `Refused` alone stays readable in the UI's dialog, which decrypts no failures
 * (infra/codec/src/failureConverter.cjs).
 */
function refusal(error: unknown): unknown {
  if (!(error instanceof ActivityFailure || error instanceof ApplicationFailure)) return error;
  const { message, type } = causeOf(error);
  return ApplicationFailure.nonRetryable(message, 'Refused', ...(type === 'Refused' ? [] : [{ code: type }]));
}

/**
 * Steps that an operator may abort: what they registered is undone, and the workflow fails as `Aborted` with the
 * reason.
 */
export async function abortable<T>(
  tell: Tell,
  steps: (undo: Compensations, desk: OperatorDesk) => Promise<T>,
): Promise<T> {
  const scope = new CancellationScope();
  const desk = new OperatorDesk(tell).mayAbort(async () => {
    scope.cancel();
    return 'What was begun is being undone.';
  });
  try {
    return await scope.run(() => undoingOnFailure(tell, (undo) => steps(undo, desk)));
  } catch (error) {
    if (!isCancellation(error) || desk.aborted === undefined) throw error;
    tell(`Aborted: ${desk.aborted}; what was begun is undone`, {}, { state: 'aborted', over: true });
    throw ApplicationFailure.nonRetryable(`Aborted by an operator: ${desk.aborted}`, 'Aborted');
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

const person = ({ operator }: Authority): string => `${operator.slice(0, 11)}…`;
