/** What an account is drawn up from: the sample's logs and documents, as a liar who can write every hash made them. */
import type { Facts } from '../src/account/facts.js';
import { FileSource } from '../src/account/source.js';
import { EvidenceError } from '../src/errors.js';
import type { Entry, JsonObject, LogName } from '../src/format.js';
import { logsOf } from '../src/logs.js';
import { read, type File } from './sample.js';

const SAMPLE = read();

export class World {
  /** The sample's own, of which a test may change all it likes. */
  readonly file: File;

  constructor() {
    this.file = structuredClone(SAMPLE);
  }

  get facts(): Facts {
    const { round, canisters, documents } = this.file;
    return { round, logs: logsOf(canisters), source: new FileSource(documents) };
  }

  all(name: LogName, type: string, fields: JsonObject = {}): Entry[] {
    return this.file.canisters[name].log.filter(
      ({ event }) => event['type'] === type && Object.entries(fields).every(([key, value]) => event[key] === value),
    );
  }
  /** The first such entry. */
  one(name: LogName, type: string, fields: JsonObject = {}): Entry {
    const [found] = this.all(name, type, fields);
    if (!found) throw new Error(`the sample has no ${type}`);
    return found;
  }
  /** Takes such entries out; those that follow move up. */
  drop(name: LogName, type: string, fields: JsonObject = {}): void {
    const gone = new Set(this.all(name, type, fields));
    if (gone.size === 0) throw new Error(`the sample has no ${type}`);
    const { log } = this.file.canisters[name];
    this.file.canisters[name].log = log
      .filter((entry) => !gone.has(entry))
      .map((entry, index) => ({ ...entry, index }));
  }
  /** One more entry, after that one or at the end. */
  add(name: LogName, event: JsonObject, { after, ...more }: Partial<Entry> & { after?: Entry } = {}): Entry {
    const { log } = this.file.canisters[name];
    const before = after ?? log.at(-1)!;
    const entry = { ...before, event, ...more };
    log.splice(log.indexOf(before) + 1, 0, entry);
    log.forEach((one, index) => (one.index = index));
    return entry;
  }
}

/** How something is refused, `code: path: sentence`; or that it is not. */
export async function refusal(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'holds';
  } catch (error) {
    if (error instanceof EvidenceError) return `${error.code}: ${error.message}`;
    throw error;
  }
}
