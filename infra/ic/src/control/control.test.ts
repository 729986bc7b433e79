import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestNetwork, until } from '../testing/network.js';

const DAY = 86_400_000_000_000n;

describe('control face', () => {
  const network = new TestNetwork();
  const copy = new TestNetwork();
  const control = async (
    method: string,
    path: string,
    body?: unknown,
    token = readFileSync(join(network.folder, 'control-token'), 'utf8'),
  ): Promise<Record<string, string>> => {
    const answer = await fetch(network.controlUrl + path, {
      method,
      headers: { authorization: `Bearer ${token}` },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const value = (await answer.json()) as Record<string, string>;
    if (!answer.ok) throw new Error(`${answer.status} ${value.error}`);
    return value;
  };

  beforeAll(() => network.start(['--control']));
  afterAll(async () => {
    await network.remove();
    await copy.remove();
  });

  it('is for who has the token', async () => {
    await expect(control('GET', '/', undefined, 'x'.repeat(64))).rejects.toThrow('401');
    await expect(control('GET', '/nowhere')).rejects.toThrow('404');
    await expect(control('POST', '/time', { advance: -1 })).rejects.toThrow('400');
  });

  it('is not there unless it is asked for', async () => {
    await copy.start();
    expect(copy.controlUrl).toBe('');
    await copy.stop();
  });

  it('holds rounds back, and executes them one by one', async () => {
    const canister = await network.deploy();
    await control('POST', '/pause');
    const answer = canister.increment();
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    expect(await canister.counter()).toBe(0n);
    await control('POST', '/step', { rounds: 2 });
    expect(await answer).toBe(1n);
    await control('POST', '/resume');
    expect(await canister.increment()).toBe(2n);
  });

  it('adds cycles', async () => {
    const canister = await network.deploy();
    const before = await canister.balance();
    await control('POST', '/cycles', { canister: canister.id.toText(), amount: '1000000000000000' });
    expect(await canister.balance()).toBeGreaterThan(before + 999_000_000_000_000n);
    const more = (): Promise<unknown> =>
      control('POST', '/cycles', { canister: canister.id.toText(), amount: '1000000000000000' });
    await Promise.all([more(), control('POST', '/step'), more(), more()]);
    expect(await canister.balance()).toBeGreaterThan(before + 3_999_000_000_000_000n);
  });

  it('lets HTTP requests fail as many times as told', async () => {
    const canister = await network.deploy();
    await control('POST', '/faults', { endpoint: 'query', status: 503, text: 'overloaded', times: 1 });
    await expect(canister.counter()).rejects.toThrow(/503|overloaded/);
    expect(await canister.counter()).toBe(0n);
    await control('POST', '/faults', { endpoint: 'call', canister: canister.id.toText(), disconnect: 'after' });
    await expect(canister.increment()).rejects.toThrow(/fetch|socket|terminated|closed/i);
    expect(await canister.counter()).toBe(1n);
    await control('POST', '/faults', { endpoint: 'call', disconnect: 'before' });
    await expect(canister.increment()).rejects.toThrow(/fetch|socket|terminated|closed/i);
    expect(await canister.counter()).toBe(1n);
  });

  it('rejects calls between canisters', async () => {
    const caller = await network.deploy();
    const callee = await network.deploy();
    await control('POST', '/faults', {
      canister: callee.id.toText(),
      method: 'increment',
      reject: { code: 2, message: 'queue full' },
    });
    expect(await caller.rejection_of(callee.id, 'increment')).toEqual([2, 'queue full']);
    expect(await caller.increment_at(callee.id)).toBe(1n);
  });

  it('copies the state, from which another host goes on', async () => {
    const canister = await network.deploy();
    await canister.increment();
    const folder = `${network.folder}-export`;
    await control('POST', '/export', { folder });
    await expect(control('POST', '/export', { folder })).rejects.toThrow(/exist/);
    const other = new TestNetwork(folder);
    await other.start();
    expect(other.rootKey).toBe(network.rootKey);
    expect(await other.canister(canister.id).counter()).toBe(1n);
    await other.remove();
  });

  it('kills the host when a round is on disk and nobody was told; nothing of it is lost', async () => {
    const canister = await network.deploy();
    await control('POST', '/kill', { when: 'durable' });
    await expect(canister.increment()).rejects.toThrow(/fetch|socket|terminated|closed/i);
    await network.stop();
    await network.start(['--control']);
    expect(await network.canister(canister.id).counter()).toBe(1n);
  });

  it('moves the time, wakes timers, and never goes back', async () => {
    const canister = await network.deploy();
    await canister.start_timer(3_600_000n);
    const { now } = await control('GET', '/');
    await control('POST', '/time', { advance: String(DAY) });
    await network.agent.syncTime();
    await until('the timer has fired', async () => (await canister.ticks()) === 1n);
    await expect(control('POST', '/time', { set: now })).rejects.toThrow('cannot go back');
    await network.stop();
    await network.start(['--control']);
    expect(BigInt((await control('GET', '/')).now!)).toBeGreaterThanOrEqual(BigInt(now!) + DAY);
  });
});
