import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CANISTERS } from '@livepod/client';
import { newRing, share, writeRing } from '@livepod/codec';

const program = fileURLToPath(new URL('../bin/livepod.mjs', import.meta.url));
const disk = mkdtempSync(join(tmpdir(), 'livepod-small-disk-'));
const elsewhere = mkdtempSync(join(tmpdir(), 'livepod-elsewhere-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status === 0;
/** Needs root: a file system of 1 MiB is mounted. */
const onSmallDisk = mounted ? it : it.skip;
const ballast = join(disk, 'ballast');

const network = {
  icHost: 'http://127.0.0.1:9',
  rootKey: '30'.repeat(133),
  canisters: Object.fromEntries(CANISTERS.map((name) => [name, 'rwlgt-iiaaa-aaaaa-aaaaa-cai'])),
};

function fill(): void {
  const file = openSync(ballast, 'a');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch {
    expect(statfsSync(disk).bavail).toBe(0);
  } finally {
    closeSync(file);
  }
}
const makeRoom = (): void => rmSync(ballast, { force: true });

afterEach(() => {
  for (const name of mounted ? readdirSync(disk) : []) rmSync(join(disk, name), { recursive: true });
});
afterAll(() => {
  if (mounted) spawnSync('umount', ['-l', disk]);
  for (const folder of [disk, elsewhere]) rmSync(folder, { recursive: true, force: true });
});

/** Its output goes to a file, as by `> FILE`, where one is named. */
async function livepod(args: string[], file?: string): Promise<{ status: number; out: string; err: string }> {
  const output = file === undefined ? ('pipe' as const) : openSync(file, 'w');
  const child = spawn(process.execPath, [program, ...args], {
    cwd: elsewhere,
    stdio: ['ignore', output, 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', LIVEPOD_NETWORK: '', LIVEPOD_IDENTITY: '' },
  });
  const said = { out: '', err: '' };
  child.stdout?.on('data', (text: Buffer) => (said.out += text.toString()));
  child.stderr!.on('data', (text: Buffer) => (said.err += text.toString()));
  const [status] = (await once(child, 'close')) as [number];
  if (typeof output === 'number') closeSync(output);
  expect(said.err).not.toMatch(/^ {4}at /m);
  return { status, ...said };
}

interface Refusal {
  ok: boolean;
  error: { code: string; origin: string; message: string };
}
const refusal = ({ out }: { out: string }): Refusal => JSON.parse(out) as Refusal;

describe('a disk of 1 MiB that is full (skipped where mounting one is not permitted)', () => {
  onSmallDisk('livepod identity new leaves no half a key, and makes a whole one when there is room', async () => {
    fill();
    const file = join(disk, 'me.json');
    const refused = await livepod(['identity', 'new', file, '--json']);
    expect(refused.status).toBe(1);
    expect(refusal(refused)).toEqual({
      ok: false,
      error: {
        code: 'ENOSPC',
        origin: 'host',
        message: `ENOSPC: no space left on device, write '${file}': the disk is full; make room, then repeat.`,
      },
    });
    expect(readdirSync(disk)).toEqual(['ballast']);
    makeRoom();
    expect((await livepod(['identity', 'new', file])).status).toBe(0);
    expect((await livepod(['identity', 'show', file])).status).toBe(0);
  });

  onSmallDisk('livepod provider init names what it could not write, and goes on when there is room', async () => {
    const keys = join(elsewhere, 'codec.json');
    writeRing(keys, newRing('livepod'));
    const invitation = join(elsewhere, 'provider-2.invitation.json');
    const padding = 'x'.repeat(20_000);
    writeFileSync(
      invitation,
      JSON.stringify({
        type: 'livepod.invitation/v1',
        name: 'provider-2',
        network: { ...network, padding },
        share: share(keys, 'provider-2'),
      }),
    );
    const folder = join(disk, 'provider');
    const command = ['provider', 'init', invitation, '--folder', folder, '--json'];
    fill();
    const first = refusal(await livepod(command)).error;
    expect(first).toMatchObject({ code: 'ENOSPC', origin: 'host' });
    expect(first.message).toContain(join(folder, 'network.json'));

    // Room for some of its files: those that are there are whole, and the next one is named.
    makeRoom();
    mkdirSync(folder, { recursive: true });
    fill();
    shorten(ballast, 7);
    const second = refusal(await livepod(command)).error;
    for (const part of [/provider\//, /ENOSPC/, /make room/]) expect(second.message).toMatch(part);
    const written = readdirSync(folder);
    for (const name of written)
      expect(() => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown).not.toThrow();

    makeRoom();
    const made = await livepod(command);
    expect(JSON.parse(made.out)).toMatchObject({ ok: true, name: 'provider-2' });
    const again = await livepod(command);
    expect(again.out).toBe(made.out);
  });

  onSmallDisk(
    'livepod contribute writes nothing but what it says; where that cannot be written, it says so',
    async () => {
      const data = join(elsewhere, 'data');
      mkdirSync(data);
      writeFileSync(join(data, 'a.csv'), 'a,b\n1,2\n');
      const schema = join(elsewhere, 'schema.json');
      writeFileSync(
        schema,
        JSON.stringify({ channels: [{ name: 'a', unit: 'm/s2' }], rateMilliHz: 50_000, labels: [], device: 'watch' }),
      );
      const command = ['contribute', data, '--schema', schema, '--dry-run', '--json'];
      fill();
      const file = join(disk, 'found.json');
      const refused = await livepod(command, file);
      expect(refused).toMatchObject({ status: 1, err: expect.stringMatching(/cannot be written: ENOSPC.*make room/) });
      makeRoom();
      await livepod(command, file);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveProperty('files');
      expect(existsSync(ballast)).toBe(false);
    },
  );
});

/** Takes some pages from the end of a file. */
function shorten(file: string, pages: number): void {
  const size = readFileSync(file).length;
  spawnSync('truncate', ['-s', String(size - pages * 4096), file]);
}
