import { ApplicationFailure, condition, defineUpdate, setHandler } from '@temporalio/workflow';
import type { Tell } from './narration.js';

export const pauseUpdate = defineUpdate<string, [{ reason: string }]>('pause');
export const resumeUpdate = defineUpdate<string>('resume');
export const abortUpdate = defineUpdate<string, [{ reason: string }]>('abort');
export const approveUpdate = defineUpdate<string>('approve');

const refused = (sentence: string): never => {
  throw ApplicationFailure.nonRetryable(sentence, 'Refused');
};

/** Validators are synchronous: an asynchronous one would stop the workflow, not the update. */
export function needsReason(input: unknown): void {
  const reason = (input as { reason?: unknown } | undefined)?.reason;
  if (typeof reason !== 'string' || reason.length < 3 || reason.length > 400) refused('Say why: {"reason": "…"} with 3 to 400 characters.');
}

export interface Actions {
  pause(reason: string): Promise<string>;
  resume(): Promise<string>;
  abort(reason: string): Promise<string>;
}

/** What a person may do to a running workflow from its page: pause, resume, abort, and, where steps wait for it, approve. */
export class OperatorDesk {
  paused = false;
  aborted: string | undefined;
  private approvals = 0;
  private awaiting = false;

  constructor(
    private readonly tell: Tell,
    actions: Actions,
  ) {
    setHandler(pauseUpdate, async ({ reason }) => {
      this.paused = true;
      const done = await actions.pause(reason);
      tell(`Paused: ${reason}`);
      return done;
    }, {
      description: 'Hold before the next step: {"reason": "…"}',
      validator: (input) => {
        if (this.paused) refused('It is paused already; resume it first.');
        needsReason(input);
      },
    });
    setHandler(resumeUpdate, async () => {
      const done = await actions.resume();
      this.paused = false;
      tell('Resumed');
      return done;
    }, { description: 'Go on after a pause', validator: () => { if (!this.paused) refused('It is not paused.'); } });
    setHandler(abortUpdate, async ({ reason }) => {
      this.aborted = reason;
      tell(`Aborted: ${reason}`);
      return actions.abort(reason);
    }, {
      description: 'Stop for good and undo what was begun: {"reason": "…"}',
      validator: (input) => {
        if (this.aborted !== undefined) refused(`It was aborted already: ${this.aborted}`);
        needsReason(input);
      },
    });
    setHandler(approveUpdate, () => {
      this.approvals++;
      return 'approved';
    }, { description: 'Let the step that waits for approval begin', validator: () => { if (!this.awaiting) refused('Nothing waits for approval.'); } });
  }

  /** Returns at once unless somebody paused the workflow. */
  async unpaused(): Promise<void> {
    await condition(() => !this.paused);
  }

  /** Waits for one `approve`, or for `over` to become true. */
  async approved(what: string, over: () => boolean = () => false): Promise<void> {
    const before = this.approvals;
    this.awaiting = true;
    this.tell(`Waiting for approval: ${what}`);
    await condition(() => this.approvals > before || over());
    this.awaiting = false;
  }
}
