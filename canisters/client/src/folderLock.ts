import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { processStat } from './processStat.js';

/**
 * Holds a folder for this process: two on one would take each other's files away. Who holds it is the target of a
 * symbolic link: it is made whole or not at all, by one process alone, and takes no room, so that it is held on a full
 * disk too. A process is named by its id, its start and the machine's boot, because ids are used again.
 *
 * @param inUse  what is thrown when another process holds it
 * @returns lets go of it
 */
export function holdFolder(folder: string, inUse: (pid: number) => Error): () => void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'lock');
  const me = nameOf(process.pid) ?? String(process.pid);
  for (let tries = 0; !made(path, me); tries += 1) {
    const holder = read(path);
    if (holder !== undefined && (isAlive(holder) || tries === 10)) throw inUse(pidIn(holder));
    takeAway(path, folder);
  }
  let held = true;
  return () => {
    if (held && read(path) === me) rmSync(path, { force: true });
    held = false;
  };
}

/** The process that holds a folder, if one does. */
export function folderHolder(folder: string): number | undefined {
  const holder = read(join(folder, 'lock'));
  return holder !== undefined && isAlive(holder) ? pidIn(holder) : undefined;
}

/** A file system without symbolic links (an SD card's) gets a file instead. */
function made(path: string, me: string): boolean {
  try {
    symlinkSync(me, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error))) throw error;
  }
  try {
    writeFileSync(path, me, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** What a dead process left is moved aside first: whoever moved a living one's by mistake puts it back. */
function takeAway(path: string, folder: string): void {
  const aside = join(folder, `lock.${process.pid}`);
  try {
    renameSync(path, aside);
  } catch {
    return; // another one was faster
  }
  const holder = read(aside);
  rmSync(aside, { force: true });
  if (holder !== undefined && isAlive(holder)) made(path, holder);
}

function read(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const pidIn = (holder: string): number => Number(holder.split('.')[0]);

function isAlive(holder: string): boolean {
  const pid = pidIn(holder);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  return nameOf(pid) === holder;
}

/** `pid.start.boot`; where the system does not tell the start, `pid` alone. Undefined when there is no such process. */
function nameOf(pid: number): string | undefined {
  const fields = processStat(pid);
  if (fields && fields[0] !== 'Z')
    return `${pid}.${fields[19]}.${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  if (existsSync('/proc/self/stat')) return undefined;
  try {
    process.kill(pid, 0);
    return String(pid);
  } catch (error) {
    return codeOf(error) === 'EPERM' ? String(pid) : undefined;
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '');
