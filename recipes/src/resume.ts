import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FlatAdam } from './optimizer.js';

const FILE = 'resume.bin';

interface Header {
  fingerprint: string;
  epoch: number;
  steps: number;
  lengths: number[];
}

/**
 * What a killed training continues from: weights, their average and Adam's moments after the last whole epoch, in one
 * file that is replaced atomically. The folder is the caller's, memory-backed, and wiped by the caller.
 */
export class ResumePoint {
  /** @param fingerprint  of the training; a file of another one is not continued */
  constructor(
    private readonly optimizer: FlatAdam,
    private readonly dir: string | undefined,
    private readonly fingerprint: string,
  ) {}

  /** @returns the number of epochs already done; 0 where there is nothing, or something of another training */
  async load(): Promise<number> {
    if (!this.dir) return 0;
    const bytes = await readFile(join(this.dir, FILE)).catch(() => undefined);
    if (!bytes) return 0;
    const headerBytes = bytes.readUInt32LE(0);
    const header = JSON.parse(bytes.subarray(4, 4 + headerBytes).toString()) as Header;
    if (header.fingerprint !== this.fingerprint) return 0;
    let at = 4 + headerBytes;
    this.optimizer.restore(
      header.steps,
      header.lengths.map((length) => new Float32Array(Uint8Array.from(bytes.subarray(at, (at += length * 4))).buffer)),
    );
    return header.epoch;
  }

  async save(epoch: number): Promise<void> {
    if (!this.dir) return;
    const { steps, vectors } = this.optimizer.state();
    const data = await Promise.all(vectors.map(async (vector) => Float32Array.from(await vector.data())));
    vectors[0]!.dispose();
    const header = Buffer.from(
      JSON.stringify({
        fingerprint: this.fingerprint,
        epoch,
        steps,
        lengths: data.map(({ length }) => length),
      } satisfies Header),
    );
    const size = Buffer.alloc(4);
    size.writeUInt32LE(header.length);
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    await writeFile(
      join(this.dir, `${FILE}.new`),
      Buffer.concat([size, header, ...data.map(({ buffer }) => Buffer.from(buffer))]),
      { mode: 0o600 },
    );
    await rename(join(this.dir, `${FILE}.new`), join(this.dir, FILE));
  }
}
