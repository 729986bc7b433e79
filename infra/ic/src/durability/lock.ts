import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IcError } from '../errors.js';

/** Two hosts on one folder would destroy it. A process is known by its id and its start, since ids are used again. */
export function lock(folder: string): void {
  const path = join(folder, 'lock');
  const [pid, start] = existsSync(path) ? readFileSync(path, 'utf8').split(' ') : [];
  const holder = Number(pid ?? 0);
  if (holder > 0 && holder !== process.pid && startOf(holder) === start) {
    throw new IcError(
      'stateInUse',
      { folder, pid: holder },
      `The state in ${folder} is in use by process ${holder}; stop it, or choose another --state.`,
    );
  }
  writeFileSync(path, `${process.pid} ${startOf(process.pid)}`);
}

/**
 * When a process was started, in the system's words; `running` where that cannot be told; undefined if it is not there.
 */
function startOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return existsSync('/proc/self/stat') ? undefined : signalled(pid);
  }
}

function signalled(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return 'running';
  } catch {
    return undefined;
  }
}
