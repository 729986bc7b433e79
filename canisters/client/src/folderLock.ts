import {
  existsSync,
  lstatSync,
  lutimesSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { processStat } from './processStat.js';
import { makeFolder } from './wholeFile.js';

/** So often a holder renews its lock, milliseconds. */
const RENEWED_EVERY_MS = 5_000;
/** So long a lock holds for those who cannot look at its holder, milliseconds. */
const GOOD_FOR_MS = 30_000;

/**
 * Holds a folder for this process: two on one would take each other's files away. Who holds it is the target of a
 * symbolic link: it is made whole or not at all, by one process alone, and takes no room, so that it is held on a full
 * disk too. A process is named by its id, its start and the machine's boot, because ids are used again.
 *
 * @param inUse  what is thrown when another process holds it
 * @returns lets go of it
 */
export function holdFolder(folder: string, inUse: (pid: number) => Error): () => void {
  makeFolder(folder, 0o777);
  const path = join(folder, 'lock');
  const me = nameOf(process.pid) ?? String(process.pid);
  for (let tries = 0; !made(path, me); tries += 1) {
    const holder = read(path);
    if (holder !== undefined && (isAlive(holder) || tries === 10)) throw inUse(pidIn(holder.name));
    takeAway(path, folder);
  }
  const renewal = setInterval(() => renew(path, me), RENEWED_EVERY_MS).unref();
  let held = true;
  return () => {
    clearInterval(renewal);
    if (held && read(path)?.name === me) rmSync(path, { force: true });
    held = false;
  };
}

/** The process that holds a folder, if one does. */
export function folderHolder(folder: string): number | undefined {
  const holder = read(join(folder, 'lock'));
  return holder !== undefined && isAlive(holder) ? pidIn(holder.name) : undefined;
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
  if (holder !== undefined && isAlive(holder)) made(path, holder.name);
}

/** A process that a lock names, and when it last said so, milliseconds since 1970. */
interface Holder {
  name: string;
  renewed: number;
}

function read(path: string): Holder | undefined {
  try {
    const link = lstatSync(path);
    return { name: link.isSymbolicLink() ? readlinkSync(path) : readFileSync(path, 'utf8'), renewed: link.mtimeMs };
  } catch {
    return undefined;
  }
}

function renew(path: string, me: string): void {
  if (read(path)?.name !== me) return;
  const now = new Date();
  try {
    lutimesSync(path, now, now);
  } catch {
    // the folder is gone, or can only be read: those who can look at us still see us
  }
}

const pidIn = (name: string): number => Number(name.split('.')[0]);

function isAlive({ name, renewed }: Holder): boolean {
  const pid = pidIn(name);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  const [, , boot, namespace] = name.split('.');
  const [ourBoot, ourNamespace] = [bootId(), namespaceOfIds()];
  const inSight = boot === undefined || (boot === ourBoot && (namespace ?? ourNamespace) === ourNamespace);
  if (inSight) return [name, `${name}.${ourNamespace}`].includes(nameOf(pid) ?? '');
  // A time to come is that of a clock that was set back since. What was renewed before this machine started was renewed
  // before a restart, or by a machine that is silent.
  const isRecent = Math.abs(Date.now() - renewed) < GOOD_FOR_MS;
  return isRecent && (boot === ourBoot || renewed > Date.now() - uptime() * 1000);
}

const bootId = (): string | undefined => textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());

/** The number of the namespace in which a process has its id (pid_namespaces(7)). */
const namespaceOfIds = (): string | undefined => textOf(() => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]);

function textOf(text: () => string | undefined): string | undefined {
  try {
    return text();
  } catch {
    return undefined;
  }
}

/**
 * `pid.start.boot.namespace`; where the system does not tell the start, `pid` alone. Undefined when there is no such
 * process.
 */
function nameOf(pid: number): string | undefined {
  const fields = processStat(pid);
  if (fields && fields[0] !== 'Z') return [pid, fields[19], bootId(), namespaceOfIds()].join('.');
  if (existsSync('/proc/self/stat')) return undefined;
  try {
    process.kill(pid, 0);
    return String(pid);
  } catch (error) {
    return codeOf(error) === 'EPERM' ? String(pid) : undefined;
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '');
