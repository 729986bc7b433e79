import { intoSecurityPage } from '../securityPage.js';
import { ROOMS } from './rooms.js';

/** What a room's run found; counts of mutants. */
export interface Found {
  room: string;
  mutants: number;
  caught: number;
  harmless: number;
  survived: readonly unknown[];
  perCent: number;
}

/** Writes the rows of these rooms anew; those of others stay as they were printed last. */
export const writeRows = (found: readonly Found[]): void =>
  intoSecurityPage('mutants', (before) => {
    const rows = new Map(before.match(/^\| [a-z-]+ \| \d.*$/gm)?.map((row) => [row.split(' ')[1], row]));
    for (const one of found) rows.set(one.room, row(one));
    return [
      '<!-- prettier-ignore -->',
      '| room | mutants | caught | harmless | survived | per cent |',
      '| --- | --- | --- | --- | --- | --- |',
      ...Object.keys(ROOMS).flatMap((room) => rows.get(room) ?? []),
    ].join('\n');
  });

const row = ({ room, mutants, caught, harmless, survived, perCent }: Found): string =>
  `| ${[room, mutants, caught, harmless, survived.length, perCent.toFixed(1)].join(' | ')} |`;
