/**
 * How a checkpoint reaches pods: its type, its checks, its words and the product's default. The Rust of it is the crate
 * `rollout`; both are held to `vectors/plans.json`. Without dependencies, for workflows.
 */
import { nearest } from './findings.js';
import { MAX_SOAK_SECONDS, MAX_WAVES } from './limits.js';
import { DEFAULT_TEST, type PodTest } from './podTest.js';

/** When a release stops itself, and how much must be heard before its next wave. It judges pods, not windows. */
export interface Gate {
  /** Windows that the pods of a wave must have answered for before the next one. */
  minWindows: number;
  /** Of 1000 windows of a pod, how many its person may correct. */
  maxCorrectionPermille: number;
  /** Pods that may find the checkpoint itself at fault. */
  maxErrors: number;
  /** Pods that a verdict on corrections needs, as far as the wave reaches so many. Unsaid: 3. */
  minPods?: number;
  /** Windows that a pod needs to be judged. Unsaid: its part of `minWindows` among `minPods`. */
  minPodWindows?: number;
  /** Of 1000 judged pods, how many may be corrected too often. Unsaid: 500. */
  maxBadPermille?: number;
  /** The third version of a plan: how pods are judged, in the place of `minPods` and `maxBadPermille`. */
  test?: PodTest;
}

const podsNeeded = (gate: Gate): number => gate.minPods ?? 3;
/** Windows that a pod needs to be judged. */
export const windowsOfEach = (gate: Gate): number =>
  Math.max(1, gate.minPodWindows ?? Math.ceil(gate.minWindows / podsNeeded(gate)));

/** Of 1000 judged pods, how many may be corrected too often. */
export const badPermilleOf = (gate: Gate): number => gate.maxBadPermille ?? 500;

interface Pace {
  /** How long each wave lasts at least. */
  soakSeconds: number;
  gate: Gate;
  /** Whether an operator may end a wave's soak early; voters read it. */
  skippableSoak?: boolean;
}

/**
 * Waves as shares of the enrolled pods, in 1/1000, growing to 1000; or, as the first version had it, as numbers of
 * pods, of which the last is every pod whatever it says.
 */
export type Plan = Pace & ({ shares: number[]; waves?: undefined } | { waves: number[]; shares?: undefined });

/**
 * Eight days: one in a hundred pods, then one in twenty, one in five, all. A wave needs two days and 10,000 windows,
 * some hours of one wearer. One pod that finds the checkpoint itself at fault stops it, and so does a test that
 * compares each pod with its own version before, over some two hours of its windows (`npm run bench -- gates`).
 */
export const DEFAULT_PLAN: Plan = {
  shares: [10, 50, 200, 1000],
  soakSeconds: 2 * 86_400,
  gate: { minWindows: 10_000, maxCorrectionPermille: 150, maxErrors: 0, minPodWindows: 6_000, test: DEFAULT_TEST },
  skippableSoak: false,
};

/** How many waves a plan has. */
export const wavesOf = (plan: Plan): number => (plan.shares ?? plan.waves).length;

/**
 * How many of `pods` enrolled pods a plan's wave reaches; waves count from 1. At least one, while there is one; with a
 * test at least so many more than the wave before that it can tell, and never leaving fewer for the next.
 */
export function podsOfWave(plan: Plan, wave: number, pods: number): number {
  if (wave >= wavesOf(plan)) return pods;
  const step = plan.waves ? plan.waves[wave - 1]! : Math.ceil((pods * plan.shares[wave - 1]!) / 1000);
  const least = plan.gate.test?.minNewPods ?? 0;
  const reached = Math.min(pods, Math.max(step, least * wave));
  return pods - reached < least ? pods : reached;
}

/** The plan as voters read it. */
export function planInWords(plan: Plan): string {
  const { soakSeconds, gate, skippableSoak } = plan;
  const count = wavesOf(plan);
  const reach = plan.shares
    ? plan.shares.map((share) => `${share / 10} %`)
    : plan.waves.map((pods) => `${pods} ${pods === 1 ? 'pod' : 'pods'}`);
  return (
    `in ${count} ${count === 1 ? 'wave' : 'waves'} (${[...reach.slice(0, -1), 'every pod'].join(', ')}), ` +
    `${spanInWords(soakSeconds)} and ${counted(gate.minWindows, 'window')} each` +
    `${skippableSoak ? ' unless an operator ends a soak early' : ''}, ${gateInWords(gate)}`
  );
}

function gateInWords(gate: Gate): string {
  const { maxErrors, maxCorrectionPermille, test } = gate;
  const finds = maxErrors === 1 ? '1 pod finds' : `${maxErrors} pods find`;
  if (test)
    return (
      `stopped when too many pods are worse off than with their own version before, by more than ` +
      `${test.marginPermille} of 1000 windows, or, where there was none, on more than ${maxCorrectionPermille} of ` +
      `1000; a sequential test of at least ${counted(test.minNewPods, 'pod')} newly switched with ` +
      `${counted(windowsOfEach(gate), 'window')} and ${spanInWords(test.minPodSeconds)} each stops at most ` +
      `${test.falseAlarmPermille} of 1000 releases that make ${test.healthyPermille} of 1000 pods worse, lets at ` +
      `most ${test.missPermille} of 1000 waves pass that make ${test.unhealthyPermille} worse, and asks an operator ` +
      `where it cannot tell; or when more than ${finds} the checkpoint itself at fault`
    );
  return (
    `stopped when, half-way through a soak or at its end, more than ${badPermilleOf(gate)} of 1000 pods are ` +
    `corrected on more than ${maxCorrectionPermille} of 1000 windows, judged by at least ` +
    `${counted(podsNeeded(gate), 'pod')} with ${counted(windowsOfEach(gate), 'window')} each where the wave reaches ` +
    `so many, or when more than ${finds} the checkpoint itself at fault`
  );
}

const counted = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

function spanInWords(seconds: number): string {
  if (seconds === 0 || seconds % 3600 !== 0) return `${seconds} s`;
  return seconds % 86_400 === 0 ? `${seconds / 86_400} d` : `${seconds / 3600} h`;
}

/** What is wrong with a plan: the field (empty for the whole), the problem and the remedy, which make a sentence. */
export class PlanError extends Error {
  /** Everything that is wrong, this first. */
  all: readonly PlanError[] = [this];

  constructor(
    readonly field: string,
    readonly problem: string,
    readonly remedy: string,
  ) {
    super(`${field === '' ? 'plan' : `plan.${field}`} ${problem}. ${remedy}.`);
  }
}

const COUNT_LIMIT = 4_000_000_000;
const GATE_FIELDS = [
  'minWindows',
  'maxCorrectionPermille',
  'maxErrors',
  'minPods',
  'minPodWindows',
  'maxBadPermille',
  'test',
];

/** From and to. */
const TEST_LIMITS: Readonly<Record<keyof PodTest, readonly [number, number]>> = {
  healthyPermille: [1, 999],
  unhealthyPermille: [2, 999],
  falseAlarmPermille: [1, 500],
  missPermille: [1, 500],
  marginPermille: [0, 1000],
  minNewPods: [1, 1000],
  minPodSeconds: [0, MAX_SOAK_SECONDS],
};

/** Reads a plan of either version. @throws PlanError the first of all that is wrong */
export function parsePlan(value: unknown): Plan {
  const wrong: PlanError[] = [];
  const read = <T>(part: () => T): T => {
    try {
      return part();
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      wrong.push(...error.all);
      return undefined as T; // never handed out: something is wrong
    }
  };
  read(() => fieldsOf(value, '', ['shares', 'waves', 'soakSeconds', 'gate', 'skippableSoak']));
  if (!isObject(value)) throw first(wrong);
  const fields = value;
  read(() => fieldsOf(fields['gate'], 'gate', GATE_FIELDS));
  const gate = isObject(fields['gate']) ? fields['gate'] : undefined;
  const unlessUnsaid = (value: unknown, name: string, min: number, max: number): object =>
    value === undefined ? {} : { [name]: read(() => count(value, `gate.${name}`, min, max)) };
  const pace = {
    soakSeconds: read(() => count(fields['soakSeconds'], 'soakSeconds', 0, MAX_SOAK_SECONDS)),
    gate: gate && {
      minWindows: read(() => count(gate['minWindows'], 'gate.minWindows', 0, COUNT_LIMIT)),
      maxCorrectionPermille: read(() => count(gate['maxCorrectionPermille'], 'gate.maxCorrectionPermille', 0, 1000)),
      maxErrors: read(() => count(gate['maxErrors'], 'gate.maxErrors', 0, COUNT_LIMIT)),
      ...unlessUnsaid(gate['minPods'], 'minPods', 1, COUNT_LIMIT),
      ...unlessUnsaid(gate['minPodWindows'], 'minPodWindows', 0, COUNT_LIMIT),
      ...unlessUnsaid(gate['maxBadPermille'], 'maxBadPermille', 0, 1000),
      ...(gate['test'] === undefined ? {} : { test: read(() => testOf(gate)) }),
    },
    skippableSoak: read(() => flag(fields['skippableSoak'], 'skippableSoak')),
  };
  const reach = read(() => reachOf(fields));
  if (wrong.length > 0) throw first(wrong);
  return { ...reach, ...(pace as Pace) };
}

function testOf(gate: Record<string, unknown>): PodTest {
  for (const field of ['minPods', 'maxBadPermille'])
    if (gate[field] !== undefined)
      throw new PlanError(`gate.${field}`, 'is given, and "test" says how pods are judged', 'Leave it out');
  const names = Object.keys(TEST_LIMITS) as (keyof PodTest)[];
  const fields = fieldsOf(gate['test'], 'gate.test', names);
  const test = Object.fromEntries(
    names.map((name) => [name, count(fields[name], `gate.test.${name}`, ...TEST_LIMITS[name])]),
  ) as unknown as PodTest;
  if (test.unhealthyPermille <= test.healthyPermille)
    throw new PlanError(
      'gate.test.unhealthyPermille',
      `is not larger than healthyPermille, ${test.healthyPermille}`,
      'Give a larger share',
    );
  return test;
}

function first(wrong: PlanError[]): PlanError {
  wrong[0]!.all = [...wrong];
  return wrong[0]!;
}

function reachOf(given: Record<string, unknown>): { shares: number[] } | { waves: number[] } {
  if (given['waves'] === undefined) return { shares: sharesOf(given['shares']) };
  if (given['shares'] !== undefined)
    throw new PlanError('waves', 'and "shares" are both given', 'Give shares of the fleet, and leave "waves" out');
  return { waves: growing(given['waves'], 'waves', COUNT_LIMIT, 'numbers of pods, such as [1, 3, 6]') };
}

const SHARES = 'shares in 1/1000 of the pods that end in 1000, such as [10, 50, 200, 1000]';

function sharesOf(value: unknown): number[] {
  const shares = growing(value, 'shares', 1000, SHARES);
  if (shares.at(-1) !== 1000)
    throw new PlanError(`shares[${shares.length - 1}]`, 'is not 1000, the whole fleet', `Give growing ${SHARES}`);
  return shares;
}

function growing(value: unknown, field: string, max: number, such: string): number[] {
  if (!Array.isArray(value)) {
    const problem = value === undefined ? 'is missing' : 'is no list';
    throw new PlanError(field, problem, `Give growing ${such}`);
  }
  if (value.length < 1 || value.length > MAX_WAVES)
    throw new PlanError(field, `has ${value.length} entries`, `Give 1 to ${MAX_WAVES}`);
  const steps = value.map((item, index) => count(item, `${field}[${index}]`, 1, max));
  const back = steps.findIndex((step, index) => step <= steps[index - 1]!);
  if (back !== -1)
    throw new PlanError(`${field}[${back}]`, 'is not larger than the wave before it', `Give growing ${such}`);
  return steps;
}

function count(value: unknown, field: string, min: number, max: number): number {
  const number = value as number;
  if (Number.isSafeInteger(value) && number >= min && number <= max) return number;
  const problem = value === undefined ? 'is missing' : `is ${shown(value)}, which does not fit`;
  throw new PlanError(field, problem, `Give a whole number from ${min} to ${max}`);
}

function flag(value: unknown, field: string): boolean {
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw new PlanError(field, `is ${shown(value)}, which does not fit`, 'Give true or false');
}

function fieldsOf(value: unknown, field: string, known: string[]): Record<string, unknown> {
  if (!isObject(value)) {
    const problem = value === undefined ? 'is missing' : `is ${shown(value)}, which is no object`;
    throw new PlanError(field, problem, `Give one JSON object with ${known.join(', ')}`);
  }
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw first(
      unknown.map((key) => {
        const meant = nearest(key, known);
        return new PlanError(
          field === '' ? key : `${field}.${key}`,
          'is not a field of this input',
          `Leave it out, or ${meant === undefined ? `use one of ${known.join(', ')}` : `call it "${meant}"`}`,
        );
      }),
    );
  return value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
