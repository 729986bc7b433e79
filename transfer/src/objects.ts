import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { askingFor, holdAnswers, type Part } from './answers.js';
import { PACE, timeFor, type Pace } from './bounded.js';
import { TransferError } from './errors.js';

export interface ObjectStoreConfig {
  endpoint?: string;
  region: string;
  /** From the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, …) when not given. */
  accessKeyId?: string;
  secretAccessKey?: string;
  /** The only bucket that is ever asked for; without it, any. */
  bucket?: string;
  /** How slow it may be. */
  pace?: Pace;
}

/** What is known of an object without reading it. */
export interface StoredObject {
  bytes: number;
  root: string | undefined;
}

/** An S3 bucket as this project uses it: whole objects in, ranges out. */
export class ObjectStore {
  private readonly client: S3Client;
  private readonly pace: Pace;
  private readonly bucket: string | undefined;

  constructor({ endpoint, region, accessKeyId, secretAccessKey, bucket, pace = PACE }: ObjectStoreConfig) {
    this.pace = pace;
    this.bucket = bucket;
    // What is stored is hashed chunk by chunk against a signed manifest, so the SDK's own checksums would only be a
    // second pass.
    this.client = new S3Client({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey } } : {}),
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: ATTEMPTS,
      // It would warn on the console of streams that it cannot send again; `put` does that.
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    });
    holdAnswers(this.client, pace);
  }

  /** The object's size in bytes and the Merkle root it was stored under; undefined when it is not there. */
  async head(bucket: string, key: string): Promise<StoredObject | undefined> {
    const found = await this.look(bucket, key);
    if (found === 'forbidden') throw unavailable(new Error('reading is forbidden'), bucket, key);
    return found;
  }

  /**
   * Stores an object once, without holding it twice in memory. What is there is never written over: a contributor may
   * be allowed to create objects, and neither to read nor to replace any.
   *
   * @param root  the Merkle root of its chunks, which it is stored under
   * @returns false when it was there already
   * @throws TransferError `storageUnavailable` · `wrongHash` when something else is there
   */
  async create(bucket: string, key: string, parts: Uint8Array[], root: string, signal?: AbortSignal): Promise<boolean> {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    const same = (found: StoredObject): boolean => found.root === root && found.bytes === bytes;
    const before = await this.look(bucket, key);
    if (before && before !== 'forbidden') {
      if (same(before)) return false;
      throw anotherIsThere(bucket, key);
    }
    if (await this.put(bucket, key, parts, root, signal)) return true;
    const after = await this.look(bucket, key);
    // Who may not look relies on the vote, before which every chunk is compared with the manifest.
    if (after === 'forbidden' || (after && same(after))) return false;
    throw anotherIsThere(bucket, key);
  }

  /** @throws TransferError `foreignStorage` for a bucket that is not the configured one */
  mayAsk(bucket: string): void {
    if (this.bucket === undefined || bucket === this.bucket) return;
    throw new TransferError(
      'foreignStorage',
      { bucket, configured: this.bucket },
      `${bucket} is not the configured bucket ${this.bucket}; nothing was asked. Set s3.bucket if it should be.`,
    );
  }

  /**
   * Asks the store one thing: of the configured bucket alone, within its time, and held to what was asked.
   *
   * @param sent  bytes of the request's body
   * @throws TransferError `foreignStorage` before anything is sent
   */
  private async ask<T>(
    bucket: string,
    question: (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<T>,
    { part, sent = 0, signal }: { part?: Part; sent?: number; signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    this.mayAsk(bucket);
    const late = new AbortController();
    const until = timeFor(sent, this.pace) * ATTEMPTS;
    const timer = setTimeout(() => late.abort(new Error('it did not answer in time')), until).unref();
    const abortSignal = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    try {
      return await askingFor(part, () => question(this.client, { abortSignal }));
    } finally {
      clearTimeout(timer);
    }
  }

  private async look(bucket: string, key: string): Promise<StoredObject | 'forbidden' | undefined> {
    try {
      const head = await this.ask(bucket, (client, options) =>
        client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), options),
      );
      return { bytes: head.ContentLength ?? 0, root: head.Metadata?.[ROOT] };
    } catch (error) {
      const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
      if (status === 404) return undefined;
      if (status === 403) return 'forbidden';
      throw unavailable(error, bucket, key);
    }
  }

  /** @returns false when something is there already (RFC 9110 §13.1.2, If-None-Match) */
  private async put(
    bucket: string,
    key: string,
    parts: Uint8Array[],
    root: string,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    for (let attempt = 1; ; attempt++) {
      // One part is signed as a whole; a stream is sent unsigned, and its hashes are in the manifest. The SDK sends a
      // stream once: it cannot rewind it, so a store that is busy is asked again here, with a new one.
      const body = parts.length === 1 ? parts[0]! : Readable.from(parts, { objectMode: false });
      const request = { Bucket: bucket, Key: key, Body: body, ContentLength: bytes, Metadata: { [ROOT]: root } };
      try {
        await this.ask(
          bucket,
          (client, options) => client.send(new PutObjectCommand({ ...request, IfNoneMatch: '*' }), options),
          { sent: bytes, signal },
        );
        return true;
      } catch (error) {
        signal?.throwIfAborted();
        const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
        if (status === 412) return false;
        const passing = status === undefined || status >= 500 || status === 409 || status === 429;
        if (!passing || attempt === PUT_ATTEMPTS) throw unavailable(error, bucket, key);
        await sleep(PUT_PAUSE_MS * 2 ** attempt, undefined, { signal });
      }
    }
  }

  /**
   * The object's bytes [from, to), which may be the whole of it. The stream fails when more come, or too slowly.
   *
   * @throws TransferError `missingChunk` · `storageUnavailable` · `badAnswer`
   */
  async get(bucket: string, key: string, part: Part & { whole?: boolean }, signal?: AbortSignal): Promise<Readable> {
    const { from, to, whole } = part;
    const range = whole ? {} : { Range: `bytes=${from}-${to - 1}` };
    try {
      const answer = await this.ask(
        bucket,
        (client, options) => client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...range }), options),
        { part, signal },
      );
      return answer.Body as Readable;
    } catch (error) {
      signal?.throwIfAborted();
      if (
        error instanceof S3ServiceException &&
        (error.$metadata.httpStatusCode === 404 || error.$metadata.httpStatusCode === 416)
      ) {
        throw new TransferError(
          'missingChunk',
          { bucket, key, from },
          `The object ${key} in bucket ${bucket} is missing or too short; ask its contributor to upload it again.`,
        );
      }
      throw unavailable(error, bucket, key);
    }
  }

  /** Folders directly below a prefix, in order, after one; `next` is where to go on, or null at the end. */
  async folders(
    bucket: string,
    prefix: string,
    after: string | null,
    limit: number,
  ): Promise<{ folders: string[]; next: string | null }> {
    return this.asked(bucket, prefix, async () => {
      const page = await this.ask(bucket, (client, options) =>
        client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            Delimiter: '/',
            MaxKeys: limit,
            ...(after === null ? {} : { StartAfter: after }),
          }),
          options,
        ),
      );
      const folders = (page.CommonPrefixes ?? [])
        .flatMap(({ Prefix }) => Prefix ?? [])
        .filter((folder) => after === null || folder > after);
      below(
        prefix,
        folders.map((key) => ({ key })),
      );
      const last = [...folders, ...(page.Contents ?? []).flatMap(({ Key }) => Key ?? [])].sort().at(-1);
      return { folders, next: page.IsTruncated && last !== undefined ? last : null };
    });
  }

  /** Every object below a prefix. */
  async list(bucket: string, prefix: string): Promise<{ key: string; modified: Date | undefined }[]> {
    return this.asked(bucket, prefix, async () => {
      const found: { key: string; modified: Date | undefined }[] = [];
      for (let token: string | undefined; ;) {
        const page = await this.ask(bucket, (client, options) =>
          client.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix,
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
            options,
          ),
        );
        const listed = (page.Contents ?? []).map(({ Key, LastModified }) => ({ key: Key!, modified: LastModified }));
        below(prefix, listed);
        found.push(...listed);
        if (!page.IsTruncated) return found;
        if (page.NextContinuationToken === token || found.length > MAX_LISTED) throw endless(bucket, prefix);
        token = page.NextContinuationToken;
      }
    });
  }

  /** Removes objects; one that is not there is no error. */
  async remove(bucket: string, keys: string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += 1_000) {
      const some = keys.slice(at, at + 1_000);
      await this.asked(bucket, some[0]!, async () => {
        const { Errors = [] } = await this.ask(bucket, (client, options) =>
          client.send(
            new DeleteObjectsCommand({
              Bucket: bucket,
              Delete: { Objects: some.map((Key) => ({ Key })), Quiet: true },
            }),
            options,
          ),
        );
        if (Errors[0]) throw new Error(Errors[0].Message ?? Errors[0].Code ?? 'not removed');
      });
    }
  }

  /** Uploads in parts that were begun and neither completed nor ended. */
  async uploadsInParts(
    bucket: string,
    prefix: string,
  ): Promise<{ key: string; id: string; initiated: Date | undefined }[]> {
    return this.asked(bucket, prefix, async () => {
      const found: { key: string; id: string; initiated: Date | undefined }[] = [];
      for (let marker = {}; ;) {
        const page = await this.ask(bucket, (client, options) =>
          client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...marker }), options),
        );
        const listed = (page.Uploads ?? []).map(({ Key, UploadId, Initiated }) => ({
          key: Key!,
          id: UploadId!,
          initiated: Initiated,
        }));
        below(prefix, listed);
        found.push(...listed);
        if (!page.IsTruncated) return found;
        if (listed.length === 0 || found.length > MAX_LISTED) throw endless(bucket, prefix);
        marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
      }
    });
  }

  /** Ends an upload in parts; one that is over is no error. */
  async endUpload(bucket: string, key: string, id: string): Promise<void> {
    try {
      await this.ask(bucket, (client, options) =>
        client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: id }), options),
      );
    } catch (error) {
      if (!(error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404))
        throw unavailable(error, bucket, key);
    }
  }

  private async asked<T>(bucket: string, key: string, question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      throw unavailable(error, bucket, key);
    }
  }

  close(): void {
    this.client.destroy();
  }
}

const quiet = (): void => {};
const ROOT = 'livepod-merkle-root';
const ATTEMPTS = 5;
const PUT_ATTEMPTS = 5;
const PUT_PAUSE_MS = 100;

/** More than one look lists: a folder of a dataset has 4,096 objects at most, and many may be uploading. */
const MAX_LISTED = 100_000;

/** What is listed may be removed: nothing outside of it is believed. @throws TransferError `badAnswer` */
function below(prefix: string, listed: readonly { key: string }[]): void {
  const other = listed.find(({ key }) => !key.startsWith(prefix));
  if (other !== undefined)
    throw new TransferError(
      'badAnswer',
      { prefix, key: other.key },
      `The object store lists ${other.key} below ${prefix}; see that the address is the store's own.`,
    );
}

const endless = (bucket: string, prefix: string): TransferError =>
  new TransferError(
    'badAnswer',
    { bucket, prefix },
    `The object store's list of ${prefix} does not end; see that the address is the store's own.`,
  );

const anotherIsThere = (bucket: string, key: string): TransferError =>
  new TransferError(
    'wrongHash',
    { bucket, key },
    `Another object is at ${key} in bucket ${bucket}; contribute under another title, and tell the operator.`,
  );

/** Refused by the store's own rules is final; anything else may pass. */
function unavailable(error: unknown, bucket: string, key: string): TransferError {
  if (error instanceof TransferError) return error;
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  const why = error instanceof Error ? error.message || error.name : String(error);
  return new TransferError(
    'storageUnavailable',
    { bucket, key, status },
    `The object store did not serve ${key} of bucket ${bucket} (${why}); see that it runs and that the ` +
      'credentials fit.',
    { cause: error },
  );
}
