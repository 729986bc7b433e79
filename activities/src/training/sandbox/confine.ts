import { existsSync, readdirSync, readlinkSync, lstatSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { SeenFolder } from './modules.js';

const MIB = 2 ** 20;
/** What a process of Node.js asks for and does not use: its threads' stacks, and room in its heaps. */
const UNUSED_MIB = 256;

/** What a job may use, as its approval says. */
export interface Resources {
  memoryMiB: number;
  seconds: number;
}

/** The same as a sandbox keeps to it. */
export interface Limits extends Resources {
  /** Of the memory, what files in the sandbox may take. */
  scratchMiB: number;
  /** Processes and threads. */
  processes: number;
}

/** A quarter of a job's memory at most, and 512 MiB at most, is for files. */
export const limitsOf = ({ memoryMiB, seconds }: Resources): Limits => ({
  memoryMiB,
  seconds,
  scratchMiB: Math.max(1, Math.min(512, Math.floor(memoryMiB / 4))),
  processes: 64 + 8 * availableParallelism(),
});

/** Who the recipe is inside: nobody, with no name and no file of its own. */
const NOBODY = 65534;
/** Who it is outside where the provider is root: somebody who owns nothing, and whom no other program uses. */
export const STRANGER = 64_999;

/** How a sandbox can be made on a machine. */
export type Way =
  /** Bubblewrap as an ordinary user; from root, as a stranger. Inside, a user namespace of its own. */
  | 'userNamespace'
  /** Bubblewrap as root, which becomes a stranger inside: where strangers may make no namespaces or reach no files. */
  | 'root';

/** Where the recipe's own files lie: the only place that it can write to. */
export const JOB = '/job';

/** Interpreters and libraries of Linux distributions; links among them are kept. */
const LIBRARIES = ['/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/libx32', '/lib', '/lib32', '/lib64', '/libx32'];
const DEVICES = ['/dev/null', '/dev/zero', '/dev/urandom', '/dev/random'];
const GPU_LIBRARIES = ['/etc/ld.so.cache', '/usr/local/cuda'];

const PRLIMIT = '/usr/bin/prlimit';
const SETPRIV = '/usr/bin/setpriv';

export interface Confinement {
  way: Way;
  limits: Limits;
  modules: SeenFolder[];
  gpu: boolean;
  environment: Record<string, string>;
  /** File descriptor of the filter of system calls. */
  seccomp: number;
}

/**
 * The command line of bubblewrap: an empty root, then what is needed and nothing else.
 *
 * @param argument  of the interpreter
 */
export function confine(argument: string[], confinement: Confinement): string[] {
  const { way, limits, modules, gpu, environment, seccomp } = confinement;
  const inner = [PRLIMIT, ...rlimits(limits, gpu), '--', process.execPath, ...argument];
  const files = [process.execPath, PRLIMIT, ...(way === 'root' ? [SETPRIV] : [])];
  return [
    ...NAMESPACES,
    ...(way === 'root' ? AS_ROOT : AS_NOBODY),
    ...mounts([...files, ...(gpu ? GPU_LIBRARIES.filter(existsSync) : [])], modules),
    ...DEVICES.flatMap((device) => ['--dev-bind', device, device]),
    ...(gpu ? gpuDevices().flatMap((device) => ['--dev-bind', device, device]) : []),
    '--proc',
    '/proc',
    // Bytes; 1777 because the one who writes there is another than the one who mounts.
    ...['--perms', '1777', '--size', String(limits.scratchMiB * MIB), '--tmpfs', JOB],
    ...['--remount-ro', '/', '--chdir', JOB],
    ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--seccomp', String(seccomp), '--'],
    ...(way === 'root' ? [...BECOME_STRANGER, ...inner] : inner),
  ];
}

const NAMESPACES = [
  '--die-with-parent',
  '--new-session',
  '--unshare-net',
  '--unshare-pid',
  '--unshare-ipc',
  '--unshare-uts',
  '--unshare-cgroup-try',
  '--hostname',
  'sandbox',
  '--clearenv',
];
const AS_NOBODY = [
  ...['--unshare-user', '--disable-userns', '--uid', String(NOBODY), '--gid', String(NOBODY)],
  ...['--cap-drop', 'ALL'],
];
/** No more than it takes to become somebody else. */
const AS_ROOT = ['--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID', '--cap-add', 'CAP_SETPCAP'];
const BECOME_STRANGER = [
  SETPRIV,
  ...[`--reuid=${STRANGER}`, `--regid=${STRANGER}`, '--clear-groups'],
  ...['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all', '--no-new-privs', '--'],
];

/** Files and folders of the machine, read-only, each at its own place, with the folders above them made empty. */
function mounts(files: string[], modules: SeenFolder[]): string[] {
  const made = new Set<string>();
  const above = (path: string): string[] => {
    const parts = path.split('/').slice(1, -1);
    const folders = parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
    return folders.filter((folder) => !made.has(folder) && made.add(folder)).flatMap((folder) => ['--dir', folder]);
  };
  const libraries = LIBRARIES.filter(existsSync).flatMap((path) =>
    lstatSync(path).isSymbolicLink()
      ? ['--symlink', readlinkSync(path), path]
      : [...above(path), '--ro-bind', path, path],
  );
  const bound = [...files.map((path) => ({ at: path, from: path })), ...modules];
  return [...libraries, ...bound.flatMap(({ at, from }) => [...above(at), '--ro-bind', from, at]), '--dir', '/dev'];
}

function gpuDevices(): string[] {
  const named = readdirSync('/dev').filter((name) => /^nvidia(\d+|ctl|-uvm|-uvm-tools)$/.test(name));
  return named.map((name) => `/dev/${name}`);
}

/**
 * What the kernel itself refuses, for each process: data (which a reservation of V8 is not, until it is used), the size
 * of a file, the time on processors, processes and threads, open files, and traces of a crash. The graphics driver maps
 * more than it uses, so there memory is watched alone.
 */
function rlimits({ memoryMiB, scratchMiB, seconds, processes }: Limits, gpu: boolean): string[] {
  const cpu = seconds * availableParallelism();
  return [
    ...(gpu ? [] : [`--data=${(memoryMiB + UNUSED_MIB) * MIB}`]),
    `--fsize=${scratchMiB * MIB}`,
    `--cpu=${cpu}:${cpu + 5}`,
    `--nproc=${processes}`,
    '--nofile=512',
    '--core=0',
    '--msgqueue=0',
    '--memlock=0',
  ];
}
