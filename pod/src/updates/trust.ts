import { join } from 'node:path';
import type { Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp } from '@tufjs/models';
import { readIfThere, removeIfThere, writeAtomically } from '../state/disk.js';
import { PodError } from '../errors.js';
import { sha256 } from '../hashes.js';
import type { Fetcher } from './fetcher.js';
import { LIMITS, exactly, fresh, notBefore, read, verify } from './metadata.js';
import { Roots } from './roots.js';

/** So many roots are followed in one turn, the rest in the next (TUF 5.3.3). */
const MAX_ROOT_ROTATIONS = 32;
/** The models canister signs a timestamp for so long (canisters/models, `TIMESTAMP_HOLDS`), milliseconds. */
const TIMESTAMP_HOLDS_MS = 24 * 3600 * 1000;

/** Metadata, and the bytes that it was read from. */
interface Whole<T extends Timestamp | Snapshot | Targets> {
  metadata: Metadata<T>;
  bytes: Buffer;
}

/**
 * A TUF client (specification 1.0.31, "Detailed client workflow", sections cited below): the only way anything from the
 * network comes to be believed. Top-level targets alone: this repository delegates nothing. Every accepted file is
 * kept, whole, before the next step.
 */
export class Trust {
  private readonly roots: Roots;
  private targets: Targets | undefined;

  /**
   * @param directory    where trusted metadata is kept
   * @param shippedRoot  the root.json that came with the device; its expiry does not matter (TUF 5.2)
   * @param now          never before what was signed: see {@link OwnClock}
   */
  constructor(
    private readonly directory: string,
    private readonly fetcher: Fetcher,
    shippedRoot: Buffer,
    private readonly now: () => Date = () => new Date(),
  ) {
    this.roots = new Roots(directory, shippedRoot);
  }

  get keptRootIsDamaged(): boolean {
    return this.roots.keptIsDamaged;
  }

  /**
   * The newest targets, all four roles verified. @throws PodError `network` · `untrustedMetadata` · `staleMetadata` ·
   * `metadataRollback` · `tooLarge`
   */
  async refresh(): Promise<Targets> {
    const startedAt = this.now(); // TUF 5.1: fixed once
    await this.followRoots();
    const old = this.kept('timestamp');
    const at = old ? later(startedAt, signedAt(old.metadata.signed)) : startedAt;
    fresh(this.roots.current.signed, 'root', at); // 5.3.10
    const timestamp = await this.newTimestamp(old?.metadata, at);
    const since = later(at, signedAt(timestamp));
    const snapshot = await this.newSnapshot(timestamp, since);
    const targets = await this.newTargets(snapshot, since);
    this.targets = targets;
    return targets;
  }

  /** Whether the metadata heard last lists this target. */
  lists(path: string): boolean {
    return this.targets?.targets[path] !== undefined;
  }

  /** A target file's bytes, of the length and hash that targets.json names (TUF 5.7). */
  async download(path: string): Promise<Buffer> {
    const target: TargetFile | undefined = (this.targets ?? (await this.refresh())).targets[path];
    if (!target) throw new PodError('untrustedMetadata', { path }, `The repository names no target ${path}.`);
    const slash = path.lastIndexOf('/') + 1;
    const bytes = await this.fetcher.get(
      `/targets/${path.slice(0, slash)}${target.hashes['sha256']}.${path.slice(slash)}`,
      target.length,
    );
    if (!bytes)
      throw new PodError(
        'network',
        { path },
        `The repository lists ${path} but does not have it; the pod tries again.`,
      );
    if (bytes.length !== target.length || sha256(bytes) !== target.hashes['sha256']) throw damaged(path);
    return bytes;
  }

  /** TUF 5.3. */
  private async followRoots(): Promise<void> {
    for (let step = 0; step < MAX_ROOT_ROTATIONS; step += 1) {
      const version = this.roots.current.signed.version + 1;
      const bytes = await this.fetcher.get(`/tuf/${version}.root.json`, LIMITS.root, [403, 404]);
      if (!bytes) return;
      // 5.3.11: fast-forward recovery. What was signed by the keys that are gone says nothing of the time either.
      if (this.roots.follow(bytes))
        for (const role of ['timestamp', 'snapshot'] as const) removeIfThere(this.path(role));
    }
  }

  /** TUF 5.4. */
  private async newTimestamp(old: Metadata<Timestamp> | undefined, at: Date): Promise<Timestamp> {
    const bytes = await this.fetch('/tuf/timestamp.json', 'timestamp');
    const timestamp = read('timestamp', bytes);
    verify(this.roots.current, 'timestamp', timestamp); // 5.4.2
    if (old) {
      notBefore(old.signed.version, timestamp.signed.version, 'timestamp'); // 5.4.3.1
      if (timestamp.signed.version === old.signed.version) {
        // discarded, whatever it says
        fresh(old.signed, 'timestamp', at);
        return old.signed;
      }
      notBefore(old.signed.snapshotMeta.version, timestamp.signed.snapshotMeta.version, 'snapshot'); // 5.4.3.2
    }
    fresh(timestamp.signed, 'timestamp', at); // 5.4.4
    writeAtomically(this.path('timestamp'), bytes);
    return timestamp.signed;
  }

  /** TUF 5.5. */
  private async newSnapshot({ snapshotMeta: meta }: Timestamp, at: Date): Promise<Snapshot> {
    const old = this.kept('snapshot');
    if (old && isNamedBy(meta, old)) {
      fresh(old.metadata.signed, 'snapshot', at);
      return old.metadata.signed;
    }
    const bytes = await this.fetch(`/tuf/${meta.version}.snapshot.json`, 'snapshot', meta); // 5.5.2
    const snapshot = read('snapshot', bytes);
    verify(this.roots.current, 'snapshot', snapshot); // 5.5.3
    exactly(meta.version, snapshot.signed.version, 'snapshot'); // 5.5.4
    for (const [name, before] of Object.entries(old?.metadata.signed.meta ?? {})) {
      const after = snapshot.signed.meta[name]; // 5.5.5
      if (!after) throw new PodError('metadataRollback', { name }, `The new snapshot no longer lists ${name}.`);
      notBefore(before.version, after.version, name);
    }
    fresh(snapshot.signed, 'snapshot', at); // 5.5.6
    writeAtomically(this.path('snapshot'), bytes);
    return snapshot.signed;
  }

  /** TUF 5.6. */
  private async newTargets(snapshot: Snapshot, at: Date): Promise<Targets> {
    const meta = snapshot.meta['targets.json'];
    if (!meta) throw new PodError('untrustedMetadata', {}, 'The snapshot lists no targets.json.');
    const old = this.kept('targets');
    if (old && isNamedBy(meta, old)) {
      fresh(old.metadata.signed, 'targets', at);
      return old.metadata.signed;
    }
    const bytes = await this.fetch(`/tuf/${meta.version}.targets.json`, 'targets', meta); // 5.6.2
    const targets = read('targets', bytes);
    verify(this.roots.current, 'targets', targets); // 5.6.3
    exactly(meta.version, targets.signed.version, 'targets'); // 5.6.4
    fresh(targets.signed, 'targets', at); // 5.6.5
    writeAtomically(this.path('targets'), bytes);
    return targets.signed;
  }

  private async fetch(path: string, role: 'timestamp' | 'snapshot' | 'targets', meta?: MetaFile): Promise<Buffer> {
    const bytes = await this.fetcher.get(path, meta?.length ?? LIMITS[role]);
    if (!bytes) throw new PodError('network', { path }, `${path} is not there; the pod tries again.`);
    try {
      meta?.verify(bytes);
    } catch (cause) {
      throw damaged(path, cause);
    }
    return bytes;
  }

  /** Metadata kept from an earlier run, if it still verifies; anything else is as if it were not there. */
  private kept(role: 'timestamp'): Whole<Timestamp> | undefined;
  private kept(role: 'snapshot'): Whole<Snapshot> | undefined;
  private kept(role: 'targets'): Whole<Targets> | undefined;
  private kept(role: 'timestamp' | 'snapshot' | 'targets'): Whole<Timestamp | Snapshot | Targets> | undefined {
    const bytes = readIfThere(this.path(role));
    if (!bytes) return undefined;
    try {
      const metadata = read(role, bytes);
      verify(this.roots.current, role, metadata);
      return { metadata, bytes };
    } catch {
      removeIfThere(this.path(role));
      return undefined;
    }
  }

  private path(role: 'timestamp' | 'snapshot' | 'targets'): string {
    return join(this.directory, `${role}.json`);
  }
}

/** A timestamp is a signed word of the time, too: nobody signs it later than it says. */
const signedAt = ({ expires }: Timestamp): Date => new Date(Date.parse(expires) - TIMESTAMP_HOLDS_MS);

const later = (one: Date, other: Date): Date => new Date(Math.max(one.getTime(), other.getTime()));

/** Whether what is kept is what is named now: of that version, length and hash. */
function isNamedBy(meta: MetaFile, { metadata, bytes }: Whole<Snapshot> | Whole<Targets>): boolean {
  if (metadata.signed.version !== meta.version) return false;
  try {
    meta.verify(bytes);
    return true;
  } catch {
    return false;
  }
}

const damaged = (path: string, cause?: unknown): PodError =>
  new PodError(
    'damagedDownload',
    { path },
    `${path} is not the file that the signed metadata names; the mirror is wrong.`,
    { cause },
  );
