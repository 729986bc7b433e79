/**
 * What is wrong with something that a person wrote: everything at once, each thing with its place and its remedy.
 * Without dependencies, for workflows.
 */
export interface Finding {
  /** Where: `plan.waves[1]`; empty for the whole. */
  path: string;
  /** What stands there, so that it reads after the path: `is "typo", which does not fit`. */
  found: string;
  /** What would be right. */
  expected: string;
  /** What to do, as a sentence without its full stop. */
  remedy: string;
}

/** One finding as a sentence. */
export const findingInWords = ({ path, found, remedy }: Finding): string =>
  `${path === '' ? 'The input' : `"${path}"`} ${found}. ${remedy}.`;

/** All of them; one alone is a plain sentence. */
export function findingsInWords(findings: readonly Finding[]): string {
  if (findings.length === 1) return findingInWords(findings[0]!);
  return [`${findings.length} things are wrong.`, ...findings.map((each) => `- ${findingInWords(each)}`)].join('\n');
}

/** What two readers found: of a place that the first has spoken of the second has nothing to add. */
export const foundBesides = (first: readonly Finding[], second: readonly Finding[]): Finding[] => {
  const said = new Set(first.map(({ path }) => path));
  return [...first, ...second.filter(({ path }) => !said.has(path))];
};

/** That there is more to find than was found: what an input names could not be looked up. */
export const notCompared = (why: string): Finding => ({
  path: '',
  found: `could not be compared with what is there: ${why.replace(/\.$/, '')}`,
  expected: 'an answer',
  remedy: 'Check it again when that answers',
});

/** The known name that a misspelt one was probably meant to be: at most a third of it differs. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = distanceOf(name.toLowerCase(), candidate.toLowerCase());
    const near = distance <= Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3));
    if (near && (best === undefined || distance < best.distance)) best = { name: candidate, distance };
  }
  return best?.name;
}

/** The remedy for a name that is none: the nearest valid one first, then what there is. */
export function instead(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const all = known.length === 0 ? 'there is none' : `there is ${known.slice(0, 20).join(', ')}`;
  return meant === undefined ? all : `did you mean ${meant}? ${all}`;
}

/** How many letters have to be put in, left out or changed (Levenshtein 1966). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + Number(a[i - 1] !== b[j - 1])));
    row = next;
  }
  return row[b.length]!;
}
