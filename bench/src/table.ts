import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { BenchError, met, type BenchRow } from './benchmark.js';

const HEADINGS = ['what', 'value', 'unit', 'peer', 'peer’s value', 'ratio', 'target', ''];
const NUMERIC = new Set([1, 4, 5, 6]);

/** Four significant digits; whole numbers from a thousand on. */
export function figure(value: number | null): string {
  if (value === null) return '–';
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(4)).toString();
}

function cells(row: BenchRow): string[] {
  const kept = met(row);
  return [
    row.name,
    figure(row.value),
    row.unit,
    row.peer ?? '–',
    figure(row.peerValue),
    figure(row.ratio),
    row.target === null ? '–' : `${row.bound === 'most' ? '≤' : '≥'} ${figure(row.target)}`,
    kept === null ? '' : kept ? 'met' : 'MISSED',
  ];
}

export function asText(rows: readonly BenchRow[]): string {
  const lines = [HEADINGS, ...rows.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => [...line[column]!].length)));
  const pad = (text: string, column: number) =>
    NUMERIC.has(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}

export function asMarkdown(rows: readonly BenchRow[]): string {
  const line = (parts: string[]) => `| ${parts.map((part) => part.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(HEADINGS),
    line(HEADINGS.map((_, column) => (NUMERIC.has(column) ? '--:' : '---'))),
    ...rows.map((row) => line(cells(row))),
  ].join('\n');
}

/** Puts a benchmark's table between its markers in a page, with when and on what it was measured. */
export function writeIntoPage(
  page: string,
  benchmark: string,
  rows: readonly BenchRow[],
  notes: readonly string[],
  now = new Date(),
): void {
  const begin = `<!-- numbers:${benchmark} -->`;
  const end = `<!-- /numbers:${benchmark} -->`;
  const text = readFileSync(page, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from)
    throw new BenchError(
      'noMarkers',
      { page, benchmark },
      `The page has no place for "${benchmark}": it needs the lines ${begin} and ${end}.`,
    );
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}`;
  const body = [
    asMarkdown(rows),
    '',
    ...notes.map((note) => `- ${note}`),
    ...(notes.length ? [''] : []),
    `<sub>Measured on ${now.toISOString().slice(0, 10)}, ${machine}.</sub>`,
  ];
  writeFileSync(page, `${text.slice(0, from + begin.length)}\n${body.join('\n')}\n${text.slice(to)}`);
}
