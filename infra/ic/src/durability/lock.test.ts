import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lock } from './lock.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepod-ic-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const path = (): string => join(folder, 'lock');
/** What a lock of the process that runs these tests says: it lives, and is another one. */
const parent = (): string => {
  const [, , boot] = ownLock().split(' ');
  const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return `${process.ppid} ${stat[19]} ${boot}`;
};
function ownLock(): string {
  lock(folder);
  const text = readFileSync(path(), 'utf8');
  rmSync(path());
  return text;
}

describe('the folder of a host', () => {
  it('is held by one process, which may take it again', () => {
    lock(folder);
    lock(folder);
    expect(readFileSync(path(), 'utf8')).toMatch(new RegExp(`^${process.pid} \\d+ [0-9a-f-]{36}$`));
  });

  it.each([
    ['now', (name: string) => name],
    ['by version 0.1', (name: string) => name.split(' ').slice(0, 2).join(' ')],
  ])('is not taken from a living process that holds it %s', (_, written) => {
    const held = written(parent());
    writeFileSync(path(), held);
    expect(() => lock(folder)).toThrow(`is in use by process ${process.ppid}; stop it, or choose another --state`);
    expect(readFileSync(path(), 'utf8')).toBe(held);
  });

  it.each([
    ['a process that is gone', () => `2147483647 1 ${parent().split(' ')[2]}`],
    ['the one that had this number before', () => parent().replace(/ \d+ /, ' 1 ')],
    ['the time before a restart of the machine', () => parent().replace(/\S+$/, 'another-boot')],
    ['a full disk', () => ''],
    ['somebody else', () => 'nonsense'],
  ])('is free when the lock is of %s', (_, left) => {
    writeFileSync(path(), left());
    lock(folder);
    expect(readFileSync(path(), 'utf8')).toMatch(new RegExp(`^${process.pid} `));
  });
});
