import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IcError } from '../errors.js';

/** What a dead process left is moved away so often, before somebody else's haste is taken for a holder. */
const TRIES = 10;

/**
 * Two hosts on one folder would destroy it. A process is known by its id, its start and the machine's boot, since ids
 * are used again; the file is made by one process alone.
 *
 * @throws IcError `stateInUse`
 */
export function lock(folder: string): void {
  const path = join(folder, 'lock');
  const me = nameOf(process.pid)!;
  for (let tries = 0; !made(path, me); tries += 1) {
    const holder = read(path);
    if (holder === me) return;
    if (holder !== undefined && (isAlive(holder) || tries === TRIES)) {
      const pid = pidIn(holder);
      throw new IcError(
        'stateInUse',
        { folder, pid },
        `The state in ${folder} is in use by process ${pid}; stop it, or choose another --state.`,
      );
    }
    takeAway(path);
  }
}

function made(path: string, me: string): boolean {
  try {
    writeFileSync(path, me, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Moved aside first: whoever moved a living one's by mistake puts it back. */
function takeAway(path: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return; // another one was faster
  }
  const holder = read(aside);
  rmSync(aside, { force: true });
  if (holder !== undefined && isAlive(holder)) made(path, holder);
}

const pidIn = (holder: string): number => Number(holder.split(' ')[0]);

/** Locks of version 0.1 do not name the boot. */
function isAlive(holder: string): boolean {
  const pid = pidIn(holder);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  const name = nameOf(pid);
  return name !== undefined && (name === holder || name.startsWith(`${holder} `));
}

/** `pid start boot` (proc(5)); `pid running` where the start cannot be told; undefined if there is no such process. */
function nameOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    if (fields[0] === 'Z') return undefined;
    return `${pid} ${fields[19]} ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch {
    return !existsSync('/proc/self/stat') && answersSignals(pid) ? `${pid} running` : undefined;
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
