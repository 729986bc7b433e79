import { run, which } from './run.js';

/**
 * Whether packages of the system can be installed here: as root, on Debian and its kin. Without root nothing outside
 * the clone is touched.
 */
export const canInstall = (): boolean => process.getuid?.() === 0 && which('apt-get') !== null;

/** Installs Debian packages. */
export async function aptInstall(packages: string[], progress: (line: string) => void): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  progress(`apt-get install ${packages.join(' ')}`);
  await run('apt-get', ['update'], { env, onLine: progress, timeout: 5 * 60_000 });
  await run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], {
    env,
    onLine: progress,
    timeout: 20 * 60_000,
  });
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
