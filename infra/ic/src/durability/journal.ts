import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import { IcError } from '../errors.js';
import { deserialize } from './deserialize.js';
import { restoreIt, writeAll } from './files.js';

const fdatasyncAsync = promisify(fdatasync);
const MAGIC = Buffer.from('LPJ2');
const RECORD = Buffer.from('LPR2');
/** Of the file: magic, 12 random bytes that go into every checksum, CRC-32 of both. */
const FILE_HEADER = 20;
/**
 * Of a record: magic, length of the payload, first 8 bytes of the payload's salted SHA-256, salted CRC-32 of the header
 * before it.
 */
const HEADER = 20;

/**
 * An append-only file of records in V8's structured clone. Each is on disk before the next is written, so only the last
 * can be half there after a crash: that is cut off. A record that does not match its checksum and has a whole one
 * behind it was damaged later, and is not passed over.
 */
export class Journal {
  readonly path: string;
  readonly #file: number;
  readonly #salt: Buffer;
  #size: number;

  private constructor(path: string, file: number, salt: Buffer, size: number) {
    this.path = path;
    this.#file = file;
    this.#salt = salt;
    this.#size = size;
  }

  /**
   * Opens or creates a journal.
   *
   * @throws IcError `stateDamaged`
   */
  static open<T>(path: string): { journal: Journal; records: T[] } {
    const file = openSync(path, 'a+', 0o600);
    closeSync(file);
    const writing = openSync(path, 'r+');
    const bytes = readFileSync(path);
    try {
      if (bytes.length <= FILE_HEADER && !isHeader(bytes))
        return { journal: new Journal(path, writing, begin(writing), FILE_HEADER), records: [] };
      if (!isHeader(bytes))
        throw damaged(
          path,
          `it does not begin as a journal of format ${MAGIC.toString().slice(-1)} does; it is of an older ` +
            'version, or damaged',
        );
      const salt = bytes.subarray(MAGIC.length, FILE_HEADER - 4);
      const { records, whole } = read<T>(bytes, salt, path);
      ftruncateSync(writing, whole);
      return { journal: new Journal(path, writing, Buffer.from(salt), whole), records };
    } catch (failure) {
      closeSync(writing);
      throw failure;
    }
  }

  /** Bytes on disk. */
  get size(): number {
    return this.#size;
  }

  /** Writes a record. @throws what the system said, as when the disk is full; the journal is then as before */
  write(record: unknown): void {
    const payload = serialize(record);
    try {
      writeAll(this.#file, Buffer.concat([headerOf(payload, this.#salt), payload]), this.#size);
    } catch (failure) {
      try {
        ftruncateSync(this.#file, this.#size);
      } catch {
        // the next record is written over what is there
      }
      throw failure;
    }
    this.#size += HEADER + payload.length;
  }

  /** When it resolves, what was written survives a power cut. */
  async sync(): Promise<void> {
    await fdatasyncAsync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function begin(file: number): Buffer {
  const salt = randomBytes(FILE_HEADER - MAGIC.length - 4);
  const start = Buffer.concat([MAGIC, salt]);
  ftruncateSync(file, 0);
  writeAll(file, Buffer.concat([start, word(crc32(start))]), 0);
  fsyncSync(file);
  return salt;
}

function isHeader(bytes: Buffer): boolean {
  const start = bytes.subarray(0, FILE_HEADER - 4);
  return (
    bytes.length >= FILE_HEADER && start.indexOf(MAGIC) === 0 && bytes.readUInt32LE(FILE_HEADER - 4) === crc32(start)
  );
}

function headerOf(payload: Buffer, salt: Buffer): Buffer {
  const start = Buffer.concat([RECORD, word(payload.length), checksum(payload, salt)]);
  return Buffer.concat([start, word(crc32(start, crc32(salt)))]);
}

function read<T>(bytes: Buffer, salt: Buffer, path: string): { records: T[]; whole: number } {
  const records: T[] = [];
  let at = FILE_HEADER;
  for (let payload = payloadAt(bytes, at, salt); payload; payload = payloadAt(bytes, at, salt)) {
    records.push(deserialize(payload) as T);
    at += HEADER + payload.length;
  }
  for (let next = bytes.indexOf(RECORD, at + 1); next >= 0; next = bytes.indexOf(RECORD, next + 1)) {
    if (payloadAt(bytes, next, salt))
      throw damaged(path, `the record at byte ${at} does not match its checksum, and there are whole ones behind it`);
  }
  return { records, whole: at };
}

/** The payload of the record at a place, if there is a whole one. */
function payloadAt(bytes: Buffer, at: number, salt: Buffer): Buffer | undefined {
  const start = bytes.subarray(at, at + HEADER - 4);
  if (
    at + HEADER > bytes.length ||
    start.indexOf(RECORD) !== 0 ||
    bytes.readUInt32LE(at + HEADER - 4) !== crc32(start, crc32(salt))
  )
    return undefined;
  const payload = bytes.subarray(at + HEADER, at + HEADER + start.readUInt32LE(RECORD.length));
  return payload.length === start.readUInt32LE(RECORD.length) &&
    checksum(payload, salt).compare(start, RECORD.length + 4) === 0
    ? payload
    : undefined;
}

function checksum(payload: Buffer, salt: Buffer): Buffer {
  return createHash('sha256').update(salt).update(payload).digest().subarray(0, 8);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function damaged(path: string, what: string): IcError {
  return new IcError('stateDamaged', { path }, `${path} is damaged: ${what}; ${restoreIt(dirname(path))}`);
}
