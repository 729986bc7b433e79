import { run, which } from './run.js';

/**
 * Whether packages of the system can be installed here: as root, on Debian and its kin. Without root nothing outside
 * the clone is touched.
 */
export const canInstall = (): boolean => process.getuid?.() === 0 && which('apt-get') !== null;

/** Installs Debian packages. dpkg lets one install at a time: those who ask meanwhile wait for their turn. */
export function aptInstall(packages: string[], progress: (line: string) => void): Promise<void> {
  const turn = lastTurn.then(() => install(packages, progress));
  lastTurn = turn.catch(() => {});
  return turn;
}

let lastTurn: Promise<void> = Promise.resolve();
/** The lists of packages are fetched once in a process. */
let updated: Promise<unknown> | undefined;

async function install(packages: string[], progress: (line: string) => void): Promise<void> {
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, onLine: progress, toTheEnd: true };
  progress(`apt-get install ${packages.join(' ')}`);
  updated ??= run('apt-get', ['update'], { ...options, timeout: 5 * 60_000 });
  await updated.catch((error: Error) => {
    updated = undefined;
    throw error;
  });
  const args = ['install', '-y', '--no-install-recommends', ...packages];
  await run('apt-get', args, { ...options, timeout: 20 * 60_000 });
}

/**
 * Installs the packages of those programs that are not on PATH, where that is allowed; what is missing elsewhere shows
 * when it is called.
 */
export async function installMissing(
  packageOf: Record<string, string>,
  progress: (line: string) => void,
): Promise<void> {
  const missing = Object.entries(packageOf)
    .filter(([program]) => which(program) === null)
    .map(([, name]) => name);
  if (missing.length > 0 && canInstall()) await aptInstall([...new Set(missing)], progress);
}
