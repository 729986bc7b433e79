import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CANISTERS } from '@livepod/client';
import { TestNetwork } from '@livepod/ic/testing';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const YEAR_MS = 365 * 24 * 3600 * 1000;

const network = new TestNetwork();
const folder = mkdtempSync(join(tmpdir(), 'livepod-pod-clock-'));
const networkFile = join(folder, 'network.json');
beforeAll(async () => {
  await network.start();
  const canister = (await network.create()).toText();
  const canisters = Object.fromEntries(CANISTERS.map((name) => [name, canister]));
  writeFileSync(networkFile, JSON.stringify({ icHost: network.url, rootKey: network.rootKey, canisters }));
});
afterAll(async () => {
  await network.remove();
  rmSync(folder, { recursive: true, force: true });
});

interface Check {
  check: string;
  ok: boolean;
  found?: string;
  trouble?: { code: string; origin: string; message: string; remedy: string };
}

/** What `livepod-pod doctor` says of the clock, on a device whose clock is so far off. */
async function clockOn(shiftMs: number): Promise<Check> {
  const child = spawn(
    process.execPath,
    [
      ...['--import', here('../faults/clock.mjs'), here('../../pod/bin/livepod-pod.mjs')],
      ...['doctor', '--folder', join(folder, 'pod'), '--network', networkFile, '--json'],
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '', LIVEPOD_CLOCK_SHIFT_MS: String(shiftMs) },
    },
  );
  let out = '';
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  await once(child, 'close');
  const { checks } = JSON.parse(out) as { checks: Check[] };
  return checks.find(({ check }) => /clock/.test(check))!;
}

describe('a device’s clock, held against the certified time of an Internet Computer', () => {
  it('that is right is said to be right', async () => {
    expect(await clockOn(0)).toMatchObject({ ok: true });
  });

  it.each([
    ['a year slow', -YEAR_MS, /is 365 days slow: the Internet Computer's certified time is 20/],
    ['a year fast', YEAR_MS, /is 365 days fast/],
  ])('that is %s is the device’s trouble, with how far and what to do', async (_, shiftMs, words) => {
    const { ok, trouble } = await clockOn(shiftMs);
    expect(ok).toBe(false);
    expect(trouble).toMatchObject({
      code: 'clockWrong',
      origin: 'device',
      message: expect.stringMatching(words),
      remedy: expect.stringMatching(/Set the clock/),
    });
  });
});
