import { CreateBucketCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StackError } from './errors.js';
import type { Ports } from './ports.js';
import type { ProcessSpec } from './supervised.js';
import { s3Program } from './steps/s3.js';

export interface S3Addresses {
  endpoint: string;
  region: string;
  bucket: string;
}

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/** versitygw over a folder, or null when S3_ENDPOINT names a service. */
export async function s3Server(
  state: string,
  ports: Ports,
): Promise<{ spec: ProcessSpec | null; addresses: S3Addresses; credentials: S3Credentials }> {
  const bucket = process.env['S3_BUCKET'] ?? 'livepod';
  const region = process.env['AWS_REGION'] ?? 'us-east-1';
  const { path } = await s3Program();
  if (path === null)
    return {
      spec: null,
      addresses: { endpoint: process.env['S3_ENDPOINT']!, region, bucket },
      credentials: givenCredentials(),
    };

  const credentials = keptCredentials(join(state, 'secrets', 's3.json'));
  const endpoint = `http://127.0.0.1:${await ports.choose('s3', 7070)}`;
  const folder = join(state, 's3');
  mkdirSync(folder, { recursive: true });
  const probe = (): Promise<unknown> => fetch(endpoint, { signal: AbortSignal.timeout(5_000) });
  return {
    addresses: { endpoint, region, bucket },
    credentials,
    spec: {
      name: 's3',
      command: path,
      args: ['--port', endpoint.slice('http://'.length), '--region', region, '--quiet', 'posix', folder],
      env: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
      ready: { probe },
      health: probe,
    },
  };
}

function givenCredentials(): S3Credentials {
  const accessKeyId = process.env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = process.env['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId || !secretAccessKey) {
    throw new StackError(
      'badOption',
      { endpoint: process.env['S3_ENDPOINT'] },
      'S3_ENDPOINT is set; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for it, too.',
    );
  }
  return { accessKeyId, secretAccessKey };
}

/** The server's one account, made up at the first start; the file is for its owner's eyes only. */
function keptCredentials(path: string): S3Credentials {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as S3Credentials;
  } catch {
    const made = {
      accessKeyId: `livepod-${randomBytes(6).toString('hex')}`,
      secretAccessKey: randomBytes(24).toString('base64url'),
    };
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${JSON.stringify(made)}\n`, { mode: 0o600 });
    return made;
  }
}

export async function prepareBucket(
  { endpoint, region, bucket }: S3Addresses,
  credentials: S3Credentials,
): Promise<void> {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  try {
    const there = await client.send(new HeadBucketCommand({ Bucket: bucket })).then(
      () => true,
      () => false,
    );
    if (!there) await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== 'BucketAlreadyOwnedByYou') {
      throw new StackError(
        'notReady',
        { endpoint, bucket },
        `The bucket ${bucket} at ${endpoint} can be neither found nor made: ${message}. See its credentials.`,
      );
    }
  } finally {
    client.destroy();
  }
}
