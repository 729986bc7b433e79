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
}

/** Builds a Go program from pinned modules into `.cache/bin`; says whether it had to. */
export async function buildGoTool(
  tool: GoTool,
  progress: (line: string) => void,
): Promise<{ path: string; built: boolean }> {
  const module = join(root, tool.module);
  const path = cache('bin', tool.name);
  const stamp = cache('stamps', tool.name);
  const inputs = await hashOf([join(module, 'go.mod'), join(module, 'go.sum')], tool.package, tool.ldflags ?? '');
  if (existsSync(path) && (await stamped(stamp, inputs))) return { path, built: false };
  if (which('go') === null) {
    throw new StackError('toolMissing', { tool: tool.name }, `Go is not installed, and ${tool.name} is built with it.`);
  }
  progress(`${await versionOf('go', ['version'])}: compiling ${tool.package}`);
  await mkdir(cache('bin'), { recursive: true });
  await run(
    'go',
    [
      'build',
      '-v',
      '-trimpath',
      '-buildvcs=false',
      '-mod=readonly',
      `-ldflags=-s -w ${tool.ldflags ?? ''}`,
      '-o',
      `${path}.new`,
      tool.package,
    ],
    { cwd: module, onLine: counted(progress), timeout: 30 * 60_000 },
  );
  await rename(`${path}.new`, path);
  await writeStamp(stamp, inputs);
  return { path, built: true };
}

/** `go build -v` names each package when it is done. */
function counted(progress: (line: string) => void): (line: string) => void {
  let packages = 0;
  return (line) => progress(/^[\w.-]+(\/[\w.~-]+)*$/.test(line) ? `${++packages} packages, ${line}` : line);
}
