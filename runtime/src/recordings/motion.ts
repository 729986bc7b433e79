import { readTable, textOf, type Table } from './csv.js';
import { Findings } from './finding.js';
import { sampleOf, type Place } from './numbers.js';
import {
  channelsFor,
  personOf,
  type Modality,
  type Reading,
  type Recording,
  type Track,
  type Wanted,
} from './recording.js';
import { resampled } from './resample.js';
import { checkRate, checkRepeats, readTimes, TIME_COLUMNS, type Timing } from './time.js';

const LABEL = 'label';
const isCsv = (name: string): boolean => name.toLowerCase().endsWith('.csv');

/** CSV files with one row per sample. Where there are those of several devices, the watch's (`_sw`) are meant. */
export const motion: Modality = {
  holds: isCsv,
  files(names) {
    const csv = names.filter(isCsv);
    const watch = csv.filter((name) => name.includes('_sw'));
    return (watch.length > 0 ? watch : csv).sort();
  },
  inspect: async (recording, wanted) => inspectMotion(recording, wanted),
};

/**
 * Reads a CSV with one column per channel, in any order, a `label` column where labels are wanted, and a `timestamp` or
 * `time` column if there is one; other columns are passed over.
 */
export function inspectMotion(recording: Recording, wanted: Wanted): Reading {
  const findings = new Findings();
  const nothing: Reading = { rows: 0, seconds: 0, rateHz: null, labels: {}, tracks: [], findings: [] };
  const text = textOf(recording.bytes);
  if (text === undefined) {
    findings.refuse('notText', {
      expected: 'text in UTF-8 or UTF-16',
      remedy: 'Export it as CSV in UTF-8; a spreadsheet or an archive is not CSV, whatever its name ends with.',
    });
    return { ...nothing, findings: findings.list() };
  }
  const table = readTable(text, wanted.channels && [...wanted.channels, LABEL], findings);
  const columns = table && columnsOf(table, wanted, findings);
  if (!table || !columns) return { ...nothing, rows: table?.rows.length ?? 0, findings: findings.list() };
  return new MotionReader(recording, wanted, table, columns, findings).read();
}

interface Columns {
  names: readonly string[];
  at: number[];
  time: number | undefined;
  label: number | undefined;
}

/** Where a file has what is wanted of it; undefined when something is missing. */
function columnsOf({ header, lineOf }: Table, wanted: Wanted, findings: Findings): Columns | undefined {
  const { labels, source } = wanted;
  const line = Math.max(1, lineOf(0) - 1);
  const find = (name: string): number => {
    const at = header.indexOf(name);
    if (at >= 0) return at;
    const alike = header.find((each) => each.toLowerCase() === name.toLowerCase());
    findings.refuse('missingColumn', {
      line: Number.isFinite(line) ? line : 1,
      field: name,
      found: header.slice(0, 12).join(', '),
      expected: `a column ${name}`,
      remedy: alike ? `Rename the column ${alike} to ${name}.` : `Add the column, or name it ${name} in the header.`,
    });
    return at;
  };
  const isTime = (name: string): boolean => (TIME_COLUMNS as readonly string[]).includes(name.toLowerCase());
  const names =
    channelsFor(wanted, (channel) => header.includes(channel)) ??
    header.filter((name) => name !== '' && name !== LABEL && !isTime(name));
  const at = names.map(find);
  const time = header.findIndex((name) => isTime(name) && !names.includes(name));
  const needed = labels.length > 0 && source !== 'device';
  const label = needed ? find(LABEL) : header.indexOf(LABEL);
  if (at.includes(-1) || (needed && label < 0)) return undefined;
  return { names, at, time: time < 0 ? undefined : time, label: label < 0 ? undefined : label };
}

class MotionReader {
  private readonly rows: number;
  private readonly samples: Float32Array;
  private readonly labels: Int16Array;

  constructor(
    private readonly recording: Recording,
    private readonly wanted: Wanted,
    private readonly table: Table,
    private readonly columns: Columns,
    private readonly findings: Findings,
  ) {
    this.rows = table.rows.length;
    this.samples = new Float32Array(this.rows * columns.at.length);
    this.labels = new Int16Array(this.rows).fill(-1);
  }

  read(): Reading {
    const { rateMilliHz, source } = this.wanted;
    this.readSamples();
    const counts = this.readLabels();
    const timing = this.readTime();
    if (timing && rateMilliHz !== undefined && source !== 'device') checkRate(timing, rateMilliHz, this.findings);
    const tracks = this.findings.refused ? [] : this.tracksOf(timing);
    const declared = rateMilliHz === undefined ? 0 : (this.rows * 1000) / rateMilliHz;
    return {
      rows: this.rows,
      seconds: timing?.rateHz ? this.rows / timing.rateHz : declared,
      rateHz: timing?.rateHz ?? null,
      labels: counts,
      tracks,
      findings: this.findings.list(),
    };
  }

  private placeOf(row: number, column: number): Place {
    return { line: this.table.lineOf(row), column: column + 1, field: this.table.header[column]! };
  }

  private readSamples(): void {
    const { at } = this.columns;
    const { rows, header, decimal } = this.table;
    rows.forEach((fields, row) => {
      // A line cut short says so once, as a whole.
      if (fields.length < header.length) return;
      at.forEach((column, index) => {
        const place = (): Place => this.placeOf(row, column);
        this.samples[row * at.length + index] = sampleOf(fields[column]!, decimal, place, this.findings);
      });
    });
  }

  /** @returns how many samples carry each label that the file has */
  private readLabels(): Record<string, number> {
    const { label: column } = this.columns;
    const { labels, source } = this.wanted;
    const counts = new Map<string, number>();
    if (column === undefined || labels.length === 0) return {};
    const numbers = new Map(labels.map((label, number) => [label, number]));
    this.table.rows.forEach((fields, row) => {
      const label = fields[column]?.trim() ?? '';
      if (label === '') return;
      const number = numbers.get(label) ?? (source === 'device' ? labels.length : undefined);
      if (number === undefined) return this.refuseLabel(label, row, column);
      this.labels[row] = number;
      counts.set(label, (counts.get(label) ?? 0) + 1);
    });
    if (counts.size === 0 && source !== 'device' && !this.findings.refused)
      this.findings.refuse('noLabels', {
        field: LABEL,
        found: 'no label on any row',
        expected: `one of ${labels.join(', ')}`,
        remedy: 'Label the rows, or leave this file out: nothing can be learnt from it.',
      });
    return Object.fromEntries(counts);
  }

  private refuseLabel(label: string, row: number, column: number): void {
    const { labels } = this.wanted;
    const alike = labels.find((each) => each.toLowerCase() === label.toLowerCase());
    this.findings.refuse('unknownLabel', {
      ...this.placeOf(row, column),
      found: label.slice(0, 40),
      expected: `one of ${labels.join(', ')}`,
      remedy: alike ? `Write ${alike}, as the schema does.` : 'Correct the label, or add it to the schema.',
    });
  }

  private readTime(): Timing | undefined {
    const { time: column, at } = this.columns;
    const { rows, decimal } = this.table;
    if (column === undefined || rows.length === 0) return undefined;
    const fields = rows.map((row) => row[column] ?? '');
    const placeOf = (row: number): Place => this.placeOf(row, column);
    const timing = readTimes(fields, decimal, this.wanted.rateMilliHz, placeOf, this.findings);
    if (!timing) return undefined;
    checkRepeats(timing, this.samples, at.length, placeOf, this.findings);
    for (const row of timing.gaps)
      this.findings.note('gap', {
        ...placeOf(row),
        found: `a pause of ${(timing.seconds[row]! - timing.seconds[row - 1]!).toFixed(1)} s before this row`,
        remedy: 'Nothing to do: what lies before and after a pause is learnt from separately.',
      });
    return timing;
  }

  /** A track per stretch without a pause; at the wanted rate, where a device measures at another. */
  private tracksOf(timing: Timing | undefined): Track[] {
    const bounds = [0, ...(timing?.gaps ?? []), this.rows];
    const channels = this.columns.at.length;
    const { rateMilliHz, source } = this.wanted;
    return bounds.slice(1).map((end, index) => {
      const start = bounds[index]!;
      const track: Track = {
        name: this.recording.name,
        person: personOf(this.recording),
        length: end - start,
        columns: this.columns.names,
        channels,
        samples: this.samples.subarray(start * channels, end * channels),
        labels: this.labels.subarray(start, end),
      };
      if (source !== 'device' || rateMilliHz === undefined || !timing?.rateHz) return track;
      return resampled(track, timing.seconds.subarray(start, end), timing.rateHz, rateMilliHz / 1000);
    });
  }
}
