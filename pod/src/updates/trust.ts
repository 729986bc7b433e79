import { join } from 'node:path';
import {
  Metadata,
  type MetaFile,
  type Root,
  type Snapshot,
  type TargetFile,
  type Targets,
  type Timestamp,
} from '@tufjs/models';
import { readIfThere, removeIfThere, writeAtomically } from '../state/disk.js';
import { PodError } from '../errors.js';
import { sha256 } from '../hashes.js';
import type { Fetcher } from './fetcher.js';

/** TUF's own limits (tuf-js config.ts), bytes. */
const LIMITS = { root: 512_000, timestamp: 16_384, snapshot: 2_000_000, targets: 5_000_000 };
const MAX_ROOT_ROTATIONS = 256;
type Role = 'timestamp' | 'snapshot' | 'targets';
// Metadata.fromJSON names the roles by an enum of the same values.
const parse = Metadata.fromJSON as unknown as (
  role: string,
  data: unknown,
) => Metadata<Root & Timestamp & Snapshot & Targets>;

/**
 * A TUF client (specification 1.0.31, "Detailed client workflow", sections cited below): the only way anything from the
 * network comes to be believed. Top-level targets alone: this repository delegates nothing. Every accepted file is
 * kept, whole, before the next step.
 */
export class Trust {
  private root: Metadata<Root>;
  /** Whether the pod went back to the shipped root. */
  keptRootIsDamaged = false;
  private targets: Metadata<Targets> | undefined;

  /**
   * @param directory    where trusted metadata is kept
   * @param shippedRoot  the root.json that came with the device; its expiry does not matter (TUF 5.2)
   * @param now          injected, so that a wrong clock can be tested
   */
  constructor(
    private readonly directory: string,
    private readonly fetcher: Fetcher,
    shippedRoot: Buffer,
    private readonly now: () => Date = () => new Date(),
  ) {
    this.root = this.keptRoot() ?? rootIn(shippedRoot);
  }

  /**
   * The newest targets, all four roles verified. @throws PodError `network` · `untrustedMetadata` · `staleMetadata` ·
   * `metadataRollback` · `tooLarge`
   */
  async refresh(): Promise<Targets> {
    const startedAt = this.now(); // TUF 5.1: fixed once
    await this.followRoots(startedAt);
    const timestamp = await this.newTimestamp(startedAt);
    const snapshot = await this.newSnapshot(timestamp, startedAt);
    this.targets = await this.newTargets(snapshot, startedAt);
    return this.targets.signed;
  }

  /** Whether the metadata heard last lists this target. */
  lists(path: string): boolean {
    return path in (this.targets?.signed.targets ?? {});
  }

  /** A target file's bytes, of the length and hash that targets.json names (TUF 5.7). */
  async download(path: string): Promise<Buffer> {
    const target: TargetFile | undefined = (this.targets ?? (await this.refresh(), this.targets))?.signed.targets[path];
    if (!target) throw new PodError('untrustedMetadata', { path }, `The repository names no target ${path}.`);
    const slash = path.lastIndexOf('/') + 1;
    const bytes = await this.fetcher.get(
      `/targets/${path.slice(0, slash)}${target.hashes.sha256}.${path.slice(slash)}`,
      target.length,
    );
    if (!bytes)
      throw new PodError(
        'network',
        { path },
        `The repository lists ${path} but does not have it; the pod tries again.`,
      );
    if (bytes.length !== target.length || sha256(bytes) !== target.hashes.sha256) {
      throw new PodError(
        'damagedDownload',
        { path },
        `${path} is not the file that the signed metadata names; the mirror is wrong.`,
      );
    }
    return bytes;
  }

  /** TUF 5.3. */
  private async followRoots(startedAt: Date): Promise<void> {
    for (let step = 0; step < MAX_ROOT_ROTATIONS; step += 1) {
      const version = this.root.signed.version + 1;
      const bytes = await this.fetcher.get(`/tuf/${version}.root.json`, LIMITS.root, [403, 404]);
      if (!bytes) break;
      const next = rootIn(bytes);
      verify(this.root, 'root', next);
      if (next.signed.version !== version)
        throw new PodError(
          'metadataRollback',
          { version },
          `${version}.root.json says version ${next.signed.version}.`,
        );
      const rotated = (['timestamp', 'snapshot'] as const).some(
        (role) => !sameKeys(this.root.signed, next.signed, role),
      );
      writeAtomically(this.path('root'), bytes);
      this.root = next;
      // 5.3.11: fast-forward recovery
      if (rotated) for (const role of ['timestamp', 'snapshot'] as const) removeIfThere(this.path(role));
    }
    this.fresh(this.root.signed, 'root', startedAt);
  }

  /** TUF 5.4. */
  private async newTimestamp(startedAt: Date): Promise<Metadata<Timestamp>> {
    const old = this.trusted('timestamp') as Metadata<Timestamp> | undefined;
    const bytes = await this.fetch('/tuf/timestamp.json', 'timestamp');
    const timestamp = read('timestamp', bytes) as Metadata<Timestamp>;
    verify(this.root, 'timestamp', timestamp);
    // 5.4.3.1: one of the same version is discarded, whatever it says
    if (old && timestamp.signed.version === old.signed.version) {
      this.fresh(old.signed, 'timestamp', startedAt);
      return old;
    }
    if (old && timestamp.signed.version < old.signed.version)
      rolledBack('timestamp', timestamp.signed.version, old.signed.version);
    if (old && timestamp.signed.snapshotMeta.version < old.signed.snapshotMeta.version)
      rolledBack('snapshot', timestamp.signed.snapshotMeta.version, old.signed.snapshotMeta.version);
    this.fresh(timestamp.signed, 'timestamp', startedAt);
    writeAtomically(this.path('timestamp'), bytes);
    return timestamp;
  }

  /** TUF 5.5. */
  private async newSnapshot(timestamp: Metadata<Timestamp>, startedAt: Date): Promise<Metadata<Snapshot>> {
    const meta = timestamp.signed.snapshotMeta;
    const old = this.trusted('snapshot') as Metadata<Snapshot> | undefined;
    const bytes =
      old?.signed.version === meta.version
        ? this.kept('snapshot')
        : await this.fetch(`/tuf/${meta.version}.snapshot.json`, 'snapshot', meta);
    const snapshot = read('snapshot', bytes) as Metadata<Snapshot>;
    verify(this.root, 'snapshot', snapshot);
    if (snapshot.signed.version !== meta.version) mixed('snapshot', snapshot.signed.version, meta.version);
    for (const [name, before] of Object.entries(old?.signed.meta ?? {})) {
      const after = snapshot.signed.meta[name];
      if (!after) throw new PodError('metadataRollback', { name }, `The new snapshot no longer lists ${name}.`);
      if (after.version < before.version) rolledBack(name, after.version, before.version);
    }
    this.fresh(snapshot.signed, 'snapshot', startedAt);
    if (snapshot.signed.version !== old?.signed.version) writeAtomically(this.path('snapshot'), bytes);
    return snapshot;
  }

  /** TUF 5.6. */
  private async newTargets(snapshot: Metadata<Snapshot>, startedAt: Date): Promise<Metadata<Targets>> {
    const meta = snapshot.signed.meta['targets.json'];
    if (!meta) throw new PodError('untrustedMetadata', {}, 'The snapshot lists no targets.json.');
    const old = this.trusted('targets') as Metadata<Targets> | undefined;
    const bytes =
      old?.signed.version === meta.version
        ? this.kept('targets')
        : await this.fetch(`/tuf/${meta.version}.targets.json`, 'targets', meta);
    const targets = read('targets', bytes) as Metadata<Targets>;
    verify(this.root, 'targets', targets);
    if (targets.signed.version !== meta.version) mixed('targets', targets.signed.version, meta.version);
    this.fresh(targets.signed, 'targets', startedAt);
    if (targets.signed.version !== old?.signed.version) writeAtomically(this.path('targets'), bytes);
    return targets;
  }

  private async fetch(path: string, role: Role, meta?: MetaFile): Promise<Buffer> {
    const bytes = await this.fetcher.get(path, meta?.length ?? LIMITS[role]);
    if (!bytes) throw new PodError('network', { path }, `${path} is not there; the pod tries again.`);
    try {
      meta?.verify(bytes);
    } catch (cause) {
      throw new PodError(
        'damagedDownload',
        { path },
        `${path} is not the file that the signed metadata names; the mirror is wrong.`,
        { cause },
      );
    }
    return bytes;
  }

  /** The root kept from an earlier run; one that is damaged is as if it were not there: the shipped one leads to it. */
  private keptRoot(): Metadata<Root> | undefined {
    const bytes = readIfThere(this.path('root'));
    if (!bytes) return undefined;
    try {
      return rootIn(bytes);
    } catch {
      this.keptRootIsDamaged = true;
      return undefined;
    }
  }

  /** Metadata kept from an earlier run, if it still verifies; anything else is as if it were not there. */
  private trusted(role: Role): Metadata<Root | Timestamp | Snapshot | Targets> | undefined {
    const bytes = readIfThere(this.path(role));
    if (!bytes) return undefined;
    try {
      const metadata = read(role, bytes);
      this.root.verifyDelegate(role, metadata);
      return metadata;
    } catch {
      removeIfThere(this.path(role));
      return undefined;
    }
  }

  private kept(role: Role): Buffer {
    const bytes = readIfThere(this.path(role));
    if (!bytes)
      throw new PodError('stateDamaged', { role }, `The kept ${role} metadata has vanished; the pod fetches it again.`);
    return bytes;
  }

  private fresh(signed: { isExpired(at: Date): boolean; expires: string }, role: string, at: Date): void {
    if (signed.isExpired(at)) {
      throw new PodError(
        'staleMetadata',
        { role, expires: signed.expires },
        `The ${role} metadata expired at ${signed.expires}: the repository is old, or somebody keeps news ` +
          'from this pod.',
      );
    }
  }

  private path(role: string): string {
    return join(this.directory, `${role}.json`);
  }
}

/** A root that is signed by enough of its own keys. @throws PodError `untrustedMetadata` */
export function rootIn(bytes: Buffer): Metadata<Root> {
  const root = read('root', bytes) as Metadata<Root>;
  verify(root, 'root', root);
  return root;
}

function read(role: Role | 'root', bytes: Buffer): Metadata<Root | Timestamp | Snapshot | Targets> {
  try {
    return parse(role, JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new PodError('untrustedMetadata', { role }, `The ${role} metadata is not TUF metadata of that role.`, {
      cause,
    });
  }
}

function verify(by: Metadata<Root>, role: string, metadata: Metadata<Root | Timestamp | Snapshot | Targets>): void {
  try {
    by.verifyDelegate(role, metadata);
  } catch (cause) {
    throw new PodError('untrustedMetadata', { role }, `The ${role} metadata is not signed by enough of its keys.`, {
      cause,
    });
  }
}

function rolledBack(role: string, offered: number, had: number): never {
  throw new PodError(
    'metadataRollback',
    { role, offered, had },
    `The repository offers ${role} version ${offered} after version ${had}.`,
  );
}

function mixed(role: string, offered: number, wanted: number): never {
  throw new PodError(
    'untrustedMetadata',
    { role, offered, wanted },
    `The ${role} metadata says version ${offered} where ${wanted} is listed.`,
  );
}

function sameKeys(before: Root, after: Root, role: string): boolean {
  const keys = (root: Root): string => JSON.stringify([...(root.roles[role]?.keyIDs ?? [])].sort());
  return keys(before) === keys(after);
}
