import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { StackError } from '../errors.js';
import { cache, root } from '../paths.js';
import { run, versionOf, which } from '../run.js';
import { hashOf, stamped, writeStamp } from '../stamp.js';

export interface GoTool {
  /** The program's name, and its file's in `.cache/bin`. */
  name: string;
  /** The folder, from the clone's top, whose go.mod and go.sum pin it and all it is made of. */
  module: string;
  package: string;
  ldflags?: string;
  /** Build tags, by which parts that are not used here are left out. */
  tags?: string;
}

/** Where a tool is built to, and whether it has been, from these very modules. */
async function plan(tool: GoTool): Promise<{ module: string; path: string; done: boolean; finish(): Promise<void> }> {
  const module = join(root, tool.module);
  const path = cache('bin', tool.name);
  const stamp = cache('stamps', tool.name);
  const inputs = await hashOf(
    [join(module, 'go.mod'), join(module, 'go.sum')],
    tool.package,
    tool.ldflags ?? '',
    tool.tags ?? '',
  );
  const done = existsSync(path) && (await stamped(stamp, inputs));
  return { module, path, done, finish: () => writeStamp(stamp, inputs) };
}

/** Downloads the modules that a tool is made of, unless it has been built. */
export async function fetchGoTool(tool: GoTool): Promise<void> {
  const { module, done } = await plan(tool);
  if (done || which('go') === null) return;
  await run('go', ['list', '-mod=readonly', `-tags=${tool.tags ?? ''}`, '-deps', tool.package], {
    cwd: module,
    timeout: 20 * 60_000,
  });
}

/** Builds a Go program from pinned modules into `.cache/bin`; says whether it had to. */
export async function buildGoTool(
  tool: GoTool,
  progress: (line: string) => void,
): Promise<{ path: string; built: boolean }> {
  const { module, path, done, finish } = await plan(tool);
  if (done) return { path, built: false };
  if (which('go') === null) {
    throw new StackError('toolMissing', { tool: tool.name }, `Go is not installed, and ${tool.name} is built with it.`);
  }
  progress(`${await versionOf('go', ['version'])}: compiling ${tool.package}`);
  await mkdir(cache('bin'), { recursive: true });
  const flags = [`-tags=${tool.tags ?? ''}`, `-ldflags=-s -w ${tool.ldflags ?? ''}`];
  await run(
    'go',
    ['build', '-v', '-trimpath', '-buildvcs=false', '-mod=readonly', ...flags, '-o', `${path}.new`, tool.package],
    { cwd: module, onLine: counted(progress), timeout: 30 * 60_000 },
  );
  await rename(`${path}.new`, path);
  await finish();
  return { path, built: true };
}

/** `go build -v` names each package when it is done. */
function counted(progress: (line: string) => void): (line: string) => void {
  let packages = 0;
  return (line) => progress(/^[\w.-]+(\/[\w.~-]+)*$/.test(line) ? `${++packages} packages, ${line}` : line);
}
