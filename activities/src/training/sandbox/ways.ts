import { limitsOf, type Way } from './confine.js';
import { startConfined } from './start.js';
import { seccompFilter } from './seccomp.js';

/** Long enough for a machine that does much else; bubblewrap takes a tenth of a second. */
const TRIAL_SECONDS = 20;

const found = new Map<string | null, Promise<Way | undefined>>();

/**
 * How this machine confines a recipe, tried once by doing it.
 *
 * @param modules  a file beside whose node_modules TensorFlow.js is installed, which has to be reached; null: it is not
 * @returns undefined where it cannot
 */
export function sandboxWay(modules: string | null): Promise<Way | undefined> {
  const way = found.get(modules) ?? find(modules);
  found.set(modules, way);
  return way;
}

async function find(modules: string | null): Promise<Way | undefined> {
  if (process.platform !== 'linux' || !seccompFilter()) return undefined;
  const ways: Way[] = process.getuid?.() === 0 ? ['userNamespace', 'root'] : ['userNamespace'];
  for (const way of ways) if (await works(way, modules)) return way;
  return undefined;
}

async function works(way: Way, modules: string | null): Promise<boolean> {
  const running = await startConfined({
    program: `require('node:fs').writeSync(3, 'works');`,
    limits: limitsOf({ memoryMiB: 512, seconds: TRIAL_SECONDS }),
    modules,
    way,
  });
  try {
    const said = [];
    for await (const piece of running.reports) said.push(piece as Buffer);
    return Buffer.concat(said).toString() === 'works';
  } finally {
    await running.stop();
  }
}
