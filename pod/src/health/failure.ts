import { BLAMES, blameText, type Blame } from '@livepod/protocol';
import { PodError } from '../errors.js';

/**
 * All that a pod says of a failure outside of its device: a code of this closed set, and counts. The sentence stays in
 * its own log and history: it may hold a path, and a path its person's name.
 */
const CODES = [...BLAMES, 'corrected', 'other'] as const;
type Code = Blame | 'corrected' | 'other';
const COUNTS = ['corrections', 'windows', 'errors'] as const;

const isCode = (text: string): text is Code => (CODES as readonly string[]).includes(text);

/** A failure as the fleet hears it: `corrected: corrections 40, windows 60`. */
export function failureText(failure: unknown): string {
  if (!(failure instanceof PodError)) return textOf('other', {});
  return textOf(isCode(failure.code) ? failure.code : 'other', failure.details);
}

/**
 * The one door for what a report says: of a text that is not of this form, such as one that an earlier version of this
 * program left waiting, the code alone goes out.
 */
export function onlyCodes(text: string): string {
  const [code = ''] = text.split(':', 1);
  if (!isCode(code)) return textOf('other', {});
  const counts = COUNTS.flatMap((name) => {
    const count = new RegExp(`(?:^${code}: |, )${name} (\\d{1,9})(?=,|$)`).exec(text)?.[1];
    return count === undefined ? [] : [[name, Number(count)]];
  });
  return textOf(code, Object.fromEntries(counts) as Record<string, number>);
}

function textOf(code: Code, details: Readonly<Record<string, unknown>>): string {
  const counts = COUNTS.filter((name) => Number.isSafeInteger(details[name])).map((name) => `${name} ${details[name]}`);
  return blameText(code as Blame, counts.join(', '));
}
