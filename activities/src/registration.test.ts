import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { MockActivityEnvironment } from '@temporalio/testing';
import { CanisterError } from '@livepod/client';
import { ActivityError } from './errors.js';
import { activitiesOf, later, progress } from './registration.js';

const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const failing = (error: Error) => activitiesOf({ port: { step: async () => Promise.reject(error) } })['port.step']!;
const run = (activity: (...args: never[]) => Promise<unknown>) =>
  new MockActivityEnvironment({}, { logger: quiet }).run(activity as () => Promise<unknown>);

describe('an activity', () => {
  it('does not try again what cannot go well', async () => {
    await expect(
      run(failing(new CanisterError('grantSpent', { grant: 7n }, 'Grant 7 is spent.'))),
    ).rejects.toMatchObject({ type: 'grantSpent', nonRetryable: true, details: [{ grant: '7' }] });
  });

  it('tries again what the network kept from it', async () => {
    await expect(run(failing(new CanisterError('network', {}, 'No answer.')))).rejects.toMatchObject({
      type: 'network',
      nonRetryable: false,
    });
  });

  it('waits for others without calling it a failure', async () => {
    await expect(
      run(failing(later('notDecided', { proposal: 3 }, 'Proposal 3 is open.', 4_000))),
    ).rejects.toMatchObject({ type: 'notDecided', nonRetryable: false, nextRetryDelay: 4_000, category: 'BENIGN' });
  });

  it('hands no cause to Temporal, because causes may quote records', async () => {
    const error = new ActivityError('trainingFailed', {}, 'The recipe stopped.', { cause: new Error('label SECRET') });
    const failure = await run(failing(error)).catch((caught: unknown) => caught);
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('SECRET');
  });

  it('names the codes of its causes, the innermost last', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED SECRET'), { code: 'ECONNREFUSED' });
    const below = new ActivityError('interrupted', {}, 'SECRET', { cause: refused });
    const error = new ActivityError('notFound', {}, 'There is no such thing.', { cause: below });
    const failure = await run(failing(error)).catch((caught: unknown) => caught);
    expect(failure).toMatchObject({
      message: 'There is no such thing. (cause: interrupted, ECONNREFUSED)',
      details: [{ causes: ['interrupted', 'ECONNREFUSED'] }],
    });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('SECRET');
  });

  it('is given up after five attempts when it fails without a code, and says so', async () => {
    const attempt = (number: number) =>
      new MockActivityEnvironment({ attempt: number }, { logger: quiet })
        .run(failing(new TypeError('x is undefined')) as () => Promise<unknown>)
        .catch((caught: unknown) => caught);
    expect(await attempt(4)).toMatchObject({ type: 'TypeError', nonRetryable: false });
    expect(await attempt(5)).toMatchObject({
      nonRetryable: true,
      message: "TypeError: x is undefined; given up after 5 attempts, see the worker's log",
    });
  });

  it('is tried on when the way to another machine broke, with or without a code', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9000'), { code: 'ECONNREFUSED' });
    const failure = await new MockActivityEnvironment({ attempt: 9 }, { logger: quiet })
      .run(failing(refused) as () => Promise<unknown>)
      .catch((caught: unknown) => caught);
    expect(failure).toMatchObject({ type: 'network', nonRetryable: false });
  });

  it('heartbeats its progress, and outside of Temporal says nothing', async () => {
    const environment = new MockActivityEnvironment();
    const beats: unknown[] = [];
    environment.on('heartbeat', (details) => beats.push(details));
    await environment.run(
      activitiesOf({ port: { step: async () => progress({ epoch: 2 }) } })['port.step'] as () => Promise<unknown>,
    );
    expect(beats.at(-1)).toEqual({ epoch: 2 });
    progress({ epoch: 3 });
  });
});

it('there is one copy of protobufjs: two make Temporal refuse payloads of an own type', () => {
  const require = createRequire(import.meta.url);
  const packages = ['@temporalio/proto', '@temporalio/common', '@temporalio/worker', '@temporalio/client'];
  const copies = new Set(
    packages.map((name) => createRequire(require.resolve(`${name}/package.json`)).resolve('protobufjs')),
  );
  expect([...copies]).toHaveLength(1);
  expect(readdirSync(new URL('../../node_modules/@temporalio/proto', import.meta.url))).not.toContain('node_modules');
});
