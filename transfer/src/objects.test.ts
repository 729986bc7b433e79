import { readFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ObjectStore } from './objects.js';
import { S3Server, type Account } from './s3Server.fixture.js';

const terraform = fileURLToPath(new URL('../../infra/deploy/terraform/main.tf', import.meta.url));
const owner = { accessKeyId: 'owner', secretAccessKey: 'owner-secret' };
const contributor = { accessKeyId: 'contributor', secretAccessKey: 'contributor-secret' };
const bucket = 'livepod';

let server: S3Server;
let between: Server;
/** What the server between client and store does with a request, once each. */
let busy: number;

beforeAll(async () => {
  server = await S3Server.start();
  await server.allow(contributor, contributorsPolicy());
  busy = 0;
  between = createServer((incoming, outgoing) => void pass(incoming, outgoing));
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  between.close();
  await server.stop();
});

/** The statement that infra/deploy gives contributors, with their actions as they stand there. */
function contributorsPolicy(): object {
  const written = readFileSync(terraform, 'utf8');
  const [, actions] = /sid\s+= "ContributorsUpload"\s+actions\s+= (\[[^\]]+\])/.exec(written)!;
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'ContributorsUpload',
        Effect: 'Allow',
        Principal: { AWS: [contributor.accessKeyId] },
        Action: (JSON.parse(actions!) as string[]).filter((action) => action !== 's3:ListMultipartUploadParts'),
        Resource: [`arn:aws:s3:::${bucket}/*`],
      },
    ],
  };
}

/** Passes a request on, or answers that the store is busy. */
async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const body: Buffer[] = [];
  for await (const piece of incoming) body.push(piece as Buffer);
  if (incoming.method === 'PUT' && busy-- > 0) return void outgoing.writeHead(503).end();
  const onward = request(`${server.endpoint}${incoming.url}`, { method: incoming.method, headers: incoming.headers });
  onward.on('response', (answer) => {
    outgoing.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(outgoing);
  });
  onward.end(Buffer.concat(body));
}

const parts = [new Uint8Array(300_000).fill(1), new Uint8Array(70_000).fill(2)];
const store = (who: Account, url?: string): ObjectStore => server.store(who, url);

describe('a contributor who may create objects, and neither read nor replace any', () => {
  it('uploads, and uploads again after an interruption without sending anything over what is there', async () => {
    const objects = store(contributor);
    expect(await objects.create(bucket, 'datasets/1/a.csv', parts, 'root-a')).toBe(true);
    expect(await objects.create(bucket, 'datasets/1/a.csv', parts, 'root-a')).toBe(false);
    await expect(objects.head(bucket, 'datasets/1/a.csv')).rejects.toMatchObject({ code: 'storageUnavailable' });
    objects.close();
  });
  it('cannot write over what another contributor stored', async () => {
    const objects = store(contributor);
    await objects.create(bucket, 'datasets/2/a.csv', parts, 'root-a');
    expect(await objects.create(bucket, 'datasets/2/a.csv', [Uint8Array.of(9)], 'root-b')).toBe(false);
    const reader = store(owner);
    expect(await reader.head(bucket, 'datasets/2/a.csv')).toEqual({ bytes: 370_000, root: 'root-a' });
    objects.close();
    reader.close();
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

it('a streamed upload survives a store that is busy', async () => {
  const objects = store(owner, `http://127.0.0.1:${(between.address() as AddressInfo).port}`);
  busy = 2;
  expect(await objects.create(bucket, 'datasets/4/a.csv', parts, 'root-a')).toBe(true);
  expect(busy).toBeLessThan(0);
  expect(await objects.head(bucket, 'datasets/4/a.csv')).toEqual({ bytes: 370_000, root: 'root-a' });
  objects.close();
});

it('a streamed upload to a store that stays busy ends, and says which', async () => {
  const objects = store(owner, `http://127.0.0.1:${(between.address() as AddressInfo).port}`);
  busy = 100;
  await expect(objects.create(bucket, 'datasets/5/a.csv', parts, 'root-a')).rejects.toMatchObject({
    code: 'storageUnavailable',
    origin: 'way',
  });
  busy = 0;
  objects.close();
});
