import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOMS } from './rooms.js';

const PAGE = join(import.meta.dirname, '../../docs/security.md');
const [BEGIN, END] = ['<!-- mutants -->', '<!-- /mutants -->'];

/** What a room's run found; counts of mutants. */
export interface Found {
  room: string;
  mutants: number;
  caught: number;
  harmless: number;
  survived: readonly unknown[];
  perCent: number;
}

/** Writes the rows of these rooms in `docs/security.md` anew; those of others stay as they were printed last. */
export function intoSecurityPage(found: readonly Found[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const [old, after] = rest?.split(END) ?? [];
  if (old === undefined || after === undefined)
    throw new Error(`docs/security.md lacks its marks ${BEGIN} and ${END}.`);
  const rows = new Map(old.match(/^\| [a-z-]+ \| \d.*$/gm)?.map((row) => [row.split(' ')[1], row]));
  for (const one of found) rows.set(one.room, row(one));
  const known = Object.keys(ROOMS).flatMap((room) => rows.get(room) ?? []);
  const head = [
    '| room | mutants | caught | harmless | survived | per cent |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  writeFileSync(
    PAGE,
    [`${before}${BEGIN}\n`, '<!-- prettier-ignore -->', ...head, ...known, '', `${END}${after}`].join('\n'),
  );
}

const row = ({ room, mutants, caught, harmless, survived, perCent }: Found): string =>
  `| ${[room, mutants, caught, harmless, survived.length, perCent.toFixed(1)].join(' | ')} |`;
