import { readFileSync, writeFileSync } from 'node:fs';
import { calledInSource } from './called.js';
import { Chain } from './chain.js';
import type { Plan } from './control.js';
import type { Lab, Shifts } from './lab.js';
import { FAULTS, type Fault } from './orders.js';
import { runTogether, type Outcome } from './runs.js';
import type { Scenario } from './scenarios/index.js';
import { trainTemplate, type Template } from './template.js';
import { difference, type World } from './world.js';

/** One field of the table. */
export interface Cell {
  workflow: string;
  activity: string;
  fault: Fault;
  outcome: 'same' | 'different' | 'notApplicable';
  why: string;
  seed: number;
}

/** A run under a fault, and what it left different from the undisturbed one. */
export interface Trial {
  scenario: string;
  fault: Fault;
  shift?: string | undefined;
  only?: string | undefined;
  /** `workflow.activity` of what was struck. */
  struck: string[];
  differences: string[];
}

/** A scenario when nothing happens to it. */
interface Reference {
  world: World;
  steps: {
    step: string;
    calls: number;
    milliseconds: number;
    s3Calls: number;
    /** It is not cut short, as by what the run is about. */ succeeds: boolean;
  }[];
}

/** What has been done so far; written after each phase, so that `--resume` goes on there. */
export interface Progress {
  seed: number;
  references: Record<string, Reference>;
  registered: string[];
  phases: string[];
  trials: Trial[];
  /** Spent until the last save. */
  minutes?: number;
}

export interface Only {
  workflow?: string | undefined;
  activity?: string | undefined;
  fault?: Fault | undefined;
}

export interface Phase {
  title: string;
  faults: readonly Fault[];
  shifts?: Shifts;
}

/** By which trials under wrong clocks are told apart. */
const shiftOf = ({ title, shifts }: Phase): string | undefined => (shifts ? title : undefined);

const skewed = (title: string, milliseconds: number): Phase => ({
  title,
  faults: ['clockSkew'],
  shifts: { orchestrator: milliseconds, provider: -milliseconds, evaluator: milliseconds },
});

/** For every build: few phases, and no waiting for time-outs of the server's. */
export const SAMPLE: readonly Phase[] = [
  { title: 'crashes, duplicates, S3 errors', faults: ['crashBefore', 'crashAfter', 'duplicate', 's3Errors'] },
  { title: 'workers and servers killed', faults: ['workerKill', 'temporalRestart', 'icKill'] },
];

/**
 * Faults that do not hinder each other are tried in one go; those that end processes or servers hit every run in
 * flight.
 */
const PHASES: readonly Phase[] = [
  { title: 'duplicates, time-outs, S3 errors', faults: ['duplicate', 'timeout', 's3Errors'] },
  { title: 'crashes before and after', faults: ['crashBefore', 'crashAfter'] },
  { title: 'workers killed', faults: ['workerKill'] },
  { title: 'Temporal killed', faults: ['temporalRestart'] },
  { title: 'IC host killed', faults: ['icKill'] },
  skewed('clocks 2 minutes off', 120_000),
  skewed('clocks 2 minutes off, the other way', -120_000),
  skewed('clocks an hour off', 3_600_000),
  skewed('clocks an hour off, the other way', -3_600_000),
];

/** How long a step that only waits is let wait before it is struck, at most. */
const WAITING_MS = 1_000;

/** An activity that the scenarios run. */
interface Step {
  workflow: string;
  activity: string;
  s3Calls: number;
}

/** Runs every scenario undisturbed, twice, then under every fault, and compares. */
export class Matrix {
  private readonly chain = new Chain();
  private readonly began = Date.now();
  private readonly before: number;
  private next = 1;
  private made: Promise<Template> | undefined;
  private readonly template = (): Promise<Template> => (this.made ??= trainTemplate(this.lab));
  private readonly scenarios: readonly Scenario[];

  constructor(
    private readonly lab: Lab,
    all: readonly Scenario[],
    private readonly only: Only,
    readonly progress: Progress,
    private readonly file: string | undefined,
    private readonly phases: readonly Phase[] = PHASES,
  ) {
    this.before = progress.minutes ?? 0;
    const own = all.filter(({ name }) => name.startsWith(`${only.workflow}/`));
    // The provider's workflows are started by a round only.
    this.scenarios =
      only.workflow === undefined
        ? all
        : own.length > 0
          ? own
          : all.filter(({ name }) => name.startsWith('trainingRound/'));
  }

  async run(): Promise<void> {
    if (Object.keys(this.progress.references).length === 0) await this.referTo();
    for (const { name } of this.scenarios) {
      for (const { step, calls, milliseconds } of this.progress.references[name]!.steps)
        this.lab.control.usual.set(`${name} ${step}`, { calls, milliseconds });
    }
    for (const phase of this.phases) {
      const faults = phase.faults.filter((fault) => this.only.fault === undefined || this.only.fault === fault);
      const isDone = this.progress.phases.includes(phase.title);
      const bad = isDone ? this.badAlone({ ...phase, faults }) : [];
      if (
        faults.length === 0 ||
        (isDone && bad.length === 0 && faults.every((fault) => this.notStruck(fault).length === 0))
      )
        continue;
      this.lab.tell(`── ${phase.title}${isDone ? ', again' : ''}`);
      if (phase.shifts) await this.lab.restartWorkers(phase.shifts);
      await (isDone ? this.retry(bad) : this.try({ ...phase, faults }));
      await this.strikeMissed({ ...phase, faults });
      if (phase.shifts) await this.lab.restartWorkers();
      if (!isDone) this.progress.phases.push(phase.title);
      this.save();
    }
  }

  /** Undisturbed, twice: what differs between two such runs would say nothing about a fault. */
  private async referTo(): Promise<void> {
    this.lab.tell('── undisturbed, twice');
    const outcomes = await this.together(
      this.scenarios.flatMap(({ name }) => [this.plan(name, null), this.plan(name, null)]),
    );
    const unlike: string[] = [];
    for (const { name } of this.scenarios) {
      const [first, second] = outcomes.filter(({ plan }) => plan.scenario === name) as [Outcome, Outcome];
      unlike.push(...difference(first.world, second.world).map((line) => `${name}: ${line}`));
      this.progress.references[name] = {
        world: first.world,
        steps: first.steps.map((step) => {
          const durations = [
            ...step.milliseconds,
            ...(second.steps.find((other) => other.workflow === step.workflow && other.activity === step.activity)
              ?.milliseconds ?? []),
          ];
          return {
            step: `${step.workflow}.${step.activity}`,
            calls: step.calls.size,
            s3Calls: step.s3Calls,
            succeeds: durations.length > 0,
            milliseconds: durations.length > 0 ? Math.min(...durations) : WAITING_MS,
          };
        }),
      };
    }
    if (unlike.length > 0)
      throw new Error(`Two undisturbed runs differ, so nothing can be compared with them:\n${unlike.join('\n')}`);
    this.progress.registered = [...this.lab.control.registered].sort();
    if (this.only.workflow === undefined) {
      const called = new Set(this.steps().flatMap(({ workflow, activity }) => [activity, `${workflow}.${activity}`]));
      const offered = this.progress.registered;
      const missed = [
        ...offered,
        ...calledInSource().filter((step) => offered.includes(step.slice(step.indexOf('.') + 1))),
      ].filter((step) => !called.has(step));
      if (missed.length > 0)
        throw new Error(`No scenario calls ${missed.join(', ')}; add one that does (test/faults/scenarios).`);
    }
    this.save();
  }

  private async try(phase: Phase): Promise<void> {
    const wanted = this.onlyStep;
    const shift = shiftOf(phase);
    const stepsOf = (scenario: string) =>
      this.progress.references[scenario]!.steps.filter(({ step }) =>
        wanted === undefined ? this.strikes(scenario).includes(step.split('.')[0]!) : step === wanted,
      );
    const plans = this.scenarios.flatMap(({ name }) =>
      phase.faults.flatMap((fault) => {
        const steps = stepsOf(name).filter(({ s3Calls }) => fault !== 's3Errors' || s3Calls > 0);
        return steps.length === 0 ? [] : [this.plan(name, fault, { shift, only: wanted })];
      }),
    );
    const first = this.judged(await this.together(plans));
    this.progress.trials.push(...first);

    // A run that differs is tried again, once for each step alone, to know whose it is.
    const again = first.flatMap((trial) =>
      trial.differences.length === 0 || trial.only !== undefined
        ? []
        : trial.struck.map((only) => this.plan(trial.scenario, trial.fault, { shift, only })),
    );
    if (again.length > 0) this.progress.trials.push(...this.judged(await this.together(again)));
  }

  /** Steps that no blow hit: alone, at their first call, and sooner each time. */
  private async strikeMissed(phase: Phase): Promise<void> {
    const shift = shiftOf(phase);
    for (const haste of [0.5, 0.2, 0.05, 0.01]) {
      const missed = phase.faults.flatMap((fault) =>
        this.notStruck(fault).map(({ step, scenario }) => this.plan(scenario, fault, { shift, only: step, haste })),
      );
      if (missed.length === 0) break;
      this.lab.tell(`not struck yet, tried alone: ${missed.map(({ only, fault }) => `${only}:${fault}`).join(', ')}`);
      this.progress.trials.push(...this.judged(await this.together(missed)));
    }
  }

  /**
   * Trials of a step alone that came out different in a phase that is done: they are for `retry`, once what they found
   * was mended.
   */
  private badAlone(phase: Phase): Trial[] {
    const shift = shiftOf(phase);
    return this.progress.trials.filter(
      (trial) =>
        trial.only !== undefined &&
        trial.differences.length > 0 &&
        trial.shift === shift &&
        phase.faults.includes(trial.fault),
    );
  }

  private async retry(bad: Trial[]): Promise<void> {
    const trials = this.judged(
      await this.together(bad.map(({ scenario, fault, shift, only }) => this.plan(scenario, fault, { shift, only }))),
    );
    this.progress.trials = [...this.progress.trials.filter((trial) => !bad.includes(trial)), ...trials];
  }

  private get onlyStep(): string | undefined {
    return this.only.activity === undefined ? undefined : `${this.only.workflow}.${this.only.activity}`;
  }

  private notStruck(fault: Fault): { step: string; scenario: string }[] {
    const wanted = this.onlyStep;
    return this.steps().flatMap(({ workflow, activity, s3Calls }) => {
      const step = `${workflow}.${activity}`;
      if (
        (this.only.workflow ?? workflow) !== workflow ||
        (wanted !== undefined && step !== wanted) ||
        (fault === 's3Errors' && s3Calls === 0)
      )
        return [];
      if (this.progress.trials.some((trial) => trial.fault === fault && trial.struck.includes(step))) return [];
      const ways = this.scenarios.map(({ name }) => ({
        scenario: name,
        one: this.progress.references[name]!.steps.find((one) => one.step === step),
      }));
      const way =
        ways.find(({ one }) => one?.succeeds && (fault !== 's3Errors' || one.s3Calls > 0)) ??
        ways.find(({ one }) => one)!;
      return [{ step, scenario: way.scenario }];
    });
  }

  /** Every step that some undisturbed run took. */
  private steps(): Step[] {
    const steps = new Map<string, number>();
    for (const { name } of this.scenarios)
      for (const { step, s3Calls } of this.progress.references[name]!.steps)
        steps.set(step, (steps.get(step) ?? 0) + s3Calls);
    return [...steps]
      .map(([step, s3Calls]) => ({
        workflow: step.split('.')[0]!,
        activity: step.split('.').slice(1).join('.'),
        s3Calls,
      }))
      .sort((a, b) => (`${a.workflow}.${a.activity}` < `${b.workflow}.${b.activity}` ? -1 : 1));
  }

  cells(): Cell[] {
    const { only } = this;
    const steps = this.steps().filter(
      ({ workflow, activity }) => (only.workflow ?? workflow) === workflow && (only.activity ?? activity) === activity,
    );
    const faults = FAULTS.filter(
      (fault) => (only.fault ?? fault) === fault && this.phases.some((phase) => phase.faults.includes(fault)),
    );
    return steps.flatMap((step) => faults.map((fault) => this.cell(step, fault)));
  }

  private cell({ workflow, activity, s3Calls }: Step, fault: Fault): Cell {
    const { seed, trials } = this.progress;
    const step = `${workflow}.${activity}`;
    const cell = { workflow, activity, fault, seed };
    if (fault === 's3Errors' && s3Calls === 0)
      return {
        ...cell,
        outcome: 'notApplicable',
        why: 'it makes no request to S3: none was seen at the proxy in any run',
      };
    const struck = trials.filter((trial) => trial.fault === fault && trial.struck.includes(step));
    if (struck.length === 0)
      return { ...cell, outcome: 'different', why: 'the fault never hit it; see the log of the run' };
    const alone = (scenario: string, shift?: string): Trial | undefined =>
      struck.find((trial) => trial.only === step && trial.scenario === scenario && trial.shift === shift);
    const counts = struck.map((trial) =>
      trial.only === undefined ? (alone(trial.scenario, trial.shift) ?? trial) : trial,
    );
    const bad = counts.find(({ differences }) => differences.length > 0);
    if (bad)
      return { ...cell, outcome: 'different', why: `${played(bad)}: ${bad.differences.join('; ')}`.slice(0, 1500) };
    return { ...cell, outcome: 'same', why: [...new Set(struck.map(played))].join(', ') };
  }

  private judged(outcomes: Outcome[]): Trial[] {
    return outcomes.map(({ plan, world, steps }) => {
      const differences = difference(this.progress.references[plan.scenario]!.world, world);
      if (differences.length > 0)
        this.lab.tell(
          `DIFFERENT ${plan.run} ${plan.scenario} ${plan.fault}${plan.only ? ` of ${plan.only}` : ''}:\n    ` +
            `${differences.join('\n    ')}`,
        );
      return {
        scenario: plan.scenario,
        fault: plan.fault!,
        shift: plan.shift,
        only: plan.only,
        struck: steps.filter(({ struck }) => struck).map((step) => `${step.workflow}.${step.activity}`),
        differences,
      };
    });
  }

  private together(plans: Plan[]): Promise<Outcome[]> {
    return runTogether(this.lab, this.chain, this.scenarios, plans, this.template);
  }

  private plan(scenario: string, fault: Fault | null, more: Partial<Plan> = {}): Plan {
    return {
      run: `r${this.next++}`,
      scenario,
      fault,
      seed: this.progress.seed,
      ...(fault === null ? {} : { strikes: this.strikes(scenario) }),
      ...more,
    };
  }

  /**
   * Whose steps a scenario's runs are struck in: a lifecycle of twenty-five blows would say nothing more than its
   * children on ways of their own. A workflow without ways of its own is struck where it comes first.
   */
  private strikes(scenario: string): string[] {
    const workflow = (name: string): string => name.split('/')[0]!;
    const own = new Set(this.scenarios.map(({ name }) => workflow(name)));
    const called = ({ name }: Scenario): string[] =>
      this.progress.references[name]!.steps.map(({ step }) => step.split('.')[0]!);
    const home = (child: string): string => workflow(this.scenarios.find((one) => called(one).includes(child))!.name);
    const all = new Set(this.scenarios.flatMap(called));
    return [...all].filter((one) => (own.has(one) ? one : home(one)) === workflow(scenario));
  }

  private save(): void {
    this.progress.minutes = this.before + (Date.now() - this.began) / 60_000;
    if (this.file) writeFileSync(this.file, JSON.stringify(this.progress));
  }
}

const played = ({ scenario, shift }: Trial): string => (shift ? `${scenario} (${shift})` : scenario);

export const fresh = (seed: number): Progress => ({ seed, references: {}, registered: [], phases: [], trials: [] });
export const resumed = (file: string): Progress => JSON.parse(readFileSync(file, 'utf8')) as Progress;
