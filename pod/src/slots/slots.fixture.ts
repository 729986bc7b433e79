/** Slots on a disk of their own, beside a repository on loopback. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, parseCheckpointManifest } from '@livepod/protocol';
import { sha256 } from '../hashes.js';
import { checkpointSaying, Repository } from '../repository.fixture.js';
import { StateFile } from '../state/state.js';
import { ChunkStore, type TrustedManifest } from '../updates/checkpoint.js';
import { Fetcher } from '../updates/fetcher.js';
import { Trust } from '../updates/trust.js';
import { Keeper } from './keeper.js';
import { Slots } from './slots.js';

export type Checkpoint = ReturnType<typeof checkpointSaying>;

/** Its documents, as they are believed. */
export function trusted({ manifest, target }: Checkpoint): TrustedManifest {
  const document = canonicalJson(manifest as Parameters<typeof canonicalJson>[0]);
  const { evaluation } = JSON.parse(String(target)) as { evaluation: Parameters<typeof canonicalJson>[0] };
  return { manifest: parseCheckpointManifest(document), document, report: canonicalJson(evaluation) };
}

export class Disk {
  readonly folder = mkdtempSync(join(tmpdir(), 'pod-slots-'));
  readonly repository = new Repository();
  readonly slots = new Slots(join(this.folder, 'slots'));
  readonly log: string[] = [];
  private readonly root = this.repository.root(1);
  private address = '';

  static async open(): Promise<Disk> {
    const made = new Disk();
    made.address = await made.repository.listen();
    return made;
  }

  async close(): Promise<void> {
    await this.repository.close();
    rmSync(this.folder, { recursive: true });
  }

  get chunks(): ChunkStore {
    return new ChunkStore(join(this.folder, 'chunks'), this.fetcher);
  }

  /** As after a restart. */
  get state(): StateFile {
    return new StateFile(this.folder, new Uint8Array([1]));
  }

  get fetcher(): Fetcher {
    return new Fetcher(this.address, '');
  }

  get trust(): Trust {
    return new Trust(join(this.folder, 'metadata'), this.fetcher, this.root);
  }

  keeper(state = this.state): Keeper {
    return new Keeper(state, this.slots, this.chunks, this.trust, (event) => void this.log.push(event));
  }

  /** Offers the files and documents of checkpoints. */
  offer(...checkpoints: Checkpoint[]): void {
    for (const checkpoint of checkpoints) {
      this.repository.offer(`checkpoints/${checkpoint.id.slice(7)}.json`, checkpoint.target);
      for (const chunk of checkpoint.chunks) this.repository.files.set(`/chunks/${sha256(chunk)}`, chunk);
    }
    this.repository.sign();
  }

  path(...names: string[]): string {
    return join(this.folder, 'slots', ...names);
  }
  read(...names: string[]): string {
    return readFileSync(this.path(...names), 'latin1');
  }
  /** Chunks that were asked for. */
  get fetched(): number {
    return this.repository.requests.filter((path) => path.startsWith('/chunks/')).length;
  }
}
