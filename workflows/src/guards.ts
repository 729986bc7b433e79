import { ApplicationFailure } from '@temporalio/workflow';
import { findingsInWords, nearest, type Finding } from '@livepod/protocol/findings';
import { parsePlan, PlanError, type Plan } from '@livepod/protocol/plan';

/**
 * Checks a workflow's input in its first line. Written by hand and without dependencies: schema libraries build their
 * schemas once per cached workflow, which ends a busy worker. A refusal is an `InvalidInput` that is never retried, in
 * a sentence for the operator.
 */
export type Guard<T> = (value: unknown, field: string) => T;
export type Guarded<G> = G extends Guard<infer T> ? T : never;

/** What is wrong with the form of an input, and what of it can be looked at all the same. */
export interface Malformed {
  findings: Finding[];
  /** Without the fields that are malformed; entries of a list that are have `null` in their place. */
  rest?: object;
}
export type Reading<T> = { value: T } | Malformed;

/**
 * @throws ApplicationFailure `InvalidInput` (never retried) naming everything that is wrong with its remedy; the
 *   workflow has started nothing by then
 */
export function checked<T>(workflow: string, guard: Guard<T>, input: unknown): T {
  const read = reading(guard, input);
  if ('value' in read) return read.value;
  throw invalidInput(workflow, read.findings);
}

/** The failure of a wrong input: a sentence for each thing for people, the findings themselves for programs. */
export const invalidInput = (workflow: string, findings: Finding[]): ApplicationFailure =>
  ApplicationFailure.nonRetryable(`${workflow}: ${findingsInWords(findings)}`, 'InvalidInput', { findings });

/** What a guard makes of a value, or everything that is wrong with it. */
export function reading<T>(guard: Guard<T>, input: unknown, field = ''): Reading<T> {
  try {
    return { value: guard(input, field) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.malformed;
  }
}

class Refusal extends Error {
  constructor(readonly malformed: Malformed) {
    super(findingsInWords(malformed.findings));
  }
}

export function refuse(field: string, problem: string, remedy: string): never {
  throw new Refusal({ findings: [finding(field, problem, remedy)] });
}

export const finding = (path: string, found: string, remedy: string): Finding => ({
  path,
  found,
  expected: remedy.replace(/^Give /, ''),
  remedy,
});

/** Reads parts one after another, and refuses at the end for all that was wrong with any of them. */
class Parts {
  private readonly findings: Finding[] = [];

  /** Where it is refused: what is left of it, or undefined; handed out as `rest` only. */
  read<T>(guard: Guard<T>, value: unknown, field: string): T {
    const read = reading(guard, value, field);
    if ('value' in read) return read.value;
    this.findings.push(...read.findings);
    return read.rest as unknown as T;
  }

  wrong(field: string, problem: string, remedy: string): void {
    this.findings.push(finding(field, problem, remedy));
  }

  whole<T>(value: T, rest: object): T {
    if (this.findings.length > 0) throw new Refusal({ findings: this.findings, rest });
    return value;
  }
}

const misfit = (value: unknown, how = 'does not fit'): string => {
  if (value === undefined) return 'is missing';
  const text = JSON.stringify(value) ?? typeof value;
  return `is ${text.length > 60 ? `${text.slice(0, 57)}…` : text}, which ${how}`;
};

export const matching =
  (pattern: RegExp, remedy: string): Guard<string> =>
  (value, field) =>
    typeof value === 'string' && pattern.test(value) ? value : refuse(field, misfit(value), remedy);

export const contentId = matching(
  /^sha256:[0-9a-f]{64}$/,
  'Give an id: "sha256:" and 64 hexadecimal digits, as it was printed when the thing was made',
);
/** A dataset by its id, or by its title, which the checks of the input look up. */
export const datasetName = matching(
  /^(sha256:[0-9a-f]{64}|(?!sha256:)[^\n]{1,200})$/,
  'Give an id ("sha256:" and 64 hexadecimal digits, as it was printed when the thing was made), or a dataset\'s title',
);
export const name = matching(
  /^[a-z0-9][a-z0-9-]{0,23}$/,
  'Give a name of 1 to 24 lower-case letters, digits and dashes, such as "round-1"',
);
export const providerName = matching(
  /^[a-z0-9][a-z0-9-]{0,39}$/,
  'Give the name of a provider (livepod provider add), such as "provider-1"',
);
export const reference = matching(
  /^[a-z0-9][a-z0-9-]{0,15}$/,
  'Give 1 to 16 lower-case letters, digits and dashes; a new reference asks anew',
);
export const amount = matching(
  /^(0|[1-9][0-9]{0,29})$/,
  'Give an amount in e8s as text, such as "500000000" for 5 tokens',
);
export const token = matching(
  /^[A-Za-z0-9_-]{100,3000}\.[A-Za-z0-9_-]{86}$/,
  'Give a whole line as "livepod ops token" printed it',
);
export const principal = matching(
  /^[a-z2-7]{1,5}(-[a-z2-7]{1,5}){1,10}$/,
  'Give a principal as text, such as "2vxsx-fae" (livepod identity show)',
);
export const sentence = matching(/^[^\n]{3,400}$/, 'Give one line of 3 to 400 characters');

export const integer =
  (min: number, max: number): Guard<number> =>
  (value, field) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : refuse(field, misfit(value), `Give a whole number from ${min} to ${max}`);

export const flag: Guard<boolean> = (value, field) =>
  typeof value === 'boolean' ? value : refuse(field, misfit(value), 'Give true or false');

export const optional =
  <T>(guard: Guard<T>, otherwise: T): Guard<T> =>
  (value, field) =>
    value === undefined ? otherwise : guard(value, field);
export const nullable =
  <T>(guard: Guard<T>): Guard<T | null> =>
  (value, field) =>
    value === null ? null : guard(value, field);

export const list =
  <T>(guard: Guard<T>, min: number, max: number): Guard<T[]> =>
  (value, field) => {
    if (!Array.isArray(value))
      return refuse(field, misfit(value, 'is no list'), `Give a list of ${min} to ${max} entries`);
    if (value.length < min || value.length > max)
      return refuse(field, `has ${value.length} entries`, `Give ${min} to ${max}`);
    const parts = new Parts();
    const items = value.map((item, index) => parts.read(guard, item, `${field}[${index}]`));
    return parts.whole(
      items,
      items.map((item) => item ?? null),
    );
  };

/** What must be so of several fields together. Those that are malformed are missing here, and said already. */
export const together =
  <T extends object>(guard: Guard<T>, rules: (value: Partial<T>) => Finding[]): Guard<T> =>
  (value, field) => {
    const read = reading(guard, value, field);
    const { findings, rest } = 'value' in read ? { findings: [], rest: read.value } : read;
    if (rest === undefined) throw new Refusal({ findings });
    const all = [...findings, ...rules(rest as Partial<T>)];
    if (all.length > 0) throw new Refusal({ findings: all, rest });
    return rest as T;
  };

/** A list in which nothing stands twice. */
export const distinct = (guard: Guard<string[]>): Guard<string[]> => {
  const again = (items: (string | undefined)[], at: number): boolean =>
    typeof items[at] === 'string' && items.indexOf(items[at]) !== at;
  return (value, field) =>
    together(guard, (items) =>
      [...items.keys()]
        .filter((at) => again(items, at))
        .map((at) => finding(`${field}[${at}]`, 'stands in the list twice', 'Give each one once')),
    )(value, field);
};

/** An object with these fields; an unknown one is refused, because a misspelt field would be ignored otherwise. */
export const record =
  <F extends Record<string, Guard<unknown>>>(fields: F): Guard<{ [K in keyof F]: Guarded<F[K]> }> =>
  (value, field) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      return refuse(
        field,
        misfit(value, 'is no object'),
        `Give one JSON object with ${Object.keys(fields).join(', ')}`,
      );
    }
    const at = (key: string): string => (field === '' ? key : `${field}.${key}`);
    const known = Object.keys(fields);
    const parts = new Parts();
    for (const key of Object.keys(value).filter((key) => !Object.hasOwn(fields, key))) {
      const meant = nearest(key, known);
      const use = meant === undefined ? `use one of ${known.join(', ')}` : `call it "${meant}"`;
      parts.wrong(at(key), 'is not a field of this input', `Leave it out, or ${use}`);
    }
    // Its own fields only: every object also inherits some, such as "constructor".
    const given = new Map(Object.entries(value));
    const read = Object.entries(fields).map(
      ([key, guard]) => [key, parts.read(guard, given.get(key), at(key))] as const,
    );
    return parts.whole(
      Object.fromEntries(read) as { [K in keyof F]: Guarded<F[K]> },
      Object.fromEntries(read.filter(([, part]) => part !== undefined)),
    );
  };

/** Hyper-parameters: whole numbers, or decimals as text, because a fraction has no canonical form. */
export const hyperparameters: Guard<Record<string, number | string>> = (value, field) => {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return refuse(
      field,
      misfit(value, 'is no object'),
      'Give an object such as {"epochs": 10, "learningRate": "0.001"}',
    );
  const fits = (item: unknown): boolean =>
    Number.isSafeInteger(item) || (typeof item === 'string' && /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(item));
  const given = value as Record<string, number | string>;
  const parts = new Parts();
  for (const [key, item] of Object.entries(given))
    if (!fits(item))
      parts.wrong(`${field}.${key}`, misfit(item), 'Give a whole number, or a decimal as text such as "0.001"');
  return parts.whole(given, Object.fromEntries(Object.entries(given).filter(([, item]) => fits(item))));
};

/** How a release reaches its pods; the checks are the protocol's. */
export const plan: Guard<Plan> = (value, field) => {
  try {
    return parsePlan(value);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    throw new Refusal({
      findings: error.all.map((wrong) =>
        finding(wrong.field === '' ? field : `${field}.${wrong.field}`, wrong.problem, wrong.remedy),
      ),
    });
  }
};
