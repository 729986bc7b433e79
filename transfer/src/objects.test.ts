import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  CopyObjectCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ObjectStore } from './objects.js';
import { S3Server, type Account } from './s3Server.fixture.js';

const terraform = fileURLToPath(new URL('../../infra/deploy/terraform/main.tf', import.meta.url));
const owner = { accessKeyId: 'owner', secretAccessKey: 'owner-secret' };
const contributor = { accessKeyId: 'contributor', secretAccessKey: 'contributor-secret' };
const other = { accessKeyId: 'other', secretAccessKey: 'other-secret' };
const bucket = 'livepod';
/** Folders of one dataset each: of this contributor, and of another. */
const [own, others] = ['1'.repeat(64), '2'.repeat(64)];

let server: S3Server;

beforeAll(async () => {
  server = await S3Server.start();
  server.account(contributor);
  server.account(other);
  await server.policy(contributorsPolicy());
});
afterAll(() => server.stop());

/**
 * The statements that infra/deploy gives contributors, with actions and resources as they stand there. This server
 * knows no condition on If-None-Match, so that one alone is left to infra/deploy's own test.
 */
function contributorsPolicy(): object {
  const written = readFileSync(terraform, 'utf8');
  const [, statement] = /sid\s+= ("ContributorUploads[^]*?)principals/.exec(written)!;
  const [, actions] = /actions\s+= (\[[^\]]+\])/.exec(statement!)!;
  const [, resource] = /for uid in statement\.value : "\$\{aws_s3_bucket\.chunks\.arn\}([^"]+)"/.exec(statement!)!;
  return {
    Version: '2012-10-17',
    Statement: Object.entries({ [contributor.accessKeyId]: own, [other.accessKeyId]: others }).map(
      ([who, uid], index) => ({
        Sid: `ContributorUploads${index}`,
        Effect: 'Allow',
        Principal: { AWS: [who] },
        Action: JSON.parse(actions!) as string[],
        Resource: [`arn:aws:s3:::${bucket}${resource!.replace('${uid}', uid)}`],
      }),
    ),
  };
}

const parts = [new Uint8Array(300_000).fill(1), new Uint8Array(70_000).fill(2)];
const store = (who: Account): ObjectStore => server.store(who);

describe('a contributor who may create objects, and neither read nor replace any', () => {
  let objects: ObjectStore;
  let reader: ObjectStore;
  let raw: S3Client;
  beforeAll(() => {
    objects = store(contributor);
    reader = store(owner);
    raw = server.client(contributor);
  });
  afterAll(() => {
    for (const each of [objects, reader]) each.close();
    raw.destroy();
  });
  const inOwn = (name: string): string => `datasets/${own}/${name}`;

  it('uploads, and uploads again after an interruption without sending anything over what is there', async () => {
    expect(await objects.create(bucket, inOwn('a.csv'), parts, 'root-a')).toBe(true);
    expect(await objects.create(bucket, inOwn('a.csv'), parts, 'root-a')).toBe(false);
    await expect(objects.head(bucket, inOwn('a.csv'))).rejects.toMatchObject({ code: 'storageUnavailable' });
  });

  it('writes over nothing that is there: an upload says that nothing may be', async () => {
    await objects.create(bucket, inOwn('b.csv'), parts, 'root-a');
    expect(await objects.create(bucket, inOwn('b.csv'), [Uint8Array.of(9)], 'root-b')).toBe(false);
    expect(await reader.head(bucket, inOwn('b.csv'))).toEqual({ bytes: 370_000, root: 'root-a' });
  });

  it.each([
    ['another contributor’s folder', `datasets/${others}/a.csv`],
    ['a folder that begins like its own', `datasets/${own}0/a.csv`],
    ['the folder of all datasets', 'datasets/a.csv'],
    ['the bucket itself', 'a.csv'],
  ])('cannot write into %s', async (_, key) => {
    await expect(objects.create(bucket, key, parts, 'root-a')).rejects.toMatchObject({ code: 'storageUnavailable' });
    expect(await reader.head(bucket, key)).toBeUndefined();
  });

  it('cannot read, list, delete, copy or retag, not even what is its own', async () => {
    await objects.create(bucket, inOwn('c.csv'), parts, 'root-a');
    const theirs = store(other);
    await theirs.create(bucket, `datasets/${others}/theirs.csv`, parts, 'root-t');
    theirs.close();
    for (const Key of [inOwn('c.csv'), `datasets/${others}/theirs.csv`]) {
      const attempts = [
        new GetObjectCommand({ Bucket: bucket, Key }),
        new DeleteObjectCommand({ Bucket: bucket, Key }),
        new PutObjectTaggingCommand({ Bucket: bucket, Key, Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }),
        new CopyObjectCommand({ Bucket: bucket, Key: inOwn('copy.csv'), CopySource: `${bucket}/${Key}` }),
        new ListObjectsV2Command({ Bucket: bucket, Prefix: `datasets/${others}/` }),
        new ListObjectsV2Command({ Bucket: bucket, Prefix: `datasets/${own}/` }),
        new GetBucketPolicyCommand({ Bucket: bucket }),
        new DeleteBucketPolicyCommand({ Bucket: bucket }),
      ];
      for (const attempt of attempts)
        await expect(raw.send(attempt as never)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
      expect(await reader.head(bucket, Key)).toMatchObject({ bytes: 370_000 });
    }
    expect(await reader.head(bucket, inOwn('copy.csv'))).toBeUndefined();
  });
});

it('says so when something else is where an object should be', async () => {
  const objects = store(owner);
  await objects.create(bucket, 'datasets/3/a.csv', [Uint8Array.of(9)], 'root-b');
  await expect(objects.create(bucket, 'datasets/3/a.csv', parts, 'root-a')).rejects.toMatchObject({
    code: 'wrongHash',
  });
  objects.close();
});
