import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '@livepod/stack';

/**
 * Which activities each workflow calls, read from its source: `workflow.port.method`. A workflow is what a file of its
 * own name exports; calls in shared files (compensations, the operator's desk) are found by running them.
 */
export function calledInSource(folder = join(root, 'workflows', 'src')): string[] {
  const ports = [...readFileSync(join(folder, 'ports.ts'), 'utf8').matchAll(/export const (\w+) = (?:port<|\()/g)].map(
    ([, name]) => name!,
  );
  const call = new RegExp(`\\b(${ports.join('|')}|here)(?:\\([^()]*\\))?\\.([a-z]\\w*)\\(`, 'g');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.includes('.test.'))
    .flatMap((file) => {
      const source = readFileSync(join(folder, file), 'utf8');
      const workflow = basename(file, '.ts');
      if (!new RegExp(`export async function ${workflow}\\(`).test(source)) return [];
      // `here` is the training port of the host that a job was given to.
      return [
        ...new Set(
          [...source.matchAll(call)].map(
            ([, port, method]) => `${workflow}.${port === 'here' ? 'training' : port}.${method}`,
          ),
        ),
      ];
    });
}
