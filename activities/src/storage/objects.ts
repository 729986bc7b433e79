import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { ActivityError } from '../errors.js';

export interface ObjectStoreConfig {
  endpoint?: string;
  region: string;
  /** From the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, …) when not given. */
  accessKeyId?: string;
  secretAccessKey?: string;
}

/** An S3 bucket as this project uses it: whole objects in, ranges out. */
export class ObjectStore {
  private readonly client: S3Client;

  constructor({ endpoint, region, accessKeyId, secretAccessKey }: ObjectStoreConfig) {
    // What is stored is hashed chunk by chunk against a signed manifest, so the SDK's own checksums would only be a second pass.
    this.client = new S3Client({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey } } : {}),
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: 5,
    });
  }

  /** The object's size in bytes and the Merkle root it was stored under; undefined when it is not there. */
  async head(bucket: string, key: string): Promise<{ bytes: number; root: string | undefined } | undefined> {
    try {
      const head = await this.client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      return { bytes: head.ContentLength ?? 0, root: head.Metadata?.[ROOT] };
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
      throw unavailable(error, bucket, key);
    }
  }

  /** Streams an object from its parts, without holding it twice in memory. */
  async put(bucket: string, key: string, parts: Uint8Array[], root: string): Promise<void> {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    // One part is signed as a whole; a stream is sent unsigned, and its hashes are in the manifest.
    const body = parts.length === 1 ? parts[0]! : Readable.from(parts, { objectMode: false });
    try {
      await this.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentLength: bytes, Metadata: { [ROOT]: root } }));
    } catch (error) {
      throw unavailable(error, bucket, key);
    }
  }

  /** The object's bytes from `from` on, or those of [from, to). @throws ActivityError `missingChunk` · `storageUnavailable` */
  async get(bucket: string, key: string, from = 0, to?: number, signal?: AbortSignal): Promise<Readable> {
    const range = from === 0 && to === undefined ? {} : { Range: `bytes=${from}-${to === undefined ? '' : to - 1}` };
    try {
      const answer = await this.client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...range }), signal ? { abortSignal: signal } : {});
      return answer.Body as Readable;
    } catch (error) {
      if (error instanceof S3ServiceException && (error.$metadata.httpStatusCode === 404 || error.$metadata.httpStatusCode === 416)) {
        throw new ActivityError('missingChunk', { bucket, key, from }, `The object ${key} in bucket ${bucket} is missing or too short; ask its contributor to upload it again.`);
      }
      throw unavailable(error, bucket, key);
    }
  }

  close(): void {
    this.client.destroy();
  }
}

const ROOT = 'livepod-merkle-root';

/** Refused by the store's own rules is final; anything else may pass. */
function unavailable(error: unknown, bucket: string, key: string): ActivityError {
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  const why = error instanceof Error ? error.message || error.name : String(error);
  return new ActivityError('storageUnavailable', { bucket, key, status }, `The object store did not serve ${key} of bucket ${bucket} (${why}); see that it runs and that the credentials fit.`, { cause: error });
}
