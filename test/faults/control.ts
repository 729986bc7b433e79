import { createServer, type IncomingMessage, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Blow } from './blow.js';
import { random, seedOf, type Began, type Ended, type Fault, type Order } from './orders.js';

/** What one run of a scenario is struck by. */
export interface Plan {
  run: string;
  scenario: string;
  fault: Fault | null;
  seed: number;
  /** `workflow.activity` of the one step that is struck; every step of the run without it. */
  only?: string;
  /** Whose steps are struck, unless `only` says which; every workflow's without it. */
  strikes?: readonly string[];
  /**
   * Blows in the middle come earlier by this factor, and at the first call of the step; default 1, and at a call that
   * the seed chooses.
   */
  haste?: number;
  /** Nothing counts before: what prepares the run may be steps of workflows, too. */
  begun?: boolean;
  /** By how much clocks are wrong, for people. */
  shift?: string;
}

/** An attempt that is to be struck in its middle, so many milliseconds after its begin. */
interface Member {
  began: Began;
  after: number;
  step: Step;
}

const attemptOf = ({ runId, activityId, attempt }: Began): string => `${runId} ${activityId} ${attempt}`;

/** What was seen of one step (`workflow.activity`) of a run. */
export interface Step {
  workflow: string;
  activity: string;
  /** The occurrence that is struck, by the server's number of the activity. */
  target?: string;
  struck: boolean;
  /** Distinct calls by the workflow. */
  calls: Set<string>;
  attempts: number;
  s3Calls: number;
  milliseconds: number[];
  /** The attempts that the S3 proxy has already failed. */
  s3Failed: Set<number>;
}

export interface Servers {
  /** Kills a server and returns when it stands again. */
  kill(server: 'temporal' | 'ic'): Promise<void>;
}

const KILLED_IN_THE_MIDDLE: readonly Fault[] = ['workerKill', 'temporalRestart', 'icKill'];
/** Steps that take longer are not held back for others. */
const LONG_MS = 1_500;

/** Hears of every activity's beginning and end, and decides what happens to it. */
export class Control {
  readonly steps = new Map<string, Map<string, Step>>();
  /** How often a scenario calls a step when nothing happens to it, and how long it takes. */
  readonly usual = new Map<string, { calls: number; milliseconds: number }>();
  /** Every activity that some worker offers. */
  readonly registered = new Set<string>();
  private readonly plans = new Map<string, Plan>();
  private readonly jobs = new Map<number, string>();
  private readonly began = new Map<string, number>();
  private readonly dice = new Map<string, () => number>();
  private readonly crashes = new Blow<number>(async (pids) => this.end(pids));
  private readonly middles = Object.fromEntries(
    KILLED_IN_THE_MIDDLE.map((fault) => [
      fault,
      new Blow<Member>((members, release) => this.strike(fault, members, release)),
    ]),
  ) as Record<Fault, Blow<Member>>;
  private server!: Server;
  url = '';

  constructor(
    private readonly servers: Servers,
    private readonly tell: (line: string) => void,
  ) {}

  async open(): Promise<void> {
    this.server = createServer((request, response) => {
      void bodyOf(request)
        .then(async (body) => {
          if (request.url === '/hello') for (const activity of body as string[]) this.registered.add(activity);
          const answer =
            request.url === '/hello'
              ? {}
              : request.url === '/began'
                ? await this.onBegan(body as Began)
                : await this.onEnded(body as Ended);
          response.end(JSON.stringify(answer));
        })
        .catch((error: unknown) => {
          this.tell(`lab: ${(error as Error).stack}`);
          response.end('{"order":"once","mark":"","hang":false}');
        });
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  add(plan: Plan): void {
    this.plans.set(plan.run, plan);
    this.steps.set(plan.run, new Map());
    this.dice.set(plan.run, random(seedOf(`${plan.scenario} ${plan.fault}`, plan.seed)));
  }

  /** The provider's workflows know a job's number only. */
  jobIs(job: number, run: string): void {
    this.jobs.set(job, run);
  }

  jobsOf(run: string): number[] {
    return [...this.jobs].filter(([, whose]) => whose === run).map(([job]) => job);
  }

  runs(): string[] {
    return [...this.plans.keys()];
  }

  stepsOf(run: string): Step[] {
    return [...(this.steps.get(run)?.values() ?? [])];
  }

  /**
   * Resolves when the activity has begun in this run, and what was to happen to it at its begin or in its middle has
   * happened.
   */
  async reached(run: string, activity: string, workflow?: string): Promise<void> {
    const plan = this.plans.get(run)!;
    const needsSuccess =
      plan.fault === null || ['crashAfter', 'timeout', 'duplicate', 's3Errors', 'clockSkew'].includes(plan.fault);
    for (;;) {
      const step = this.stepsOf(run).find(
        (one) => one.activity === activity && one.attempts > 0 && (workflow ?? one.workflow) === one.workflow,
      );
      if (step && (needsSuccess || step.struck || !this.isTarget(plan, step))) return;
      await sleep(50);
    }
  }

  /** The S3 proxy asks what becomes of a request. */
  s3Fate(mark: string): 'pass' | 'error' | 'reset' {
    const [run, workflow, activity, attempt] = mark.split(' ');
    const step = this.steps.get(run ?? '')?.get(`${workflow}.${activity}`);
    const plan = this.plans.get(run ?? '');
    if (!step || !plan) return 'pass';
    step.s3Calls++;
    if (plan.fault !== 's3Errors' || !this.isTarget(plan, step)) return 'pass';
    if (step.s3Failed.size < 2) step.s3Failed.add(Number(attempt));
    if (!step.s3Failed.has(Number(attempt))) return 'pass';
    step.struck = true;
    return [...step.s3Failed].indexOf(Number(attempt)) === 0 ? 'error' : 'reset';
  }

  private runOf({ workflowId }: { workflowId: string }): string | undefined {
    const named = /(?:^|-)(r\d+)(?:-|$)/.exec(workflowId)?.[1];
    const job = /^training-job-(\d+)$/.exec(workflowId)?.[1];
    return named ?? (job === undefined ? undefined : this.jobs.get(Number(job)));
  }

  private isTarget(plan: Plan, step: Step): boolean {
    return plan.only === undefined
      ? (plan.strikes?.includes(step.workflow) ?? true)
      : plan.only === `${step.workflow}.${step.activity}`;
  }

  /** The step's record, and whether this attempt is one to strike. */
  private look(began: Began): { plan: Plan; step: Step; strike: boolean } | undefined {
    const run = this.runOf(began);
    const plan = run === undefined ? undefined : this.plans.get(run);
    if (!plan?.begun) return undefined;
    const key = `${began.workflow}.${began.activity}`;
    const steps = this.steps.get(plan.run)!;
    const step = steps.get(key) ?? {
      workflow: began.workflow,
      activity: began.activity,
      struck: false,
      calls: new Set(),
      attempts: 0,
      s3Calls: 0,
      milliseconds: [],
      s3Failed: new Set(),
    };
    steps.set(key, step);
    const call = `${began.runId} ${began.activityId}`;
    if (!step.calls.has(call)) {
      step.calls.add(call);
      const usual = this.usual.get(`${plan.scenario} ${key}`)?.calls ?? 1;
      const chosen =
        plan.haste !== undefined ? 1 : 1 + (seedOf(`${plan.scenario} ${plan.fault} ${key}`, plan.seed) % usual);
      if (step.target === undefined && step.calls.size === chosen) step.target = call;
    }
    return {
      plan,
      step,
      strike: plan.fault !== null && !step.struck && step.target === call && this.isTarget(plan, step),
    };
  }

  private async onBegan(began: Began): Promise<{ order: Order; mark: string }> {
    const looked = this.look(began);
    if (!looked) return { order: 'once', mark: '' };
    const { plan, step, strike } = looked;
    const mark = `${plan.run} ${began.workflow} ${began.activity} ${began.attempt}`;
    step.attempts++;
    this.began.set(attemptOf(began), performance.now());
    if (plan.fault === 'clockSkew') step.struck = true;
    if (!strike) return { order: 'once', mark };
    if (plan.fault === 'crashBefore') {
      step.struck = true;
      await this.crashes.join(began.pid);
    } else if (KILLED_IN_THE_MIDDLE.includes(plan.fault!)) {
      const usual = this.usual.get(`${plan.scenario} ${began.workflow}.${began.activity}`)?.milliseconds ?? 200;
      const after = this.dice.get(plan.run)!() * usual * (plan.haste ?? 1);
      const blow = { began, after, step };
      if (usual < LONG_MS || plan.haste !== undefined) await this.middles[plan.fault!].join(blow);
      else void sleep(after).then(() => this.middles[plan.fault!].join({ ...blow, after: 0 }));
      this.began.set(attemptOf(began), performance.now());
    }
    return { order: plan.fault === 'duplicate' ? 'twice' : 'once', mark };
  }

  private async onEnded(ended: Ended): Promise<{ hang: boolean }> {
    const run = this.runOf(ended);
    if (run !== undefined && ended.activity === 'requesting.request' && 'result' in ended)
      this.jobIs((ended.result as { job: number }).job, run);
    const looked = this.look(ended);
    const since = this.began.get(attemptOf(ended));
    this.began.delete(attemptOf(ended));
    if (!looked || 'failed' in ended) return { hang: false };
    const { plan, step, strike } = looked;
    if (since !== undefined) step.milliseconds.push(performance.now() - since);
    if (!strike) return { hang: false };
    if (plan.fault === 'duplicate') step.struck = true;
    if (plan.fault === 'crashAfter') {
      step.struck = true;
      await this.crashes.join(ended.pid);
    }
    if (plan.fault !== 'timeout') return { hang: false };
    step.struck = true;
    return { hang: true };
  }

  private async strike(fault: Fault, members: Member[], release: () => void): Promise<void> {
    release();
    await sleep(Math.min(...members.map(({ after }) => after)));
    for (const { began, step } of members) if (this.began.has(attemptOf(began))) step.struck = true;
    if (fault === 'workerKill') await this.end(members.map(({ began }) => began.pid));
    else await this.servers.kill(fault === 'icKill' ? 'ic' : 'temporal');
  }

  private async end(pids: number[]): Promise<void> {
    for (const pid of new Set(pids)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Another blow was faster; the attempt is gone all the same.
      }
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return JSON.parse(Buffer.concat(pieces).toString('utf8'));
}
