import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Program } from './program.js';

/**
 * What holds a model's process, the strongest that works on this machine: `bubblewrap` shows it an empty file system,
 * no network and no other process; `permissions` is Node's own model, which keeps JavaScript from files, programs and
 * threads, and not native code. In either its environment is empty, and memory, files and threads are limited.
 */
export type Confinement = 'bubblewrap' | 'permissions' | 'limits';

export interface Command {
  program: string;
  args: string[];
}

/** Of JavaScript alone, MiB; the rest of the memory is the model's. */
const HEAP_MIB = 512;
const NODE = [`--max-old-space-size=${HEAP_MIB}`, '--v8-pool-size=1', '--no-warnings'];
const LIMIT = 'ulimit -c 0; ulimit -n 256; ulimit -d "$1" 2>/dev/null; shift; exec "$@"';

let known: Promise<Confinement> | undefined;

/** Tried once: whether a process that loads ONNX Runtime comes up in it. */
export function confinementHere(program: Program): Promise<Confinement> {
  known ??= strongest(program);
  return known;
}

async function strongest(program: Program): Promise<Confinement> {
  for (const confinement of ['bubblewrap', 'permissions'] as const) {
    const command = commandFor(confinement, program, 4_096);
    if (command && (await comesUp(command))) return confinement;
  }
  return 'limits';
}

/** Whether the program loads there, and ends in order when its input does. */
function comesUp({ program, args }: Command): Promise<boolean> {
  const run = promisify(execFile)(program, args, { env: {}, timeout: 30_000 });
  run.child.stdin?.end();
  return run.then(
    () => true,
    () => false,
  );
}

/**
 * The command that runs a program so confined; undefined where what it takes is not installed.
 * @param memoryMib  data of the process, as setrlimit(2) counts it
 */
export function commandFor(confinement: Confinement, program: Program, memoryMib: number): Command | undefined {
  const limited = (command: string[]): Command =>
    existsSync('/bin/sh')
      ? { program: '/bin/sh', args: ['-c', LIMIT, 'sh', String(memoryMib * 1024), ...command] }
      : { program: command[0]!, args: command.slice(1) };
  if (confinement === 'bubblewrap') {
    const bwrap = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'].find((path) => existsSync(path));
    if (bwrap === undefined) return undefined;
    return limited([bwrap, ...emptyRoot(program), '--', '/app/node', ...NODE, '/app/program.mjs']);
  }
  const readable = [program.folder, ...Object.values(program.packages)];
  const permissions = [
    nodeIsAtLeast(22, 13) ? '--permission' : '--experimental-permission',
    ...readable.map((folder) => `--allow-fs-read=${folder}/*`),
    '--allow-addons',
  ];
  return limited([process.execPath, ...NODE, ...(confinement === 'permissions' ? permissions : []), program.file]);
}

/** Nothing but Node.js, the system's libraries, the program and ONNX Runtime; no user, no capability, no network. */
function emptyRoot({ file, packages }: Program): string[] {
  const shown = (from: string, to: string): string[] => ['--ro-bind', from, to];
  return [
    ...['--unshare-all', '--unshare-user', '--die-with-parent', '--new-session', '--clearenv'],
    ...['--cap-drop', 'ALL', '--uid', '65534', '--gid', '65534', '--hostname', 'model'],
    ...['/usr/lib', '/usr/lib64', '/lib', '/lib64'].flatMap(library),
    ...['--ro-bind-try', '/sys/devices/system/cpu', '/sys/devices/system/cpu'],
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
    ...shown(process.execPath, '/app/node'),
    ...shown(file, '/app/program.mjs'),
    ...Object.entries(packages).flatMap(([name, folder]) => shown(folder, `/app/node_modules/${name}`)),
    ...['--chdir', '/app', '--remount-ro', '/tmp', '--remount-ro', '/'],
  ];
}

function library(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return lstatSync(folder).isSymbolicLink()
    ? ['--symlink', readlinkSync(folder), folder]
    : ['--ro-bind', folder, folder];
}

function nodeIsAtLeast(major: number, minor: number): boolean {
  const [here, its] = process.versions.node.split('.').map(Number) as [number, number];
  return here > major || (here === major && its >= minor);
}
