import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { cache } from '@livepod/stack';
import { BenchError } from '../benchmark.js';
import type { IcFacts, IcReady } from './icHost.js';

export interface S3Server {
  config: S3ClientConfig & { endpoint: string; region: string };
  bucket: string;
  stop(): Promise<void>;
}

/**
 * A versitygw over an empty folder, on a free port. Its credentials go into this process's environment, as the
 * production client expects.
 */
export async function startS3(folder: string): Promise<S3Server> {
  const data = join(folder, 's3');
  mkdirSync(data, { recursive: true });
  process.env['AWS_ACCESS_KEY_ID'] = 'bench';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'bench-secret';
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    cache('bin', 'versitygw'),
    ['--port', address, '--region', 'us-east-1', '--quiet', 'posix', data],
    {
      stdio: 'ignore',
      env: { ...process.env, ROOT_ACCESS_KEY: 'bench', ROOT_SECRET_KEY: 'bench-secret' },
    },
  );
  const failed = once(child, 'error').then(([error]) => {
    throw new BenchError('partMissing', { part: 'versitygw' }, 'The S3 server is not there; npm start builds it.', {
      cause: error,
    });
  });
  const config = { endpoint: `http://${address}`, region: 'us-east-1', forcePathStyle: true };
  const client = new S3Client({ ...config, maxAttempts: 30 });
  await Promise.race([client.send(new CreateBucketCommand({ Bucket: 'bench' })), failed]);
  client.destroy();
  return { config, bucket: 'bench', stop: () => end(child) };
}

export interface IcServer extends IcReady {
  facts(): Promise<{ instructions: bigint; cycles: bigint }>;
  stop(): Promise<void>;
}

export async function startIc(folder: string): Promise<IcServer> {
  const child = fork(fileURLToPath(new URL('./icHost.ts', import.meta.url)), [join(folder, 'ic')], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const answer = async <T>(): Promise<T> => {
    const message = once(child, 'message').then(([body]) => body as T);
    const died = once(child, 'exit').then(() => {
      throw new BenchError('partMissing', { part: 'infra/ic' }, 'The IC host ended by itself; see its message above.');
    });
    died.catch(() => {}); // it ends in the end
    return Promise.race([message, died]);
  };
  const ready = await answer<IcReady>();
  return {
    ...ready,
    facts: async () => {
      child.send('facts');
      const { instructions, cycles } = await answer<IcFacts>();
      return { instructions: BigInt(instructions), cycles: BigInt(cycles) };
    },
    stop: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL'); // its state is thrown away
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
