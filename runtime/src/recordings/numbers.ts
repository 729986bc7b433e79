import type { Findings } from './finding.js';

/** The largest finite number of the type that samples are kept in, IEEE 754 binary32. */
export const LARGEST_SAMPLE = 3.4028234663852886e38;

const WITH_POINT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const WITH_COMMA = /^[+-]?(\d+,?\d*|,\d+)(e[+-]?\d+)?$/i;
/** How programs write that there is no value. */
const MISSING = new Set(['', 'nan', 'na', 'n/a', 'null', 'none', '-', '--', '?']);

export interface Place {
  line: number;
  column: number;
  field: string;
}

/** A decimal number as it is written in a field; undefined when it is none. Hexadecimal, `1_000` and ` ` are none. */
export function numberOf(text: string, decimal: '.' | ','): number | undefined {
  const trimmed = text.trim();
  if (!(decimal === ',' ? WITH_COMMA : WITH_POINT).test(trimmed)) return undefined;
  return Number(decimal === ',' ? trimmed.replace(',', '.') : trimmed);
}

/** A sample's value. What is missing, no number, or beyond what a sample can hold is refused at its place. */
export function sampleOf(text: string, decimal: '.' | ',', place: () => Place, findings: Findings): number {
  const value = numberOf(text, decimal);
  if (value !== undefined && Math.abs(value) <= LARGEST_SAMPLE) return value;
  const trimmed = text.trim();
  if (value !== undefined)
    findings.refuse('outOfRange', {
      ...place(),
      found: trimmed,
      expected: `a number up to ${LARGEST_SAMPLE.toPrecision(3)}`,
      remedy: 'Correct the value, or leave out the rows around it.',
    });
  else if (MISSING.has(trimmed.toLowerCase()))
    findings.refuse('missingValue', {
      ...place(),
      found: trimmed === '' ? 'nothing' : trimmed,
      expected: 'a number',
      remedy: 'Leave out the rows without a value; as two files when it happens in the middle.',
    });
  else
    findings.refuse('notANumber', {
      ...place(),
      found: trimmed.slice(0, 40),
      expected: decimal === ',' ? 'a number with a decimal comma' : 'a number with a decimal point',
      remedy: 'Correct the value.',
    });
  return NaN;
}
