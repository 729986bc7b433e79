import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holderOf, lock } from './lock.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pod-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

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
    symlinkSync(`${process.pid}.12345.another-boot`, join(folder, 'lock'));
    const letGo = lock(folder);
    expect(readlinkSync(join(folder, 'lock'))).not.toMatch(/another-boot/);
    letGo();
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
