/** A real S3 server for tests: versitygw on a folder of its own, with one bucket. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { ObjectStore } from './objects.js';

const PROGRAM = fileURLToPath(new URL('../../.cache/bin/versitygw', import.meta.url));
const REGION = 'us-east-1';

export interface Account {
  accessKeyId: string;
  secretAccessKey: string;
}
const OWNER: Account = { accessKeyId: 'owner', secretAccessKey: 'owner-secret' };

export class S3Server {
  /** Everything that it keeps; a test may put its own files beside that. */
  readonly folder = mkdtempSync(join(tmpdir(), 'livepod-s3-'));
  readonly bucket = 'livepod';
  readonly owner = OWNER;

  private constructor(
    readonly endpoint: string,
    private readonly port: number,
    private child?: ChildProcess,
  ) {}

  static async start(): Promise<S3Server> {
    const port = await freePort();
    const server = new S3Server(`http://127.0.0.1:${port}`, port);
    server.spawn();
    await server.administered((admin) => admin.send(new CreateBucketCommand({ Bucket: server.bucket })));
    return server;
  }

  /** Where an object lies on this machine. */
  path(key: string): string {
    return join(this.folder, 's3', this.bucket, key);
  }

  store(who: Account = OWNER): ObjectStore {
    return new ObjectStore({ endpoint: this.endpoint, region: REGION, bucket: this.bucket, ...who });
  }

  /** One more account, which may do nothing. */
  account(who: Account): void {
    execFileSync(PROGRAM, [
      ...['admin', '--access', OWNER.accessKeyId, '--secret', OWNER.secretAccessKey, '--endpoint-url', this.endpoint],
      ...['create-user', '--access', who.accessKeyId, '--secret', who.secretAccessKey, '--role', 'user'],
    ]);
  }

  /** What accounts may do: the bucket's policy. */
  async policy(policy: object): Promise<void> {
    const stated = { Bucket: this.bucket, Policy: JSON.stringify(policy) };
    await this.administered((admin) => admin.send(new PutBucketPolicyCommand(stated)));
  }

  /** Somebody's own client, for what an object store of ours never does. */
  client(who: Account): S3Client {
    return new S3Client({ endpoint: this.endpoint, region: REGION, credentials: who, forcePathStyle: true });
  }

  async stop(): Promise<void> {
    if (this.child) {
      const gone = once(this.child, 'exit');
      this.child.kill();
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private spawn(): void {
    for (const each of ['s3', 'iam']) mkdirSync(join(this.folder, each));
    const places = ['--iam-dir', join(this.folder, 'iam'), '--quiet', 'posix', join(this.folder, 's3')];
    this.child = spawn(PROGRAM, ['--port', `127.0.0.1:${this.port}`, ...places], {
      stdio: 'ignore',
      env: { ...process.env, ROOT_ACCESS_KEY: OWNER.accessKeyId, ROOT_SECRET_KEY: OWNER.secretAccessKey },
    });
  }

  /** Patiently: it may have been started just now. */
  private async administered(work: (admin: S3Client) => Promise<unknown>): Promise<void> {
    const admin = new S3Client({
      endpoint: this.endpoint,
      region: REGION,
      credentials: OWNER,
      forcePathStyle: true,
      maxAttempts: 20,
    });
    await work(admin);
    admin.destroy();
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
