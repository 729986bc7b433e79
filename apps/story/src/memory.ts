import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Report } from './report.js';

/** What the story has done, so that a start after an interruption goes on where it was. */
export interface Told {
  /** Titles of the chapters that are told to their end. */
  chapters: string[];
  /** Ids of registered datasets, by who contributed them and for what. */
  datasets: Record<string, { id: string; contributor: string; store: 'bucket' | 's3' }>;
  /** The dataset that the canister refused. */
  refused?: { id: string; contributor: string; store: 'bucket' | 's3'; why: string };
  ledgerBefore?: Record<string, string>;
  recipe?: string;
  /** The recordings that it is told on; a later start may find others. */
  data?: string;
  /** How long it has taken so far. */
  seconds?: number;
  /** Runs of a story that is told: Temporal forgets them after a month. */
  stages?: Report['stages'];
  /** What each finished workflow returned, by workflow id. */
  results: Record<string, unknown>;
}

export class Memory {
  readonly told: Told;
  private readonly path: string;

  constructor(state: string) {
    this.path = join(state, 'story.json');
    this.told = read(this.path) ?? { chapters: [], datasets: {}, results: {} };
  }

  /** Changes what is remembered and writes it at once. */
  note(change: (told: Told) => void): void {
    change(this.told);
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(`${this.path}.new`, JSON.stringify(this.told, null, 1));
    renameSync(`${this.path}.new`, this.path);
  }
}

function read(path: string): Told | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Told;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
