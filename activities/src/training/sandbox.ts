import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * What a sandboxed process may write, which folders it sees empty, and what it may read of those. Everything else it
 * can read.
 */
export interface Confinement {
  writable: string[];
  hidden: string[];
  readable: string[];
}

const NOTHING_SHARED = [
  '--die-with-parent',
  '--new-session',
  '--unshare-net',
  '--unshare-pid',
  '--unshare-ipc',
  '--ro-bind',
  '/',
  '/',
  '--dev',
  '/dev',
  '--proc',
  '/proc',
];
const GPU = ['/dev/nvidia0', '/dev/nvidiactl', '/dev/nvidia-uvm', '/dev/nvidia-uvm-tools', '/dev/dri'].flatMap(
  (device) => ['--dev-bind-try', device, device],
);

let working: Promise<boolean> | undefined;

/** Whether bubblewrap can make namespaces on this machine. */
export function sandboxWorks(): Promise<boolean> {
  working ??= promisify(execFile)('bwrap', [...NOTHING_SHARED, 'true'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
  return working;
}

/** The command inside bubblewrap: no network, no other process in sight, a read-only file system. */
export function confine(
  [program, ...args]: [string, ...string[]],
  { writable, hidden, readable }: Confinement,
): [string, string[]] {
  // In this order: what may be written or read may lie inside a hidden folder.
  const mounts = [
    ...hidden.flatMap((folder) => ['--tmpfs', folder]),
    ...readable.flatMap((folder) => ['--ro-bind', folder, folder]),
    ...writable.flatMap((folder) => ['--bind', folder, folder]),
  ];
  return ['bwrap', [...NOTHING_SHARED, ...GPU, ...mounts, '--', program, ...args]];
}
