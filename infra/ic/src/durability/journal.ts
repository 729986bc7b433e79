import { createHash } from 'node:crypto';
import { closeSync, fdatasync, ftruncateSync, openSync, readFileSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { deserialize, serialize } from 'node:v8';

const writeAsync = promisify(write);
const fdatasyncAsync = promisify(fdatasync);
const HEADER = 12;

/** An append-only file of records: length (4 bytes), the first 8 bytes of the payload's SHA-256, payload (V8's structured clone). */
export class Journal {
  readonly #file: number;
  #size: number;

  private constructor(file: number, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /** Opens or creates a journal; what a crash left half written at its end is cut off. */
  static open<T>(path: string): { journal: Journal; records: T[] } {
    const file = openSync(path, 'a+', 0o600);
    const { records, whole } = read<T>(readFileSync(path));
    ftruncateSync(file, whole);
    return { journal: new Journal(file, whole), records };
  }

  /** Bytes on disk. */
  get size(): number {
    return this.#size;
  }

  /** Appends a record; when the promise resolves, it survives a power cut. One append at a time. */
  async append(record: unknown): Promise<void> {
    const payload = serialize(record);
    const whole = Buffer.alloc(HEADER + payload.length);
    whole.writeUInt32LE(payload.length, 0);
    checksum(payload).copy(whole, 4);
    payload.copy(whole, HEADER);
    this.#size += whole.length;
    for (let done = 0; done < whole.length;) done += (await writeAsync(this.#file, whole, done, whole.length - done, null)).bytesWritten;
    await fdatasyncAsync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function read<T>(bytes: Buffer): { records: T[]; whole: number } {
  const records: T[] = [];
  let at = 0;
  while (at + HEADER <= bytes.length) {
    const end = at + HEADER + bytes.readUInt32LE(at);
    if (end > bytes.length) break;
    const payload = bytes.subarray(at + HEADER, end);
    if (checksum(payload).compare(bytes, at + 4, at + HEADER) !== 0) break;
    records.push(deserialize(payload) as T);
    at = end;
  }
  return { records, whole: at };
}

function checksum(payload: Buffer): Buffer {
  return createHash('sha256').update(payload).digest().subarray(0, 8);
}
