/** Things of a run by names that are the same in every run: ids, times and keys differ, and do not matter. */
export class Names {
  private readonly texts = new Map<string, string>();
  private readonly numbers = new Map<string, string>();

  constructor(private readonly run: string) {}

  /** A content id or a principal, also where a text holds only its first digits. */
  text(id: string, name: string): void {
    const bare = id.replace('sha256:', '');
    this.texts.set(id, name).set(bare, name);
    if (/^[0-9a-f]{64}$/.test(bare)) this.texts.set(bare.slice(0, 16), name).set(bare.slice(0, 8), name);
    else if (bare.includes('-')) this.texts.set(bare.slice(0, 11), name);
  }

  number(kind: string, id: number | bigint, name: string): void {
    this.numbers.set(`${kind} ${id}`, name);
  }

  nameOf(kind: string, id: unknown): string | undefined {
    return typeof id === 'string' ? this.texts.get(id) : this.numbers.get(`${kind} ${String(id)}`);
  }

  /** A text with names for ids, and # for every other number in it; amounts alone stay. */
  words(text: string): string {
    if (TIME.test(text)) return '#';
    if (/^\d+$/.test(text)) return text;
    let named = text;
    for (const [id, name] of [...this.texts].sort(([a], [b]) => b.length - a.length))
      named = named.replaceAll(id, `‹${name}›`);
    return named
      .split(/(‹[^›]*›)/)
      .map((piece) =>
        piece.startsWith('‹')
          ? piece
          : piece
              .replace(new RegExp(`\\b${this.run}\\b`, 'g'), '$run')
              .replace(/[0-9a-f]{12,}/g, '#')
              .replace(/\d+/g, '#'),
      )
      .join('');
  }

  /** A value with names for ids; what stands under a key of `dropped` is left out. */
  value(value: unknown, key = ''): unknown {
    if (typeof value === 'bigint') return this.value(Number(value), key);
    if (typeof value === 'number')
      return this.numbers.get(`${KINDS[key] ?? key} ${value}`) ?? (key in KINDS ? '#' : value);
    if (typeof value === 'string') return this.words(value);
    if (Array.isArray(value)) {
      const items = value.map((item) => this.value(item, key));
      return BY_ID.has(key)
        ? items
            .map((item) => [JSON.stringify(item), item] as const)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([, item]) => item)
        : items;
    }
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !DROPPED.has(name))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, item]) => [name, this.value(item, name)]),
    );
  }
}

/** Nanoseconds since 1970, between 2024 and 2033. */
const TIME = /^1[789]\d{17}$/;

/** Keys whose numbers are ids, and the kind of thing they name. */
const KINDS: Record<string, string> = {
  proposal: 'proposal',
  slashing: 'proposal',
  job: 'job',
  escrow: 'escrow',
  grant: 'grant',
  release: 'release',
  adoption: 'adoption',
  version: 'version',
  previous: 'version',
  from: 'version',
};

/** Lists in the order of ids, which are of one run alone: names order them here. */
const BY_ID: ReadonlySet<string> = new Set(['datasets', 'payments']);

/** Times, places of a record, and sums that grow with everybody's work. */
const DROPPED: ReadonlySet<string> = new Set([
  'at',
  'until',
  'block',
  'power',
  'yes',
  'no',
  'total',
  'threshold',
  'deadline',
  'soak_until',
  'opened_at',
  'closed_at',
  'submitted_at',
  'approval',
  'approvalDigest',
  'neuron',
  'proposer',
  'bucket',
  'salt',
  'merkleRoot',
]);
