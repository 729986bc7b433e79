/**
 * What a reader can find in a recording that a person should know:
 *
 * - of the file: `unreadable` · `notText` · `notFit` · `emptyFile` · `noRows` · `unclosedQuote`
 * - of its columns: `missingColumn` · `duplicateColumn` · `fieldCount`
 * - of its values: `missingValue` · `notANumber` · `outOfRange` · `unknownLabel` · `noLabels` · `noStretch`
 * - of its time: `badTime` · `timeGoesBack` · `repeatedRows` · `rateDiffers` · `gap`
 */
export type FindingCode =
  | 'unreadable'
  | 'notText'
  | 'notFit'
  | 'emptyFile'
  | 'noRows'
  | 'unclosedQuote'
  | 'missingColumn'
  | 'duplicateColumn'
  | 'fieldCount'
  | 'missingValue'
  | 'notANumber'
  | 'outOfRange'
  | 'unknownLabel'
  | 'noLabels'
  | 'noStretch'
  | 'badTime'
  | 'timeGoesBack'
  | 'repeatedRows'
  | 'rateDiffers'
  | 'gap';

export interface Finding<Code extends string = FindingCode> {
  code: Code;
  /** Of the file, from 1: the header is line 1. */
  line?: number;
  /** The field's place in its line, from 1. */
  column?: number;
  /** The column's name. */
  field?: string;
  /** As it stands in the file: for its owner alone, never for a log. */
  found?: string;
  expected?: string;
  /** What to do about it. */
  remedy: string;
  /** How often, where it is more than once; the place is the first one. */
  times?: number;
  /** Whether the recording is refused for it. */
  refused: boolean;
}

type Said = Omit<Finding, 'code' | 'refused' | 'times'>;

/** What a reader found, the first place of each kind, in the order of discovery. */
export class Findings<Code extends string = FindingCode> {
  private readonly found = new Map<string, Finding<Code>>();

  /** Refuses the recording. */
  refuse(code: Code, finding: Said): void {
    this.add({ code, refused: true, ...finding });
  }

  /** Tells its owner, and goes on. */
  note(code: Code, finding: Said): void {
    this.add({ code, refused: false, ...finding });
  }

  get refused(): boolean {
    return this.list().some(({ refused }) => refused);
  }

  list(): Finding<Code>[] {
    return [...this.found.values()];
  }

  private add(finding: Finding<Code>): void {
    const key = `${finding.code} ${finding.field ?? ''}`;
    const before = this.found.get(key);
    if (before) before.times = (before.times ?? 1) + 1;
    else this.found.set(key, finding);
  }
}

/** Where a finding is: "line 7, x_acc (field 1)". */
export function placeOf({ line, column, field }: Finding<string>): string {
  const named = field === undefined ? undefined : column === undefined ? field : `${field} (field ${column})`;
  return [
    line === undefined ? undefined : `line ${line}`,
    named ?? (column === undefined ? undefined : `field ${column}`),
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}
