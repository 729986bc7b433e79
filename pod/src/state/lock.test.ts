import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lutimesSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { holderOf, lock } from './lock.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pod-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a lock of this process says. */
function heldBy(): string {
  const letGo = lock(folder);
  const name = readlinkSync(join(folder, 'lock'));
  letGo();
  return name;
}

function renewedAgo(seconds: number): void {
  const at = new Date(Date.now() - seconds * 1000);
  lutimesSync(join(folder, 'lock'), at, at);
}

describe('a state folder', () => {
  it('is held by one pod, and the second is told by which', () => {
    const letGo = lock(folder);
    expect(() => lock(folder)).toThrow(new RegExp(`in use by the pod with process id ${process.pid}; stop that one`));
    expect(holderOf(folder)).toBe(process.pid);
    letGo();
    expect(holderOf(folder)).toBeUndefined();
    lock(folder)();
  });

  it('is free when the process that held it was killed', async () => {
    const path = new URL('./lock.ts', import.meta.url).pathname;
    const script = [
      `import('${path}').then(({ lock }) => lock('${folder}'))`,
      `.then(() => { console.log('held'); setInterval(() => {}, 1e6); })`,
    ].join('');
    const other = spawn(process.execPath, ['--import', 'tsx', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    expect(() => lock(folder)).toThrow(`process id ${other.pid}`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    lock(folder)();
  });

  it('is free when another process has the number of the one that held it', () => {
    const [, , ...here] = heldBy().split('.');
    symlinkSync([process.pid, 12345, ...here].join('.'), join(folder, 'lock'));
    expect(holderOf(folder)).toBeUndefined();
    lock(folder)();
  });

  it('is free at once after the machine was restarted', () => {
    symlinkSync(`${process.pid}.12345.another-boot.4026531836`, join(folder, 'lock'));
    renewedAgo(uptime() + 1);
    lock(folder)();
  });

  it('is free after a restart of a device whose clock then says 1970', () => {
    symlinkSync(`${process.pid}.12345.another-boot.4026531836`, join(folder, 'lock'));
    renewedAgo(-50 * 365 * 24 * 3600);
    lock(folder)();
  });

  it.each([
    ['another machine', 'another-boot.4026531836'],
    ['another container', 'namespace'],
  ])('is held by a process of %s while that renews its lock, and free half a minute after', (_, where) => {
    const boot = heldBy().split('.')[2]!;
    symlinkSync(`1.12345.${where === 'namespace' ? `${boot}.77` : where}`, join(folder, 'lock'));
    expect(() => lock(folder)).toThrow('in use by the pod with process id 1;');
    renewedAgo(29);
    expect(holderOf(folder)).toBe(1);
    renewedAgo(31);
    lock(folder)();
  });

  it('is held by a pod of a container that sees other processes', async () => {
    const path = new URL('./lock.ts', import.meta.url).pathname;
    const script = `import('${path}').then(({ lock }) => lock('${folder}')).catch((e) => console.log(e.message))`;
    const letGo = lock(folder);
    const args = ['--pid', '--fork', '--mount-proc', process.execPath, '--import', 'tsx', '-e', script];
    const other = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [other.stdout, other.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await once(other, 'close');
    letGo();
    if (/unshare failed|Operation not permitted/.test(said)) return console.log('no namespaces may be made here');
    expect(said).toContain(`in use by the pod with process id ${process.pid}`);
  });

  it('is free when the lock is damaged', () => {
    writeFileSync(join(folder, 'lock'), 'nonsense');
    lock(folder)();
  });

  it('is let go of once: not what a later pod holds', () => {
    const first = lock(folder);
    first();
    const second = lock(folder);
    first();
    expect(holderOf(folder)).toBe(process.pid);
    second();
  });
});
