import { intoSecurityPage } from '../securityPage.js';
import { PARTIES, type Cell } from './attack.js';
import { attacks } from './parties/index.js';

export function counted(cells: readonly Cell[]): Record<Cell['outcome'], number> {
  const count = { nothing: 0, delay: 0, broken: 0 };
  for (const { outcome } of cells) count[outcome]++;
  return count;
}

const summary = (cells: readonly Cell[]): string => {
  const { nothing, delay, broken } = counted(cells);
  return `${cells.length} attacks: ${nothing} nothing, ${delay} delay, ${broken} broken`;
};

/** For a terminal: an attack a line, and a line that counts. */
export function lines(cells: readonly Cell[]): string[] {
  return [
    ...cells.map(
      ({ party, attack, outcome, why }) =>
        `${outcome.padEnd(8)} ${party.padEnd(13)} ${attack}\n${' '.repeat(23)}${why}`,
    ),
    '',
    summary(cells),
  ];
}

/** Writes the table of `docs/security.md` anew. */
export const writeTable = (cells: readonly Cell[], seed: number): void =>
  intoSecurityPage('attacks', () => table(cells, seed));

function table(cells: readonly Cell[], seed: number): string {
  const testOf = new Map(attacks.map(({ party, name, test }) => [`${party}: ${name}`, test]));
  const rows = cells.map(({ party, attack, outcome }) => {
    const test = testOf.get(`${party}: ${attack}`)!;
    return `| ${party} | ${attack} | ${outcome} | [${test.split('/').at(-1)}](../${test}) |`;
  });
  return [
    ...Object.entries(PARTIES).map(([party, who]) => `- **${party}**: ${who}`),
    '',
    '<!-- prettier-ignore -->',
    '| party | what it may try | what it gets | test |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    `\`npm run attacks -- --seed ${seed}\`: ${summary(cells)}.`,
  ].join('\n');
}
