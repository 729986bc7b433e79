import { open, type FileHandle } from 'node:fs/promises';
import { digest, hex } from '@livepod/protocol';
import { TransferError } from './errors.js';

export interface ExpectedChunk {
  sha256: string;
  bytes: number;
}

/**
 * A file of chunks whose hashes are known: only right chunks get into it, in any order, and one that is there and right
 * is never fetched again, also after a crash in the middle of a write.
 */
export class VerifiedFile {
  private readonly offsets: number[];

  private constructor(
    private readonly file: FileHandle,
    readonly name: string,
    readonly chunks: readonly ExpectedChunk[],
  ) {
    let offset = 0;
    this.offsets = chunks.map((chunk) => (offset += chunk.bytes) - chunk.bytes);
  }

  static async open(path: string, name: string, chunks: readonly ExpectedChunk[]): Promise<VerifiedFile> {
    const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return open(path, 'w+', 0o600);
    });
    return new VerifiedFile(file, name, chunks);
  }

  offset(index: number): number {
    return this.offsets[index] ?? 0;
  }

  /** Indices of the chunks that are not there or not right. */
  async missing(): Promise<number[]> {
    const { size } = await this.file.stat();
    const missing: number[] = [];
    for (const [index, chunk] of this.chunks.entries()) {
      if (size < this.offset(index) + chunk.bytes || hex(await digest(await this.read(index))) !== chunk.sha256)
        missing.push(index);
    }
    return missing;
  }

  /** @throws TransferError `wrongHash`: nothing is written then */
  async write(index: number, stored: Uint8Array): Promise<void> {
    const chunk = this.chunks[index]!;
    if (stored.length !== chunk.bytes || hex(await digest(stored)) !== chunk.sha256) {
      throw new TransferError(
        'wrongHash',
        { file: this.name, chunk: index },
        `Chunk ${index} of ${this.name} is not the one its contributor signed; ask the contributor to upload it again.`,
      );
    }
    await this.file.write(stored, 0, stored.length, this.offset(index));
  }

  async read(index: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(this.chunks[index]!.bytes);
    await this.file.read(bytes, 0, bytes.length, this.offset(index));
    return bytes;
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
