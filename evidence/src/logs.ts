import {
  concat,
  hex,
  lengthPrefixed,
  principalBytes,
  sha256,
  u64be,
  unhex,
  utf8,
  canonicalJson,
  type CanonicalValue,
} from '@livepod/protocol';
import { Certificates, readControllers, readWitness, timeIn } from './certificates.js';
import { refuse } from './errors.js';
import { LOGS, type CanisterEvidence, type Entry, type LogName, type Tip } from './format.js';

const DOMAIN = lengthPrefixed(utf8('livepod.audit/v1'));
const ZEROS = '00'.repeat(32);
/** How far apart the certificates of one file may have been made: 15 minutes, in nanoseconds. */
const SPREAD = 15n * 60n * 1_000_000_000n;

/** The hash of an entry, from the one before it (canisters/lib/audit). */
export function entryHash(previous: string, { index, at, caller, event }: Omit<Entry, 'hash'>): string {
  const parts = [
    DOMAIN,
    unhex(previous),
    u64be(BigInt(index)),
    u64be(BigInt(at)),
    lengthPrefixed(principalBytes(caller)),
    canonicalJson(event),
  ];
  return hex(sha256(concat(...parts)));
}

/** One canister's audit log, complete from its start in the file. */
export class Log {
  private readonly kinds = new Map<string, Entry[]>();

  constructor(
    readonly name: LogName,
    readonly canister: string,
    readonly entries: Entry[],
    readonly first: number,
    /** When its start was certified, in nanoseconds since 1970: what is older lies before it. */
    private readonly startedAt: bigint,
  ) {
    for (const entry of entries) {
      const kind = String(entry.event['type']);
      this.kinds.set(kind, [...(this.kinds.get(kind) ?? []), entry]);
    }
  }

  /**
   * Whether an entry that is not here may lie before the start.
   *
   * @param earliest  when it was written at the earliest, in nanoseconds since 1970; left out where nothing tells
   */
  mayLack(earliest = 0n): boolean {
    return this.first > 0 && earliest <= this.startedAt;
  }

  place(entry: Entry): string {
    return `canisters.${this.name}.log[${entry.index - this.first}]`;
  }

  /** Every entry of a kind whose event has these fields. */
  all(kind: string, fields: Record<string, CanonicalValue> = {}): Entry[] {
    return (this.kinds.get(kind) ?? []).filter((entry) => hasFields(entry, fields));
  }

  /** The only such entry, or none. More than one is a contradiction. */
  only(kind: string, fields: Record<string, CanonicalValue>): Entry | undefined {
    const found = this.all(kind, fields);
    if (found.length > 1)
      refuse(
        'contradiction',
        this.place(found[1]!),
        `${kind} is recorded a second time (first: entry ${found[0]!.index})`,
      );
    return found[0];
  }
}

export type Logs = Record<LogName, Log>;

/** Whether an entry's event has these fields; a list is compared entry by entry. */
export const hasFields = ({ event }: Entry, fields: Record<string, CanonicalValue>): boolean =>
  Object.entries(fields).every(
    ([name, value]) => event[name] === value || JSON.stringify(event[name]) === JSON.stringify(value),
  );

/** Follows a canister's chain from its start to its end. Returns the last hash. */
export function followChain(
  path: string,
  { start, log }: { start: Pick<Tip & { length: number; hash: string }, 'length' | 'hash'> | null; log: Entry[] },
): string {
  let hash = start?.hash ?? ZEROS;
  const first = start?.length ?? 0;
  let before = 0n;
  log.forEach((entry, position) => {
    const place = `${path}.log[${position}]`;
    if (entry.index !== first + position)
      refuse('brokenChain', `${place}.index`, `entry ${first + position} belongs here, and it is entry ${entry.index}`);
    let expected: string;
    try {
      expected = entryHash(hash, entry);
    } catch (cause) {
      return refuse(
        'brokenChain',
        place,
        `it cannot be hashed: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      );
    }
    if (expected !== entry.hash)
      refuse(
        'brokenChain',
        place,
        'its hash does not follow from the entry and the hash before it: one of them was changed, left out or moved',
      );
    if (BigInt(entry.at) < before) refuse('brokenChain', `${place}.at`, 'it is earlier than the entry before it');
    before = BigInt(entry.at);
    hash = entry.hash;
  });
  return hash;
}

/** What a certificate has to say of each log: the root of its witness. */
export interface Followed {
  logs: Logs;
  roots: Record<LogName, { tip: string; start: string | null }>;
}

/**
 * Follows every log from its start to the end that its witness shows, for canisters that are all different. Needs no
 * signature yet.
 */
export async function followLogs(canisters: Record<LogName, CanisterEvidence>): Promise<Followed> {
  const ends = LOGS.map((name) => followChain(`canisters.${name}`, canisters[name]));
  const ids = new Map<string, LogName>();
  const roots = {} as Followed['roots'];
  for (const [index, name] of LOGS.entries()) {
    const path = `canisters.${name}`;
    const { id, start, tip } = canisters[name];
    const other = ids.get(id);
    if (other) refuse('contradiction', `${path}.id`, `it is the ${other} canister too`);
    ids.set(id, name);
    roots[name] = {
      tip: await rootOf(`${path}.tip`, name, tip, ends[index]!),
      start: start && (await rootOf(`${path}.start`, name, start, start.hash)),
    };
  }
  return { logs: logsOf(canisters), roots };
}

/**
 * Proves by certificates that the logs end (and start) as their witnesses show. Returns when the earliest was made, in
 * nanoseconds since 1970.
 */
export async function certifyLogs(
  canisters: Record<LogName, CanisterEvidence>,
  roots: Followed['roots'],
  certificates: Certificates,
  tell: (name: LogName) => void,
): Promise<bigint> {
  const times: bigint[] = [];
  for (const name of LOGS) {
    tell(name);
    const path = `canisters.${name}`;
    const { id, start, log, tip, code } = canisters[name];
    const at = await proveTip(`${path}.tip`, id, tip, roots[name].tip, certificates);
    const last = log.at(-1);
    if (last && BigInt(last.at) > at)
      refuse('contradiction', `${path}.tip.certificate`, 'it was made before the last entry of the log');
    times.push(at, await proveCode(`${path}.code`, id, code, certificates));
    if (start) {
      const started = await proveTip(`${path}.start`, id, start, roots[name].start!, certificates);
      if (started > at) refuse('contradiction', `${path}.start.certificate`, 'the start was certified after the tip');
      if (log[0] && BigInt(log[0].at) < started)
        refuse('contradiction', `${path}.start.certificate`, 'the start was certified after the entry that follows it');
    }
  }
  times.sort((a, b) => (a < b ? -1 : 1));
  const from = times[0]!;
  const until = times.at(-1)!;
  if (until - from > SPREAD)
    refuse(
      'contradiction',
      'canisters',
      'the certificates were made more than 15 minutes apart: a log that ends earlier than the others may ' +
        'hide something',
    );
  return from;
}

export function logsOf(canisters: Record<LogName, CanisterEvidence>): Logs {
  return Object.fromEntries(
    LOGS.map((name) => {
      const { id, log, start } = canisters[name];
      const startedAt = start ? timeIn(`canisters.${name}.start.certificate`, start.certificate) : 0n;
      return [name, new Log(name, id, log, start?.length ?? 0, startedAt)];
    }),
  ) as Logs;
}

async function rootOf(path: string, name: LogName, { witness }: Tip, hash: string): Promise<string> {
  const { root, value } = await readWitness(`${path}.witness`, witness, 'audit_tip');
  if (value !== hash)
    refuse(
      'brokenChain',
      `${path}.witness`,
      `it shows another end of the ${name} log: entries are missing at the end, or it is the tip of another ` +
        'time or canister',
    );
  return root;
}

async function proveTip(
  path: string,
  canister: string,
  { certificate }: Tip,
  root: string,
  certificates: Certificates,
): Promise<bigint> {
  const certified = await certificates.verify(`${path}.certificate`, certificate, canister);
  const data = certified.state('certified_data');
  if (!data) refuse('wrongCertificate', `${path}.certificate`, `it does not speak of canister ${canister}`);
  if (hex(data) !== root)
    refuse(
      'wrongCertificate',
      `${path}.certificate`,
      `it certifies another state of canister ${canister} than the witness shows`,
    );
  return certified.at;
}

async function proveCode(
  path: string,
  canister: string,
  code: CanisterEvidence['code'],
  certificates: Certificates,
): Promise<bigint> {
  const certified = await certificates.verify(`${path}.certificate`, code.certificate, canister);
  const module = certified.state('module_hash');
  const controllers = certified.state('controllers');
  if (!module || !controllers)
    refuse('wrongCertificate', `${path}.certificate`, `it does not say what canister ${canister} runs`);
  if (hex(module) !== code.moduleHash) refuse('differs', `${path}.moduleHash`, `the certificate says ${hex(module)}`);
  const known = readControllers(`${path}.certificate`, controllers);
  if (known.join() !== code.controllers.join())
    refuse('differs', `${path}.controllers`, `the certificate says ${known.join(', ')}`);
  return certified.at;
}
