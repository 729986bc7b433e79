import Papa from 'papaparse';
import type { Findings } from './finding.js';

/** A delimited text file: its header, and its rows with the line that each begins on. */
export interface Table {
  header: string[];
  rows: string[][];
  delimiter: string;
  /** What separates a number's whole part from its fraction. */
  decimal: '.' | ',';
  /** Of a row, from 1: the header is line 1. */
  lineOf(row: number): number;
}

const DELIMITERS = [',', ';', '\t', '|'] as const;
const NAMES: Record<string, string> = { ',': 'a comma', ';': 'a semicolon', '\t': 'a tab', '|': 'a bar' };
/** Rows that are looked at to know a file's decimal sign. */
const SAMPLED_ROWS = 200;

/** The text of a file: UTF-8, or UTF-16 that says so; undefined when it is neither. */
export function textOf(bytes: Uint8Array | string): string | undefined {
  if (typeof bytes === 'string') return bytes.replace(/^\uFEFF/, '');
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  const encoding = mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Reads delimited text (RFC 4180, and what programs make of it elsewhere: semicolons with decimal commas, tabs, bars).
 * The delimiter is the one by which the header has most of the wanted columns. Blank lines are passed over.
 *
 * @param wanted   names of columns; null when any will do
 * @returns undefined when there is nothing to read, which `findings` then say
 */
export function readTable(text: string, wanted: readonly string[] | null, findings: Findings): Table | undefined {
  if (text.trim() === '') {
    findings.refuse('emptyFile', {
      found: `${text.length} characters`,
      expected: 'a header and rows',
      remedy: 'Leave this file out, or export it again.',
    });
    return undefined;
  }
  const delimiter = delimiterOf(text, wanted);
  const { data, errors } = Papa.parse<string[]>(text, { delimiter });
  const first = data.findIndex((fields) => !isBlank(fields));
  const lines = linesOf(data, text.includes('"'));
  const quote = errors.find(({ type }) => type === 'Quotes');
  if (quote)
    findings.refuse('unclosedQuote', {
      line: lines(quote.row ?? 0),
      expected: 'a quotation mark at both ends of a quoted field',
      remedy: 'Close or remove the quotation mark.',
    });
  const header = data[first]!.map((name) => name.trim());
  const kept = data.map((_, index) => index).filter((index) => index > first && !isBlank(data[index]!));
  const rows = kept.map((index) => data[index]!);
  const lineOf = (row: number): number => lines(kept[row]!);
  checkHeader(header, lines(first), findings);
  if (rows.length === 0)
    findings.refuse('noRows', {
      line: lines(first),
      found: 'a header alone',
      expected: 'a row per sample',
      remedy: 'Leave this file out, or export it again.',
    });
  const table: Table = { header, rows, delimiter, decimal: '.', lineOf };
  checkFields(table, findings);
  table.decimal = decimalOf(table, wanted);
  return table;
}

const isBlank = (fields: string[]): boolean => fields.every((field) => field.trim() === '');

function delimiterOf(text: string, wanted: readonly string[] | null): string {
  const line = /[^\r\n]*\S[^\r\n]*/.exec(text)?.[0] ?? '';
  const scored = DELIMITERS.map((delimiter) => {
    const names = (Papa.parse<string[]>(line, { delimiter }).data[0] ?? []).map((name) => name.trim());
    const known = wanted === null ? 0 : names.filter((name) => wanted.includes(name)).length;
    return { delimiter, known, fields: names.length };
  });
  scored.sort((a, b) => b.known - a.known || b.fields - a.fields);
  return scored[0]!.delimiter;
}

/** The line of each record. Only quoted fields can hold line ends, so that most files have one line per record. */
function linesOf(data: string[][], quoted: boolean): (record: number) => number {
  if (!quoted) return (record) => record + 1;
  const lines: number[] = [];
  let line = 1;
  for (const fields of data) {
    lines.push(line);
    line += 1 + fields.reduce((ends, field) => ends + (field.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
  }
  return (record) => lines[record] ?? line;
}

function checkHeader(header: string[], line: number, findings: Findings): void {
  header.forEach((name, index) => {
    if (name === '' || header.indexOf(name) === index) return;
    findings.refuse('duplicateColumn', {
      line,
      column: index + 1,
      field: name,
      found: `${name} a second time`,
      expected: 'each column once',
      remedy: `Remove or rename one of the columns ${name}.`,
    });
  });
}

/** Every row has as many fields as the header; one empty field more, from a delimiter at the end, does no harm. */
function checkFields({ header, rows, delimiter, lineOf }: Table, findings: Findings): void {
  rows.forEach((fields, row) => {
    if (fields.length === header.length) return;
    if (fields.length === header.length + 1 && fields.at(-1)!.trim() === '') return;
    const decimals = delimiter === ',' && fields.length > header.length;
    findings.refuse('fieldCount', {
      line: lineOf(row),
      found: `${fields.length} fields`,
      expected: `${header.length} fields, as the header has`,
      remedy: decimals
        ? 'If its numbers have decimal commas, export it with semicolons between the fields, or with decimal points.'
        : `Repair the line: fields are separated by ${NAMES[delimiter]}.`,
    });
  });
}

/** A comma, where numbers have commas and none has a point; between fields there is something else then. */
function decimalOf({ header, rows, delimiter }: Table, wanted: readonly string[] | null): '.' | ',' {
  if (delimiter === ',') return '.';
  const columns = header.flatMap((name, index) => (wanted === null || wanted.includes(name) ? [index] : []));
  const fields = rows.slice(0, SAMPLED_ROWS).flatMap((row) => columns.map((column) => row[column] ?? ''));
  const commas = fields.some((field) => /^\s*[+-]?\d*,\d+\s*$/.test(field));
  const points = fields.some((field) => /^\s*[+-]?\d*\.\d+\s*$/.test(field));
  return commas && !points ? ',' : '.';
}
