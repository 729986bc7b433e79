import { join } from 'node:path';
import type { Metadata, Root } from '@tufjs/models';
import { PodError } from '../errors.js';
import { readIfThere, removeIfThere, renameDurably, writeAtomically } from '../state/disk.js';
import { read, verify } from './metadata.js';

/**
 * The chain of roots, each signed by the keys of the one before. At every start it is walked anew from the root that
 * came with the device: what is kept is believed for its signatures, and never because it is there.
 */
export class Roots {
  private newest: Metadata<Root>;
  /** Whether something that was kept did not follow from the shipped root. It is gone; the network has it again. */
  readonly keptIsDamaged: boolean;

  /** @throws PodError `untrustedMetadata` when the shipped root is none */
  constructor(
    private readonly directory: string,
    shipped: Buffer,
  ) {
    this.newest = rootIn(shipped);
    const astray = this.takeIn();
    this.keptIsDamaged = this.walk() || astray;
  }

  get current(): Metadata<Root> {
    return this.newest;
  }

  /**
   * Goes on to the next root (TUF 5.3.4 to 5.3.8). It is on the disk before it is believed.
   *
   * @returns whether it changes the keys of the timestamp or the snapshot
   * @throws PodError `untrustedMetadata` · `metadataRollback`
   */
  follow(bytes: Buffer): boolean {
    const before = this.newest;
    const next = successor(before, bytes);
    writeAtomically(this.path(next.signed.version), bytes);
    this.newest = next;
    return (['timestamp', 'snapshot'] as const).some((role) => keys(before, role) !== keys(next, role));
  }

  /** @returns whether a kept root did not follow from the one before it */
  private walk(): boolean {
    for (;;) {
      const path = this.path(this.newest.signed.version + 1);
      const bytes = readIfThere(path);
      if (!bytes) return false;
      try {
        this.newest = successor(this.newest, bytes);
      } catch {
        removeIfThere(path);
        return true;
      }
    }
  }

  /**
   * Earlier versions of this program kept the newest root alone, as root.json: it takes its place in the chain, where
   * it is verified like every other, or goes.
   *
   * @returns whether it has no place there
   */
  private takeIn(): boolean {
    const path = join(this.directory, 'root.json');
    const bytes = readIfThere(path);
    if (!bytes) return false;
    const next = this.newest.signed.version + 1;
    const version = versionIn(bytes);
    if (version === next) renameDurably(path, this.path(next));
    else removeIfThere(path);
    return version === undefined || version > next;
  }

  private path(version: number): string {
    return join(this.directory, `${version}.root.json`);
  }
}

/** A root that is signed by enough of its own keys. @throws PodError `untrustedMetadata` */
export function rootIn(bytes: Buffer): Metadata<Root> {
  const root = read('root', bytes);
  verify(root, 'root', root);
  return root;
}

/** The root after `before`: signed by both, and exactly one version on. */
function successor(before: Metadata<Root>, bytes: Buffer): Metadata<Root> {
  const next = rootIn(bytes);
  verify(before, 'root', next);
  const version = before.signed.version + 1;
  if (next.signed.version !== version)
    throw new PodError('metadataRollback', { version }, `${version}.root.json says version ${next.signed.version}.`);
  return next;
}

function versionIn(bytes: Buffer): number | undefined {
  try {
    return read('root', bytes).signed.version;
  } catch {
    return undefined;
  }
}

/** A role's keys and not their names alone: nothing holds a key's name to the key. */
function keys({ signed }: Metadata<Root>, role: 'timestamp' | 'snapshot'): string {
  const { keyIDs } = signed.roles[role]!; // a root without it is none
  return JSON.stringify(keyIDs.map((id) => JSON.stringify(signed.keys[id])).sort());
}
