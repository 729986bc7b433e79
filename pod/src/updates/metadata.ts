import { Metadata, type Root, type Snapshot, type Targets, type Timestamp } from '@tufjs/models';
import { PodError } from '../errors.js';

/** What each role's metadata says. */
interface Roles {
  root: Root;
  timestamp: Timestamp;
  snapshot: Snapshot;
  targets: Targets;
}
export type Role = keyof Roles;

/** TUF's own limits (tuf-js config.ts), bytes. */
export const LIMITS: Readonly<Record<Role, number>> = {
  root: 512_000,
  timestamp: 16_384,
  snapshot: 2_000_000,
  targets: 5_000_000,
};

// Metadata.fromJSON names the roles by an enum of the same values.
const parse = Metadata.fromJSON as unknown as <R extends Role>(role: R, data: unknown) => Metadata<Roles[R]>;

/** Metadata of that role; nothing says yet that it is to be believed. @throws PodError `untrustedMetadata` */
export function read<R extends Role>(role: R, bytes: Buffer): Metadata<Roles[R]> {
  try {
    const metadata = parse(role, JSON.parse(bytes.toString('utf8')));
    // A date that is none would never be over.
    if (Number.isNaN(Date.parse(metadata.signed.expires))) throw new Error(`${metadata.signed.expires} is no date.`);
    return metadata;
  } catch (cause) {
    throw new PodError('untrustedMetadata', { role }, `The ${role} metadata is not TUF metadata of that role.`, {
      cause,
    });
  }
}

/** Holds metadata against the keys that a root names for its role. @throws PodError `untrustedMetadata` */
export function verify<R extends Role>(by: Metadata<Root>, role: R, metadata: Metadata<Roles[R]>): void {
  try {
    by.verifyDelegate(role, metadata);
  } catch (cause) {
    throw new PodError('untrustedMetadata', { role }, `The ${role} metadata is not signed by enough of its keys.`, {
      cause,
    });
  }
}

/** @throws PodError `staleMetadata` */
export function fresh({ expires }: { expires: string }, role: Role, at: Date): void {
  if (at.getTime() < Date.parse(expires)) return;
  throw new PodError(
    'staleMetadata',
    { role, expires },
    `The ${role} metadata expired at ${expires}: the repository is old, or somebody keeps news from this pod.`,
  );
}

/** @throws PodError `metadataRollback` when a version goes down */
export function notBefore(had: number, offered: number, role: string): void {
  if (offered >= had) return;
  throw new PodError(
    'metadataRollback',
    { role, offered, had },
    `The repository offers ${role} version ${offered} after version ${had}.`,
  );
}

/** @throws PodError `untrustedMetadata` when metadata is of another version than what names it says */
export function exactly(wanted: number, offered: number, role: Role): void {
  if (offered === wanted) return;
  throw new PodError(
    'untrustedMetadata',
    { role, offered, wanted },
    `The ${role} metadata says version ${offered} where ${wanted} is listed.`,
  );
}
