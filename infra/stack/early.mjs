import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Set-up's Go programs (src/steps/temporal.ts, src/steps/s3.ts), as far as what they are built with is concerned. */
const BUILDS = [
  { name: 'temporal', module: 'infra/temporal', tags: 'disable_grpc_modules', unless: 'TEMPORAL_ADDRESS' },
  { name: 'versitygw', module: 'infra/s3', tags: '', unless: 'S3_ENDPOINT' },
];

/**
 * While npm installs, and mostly waits for the network, Go compiles what set-up will need of it into its own build
 * cache. Set-up then finds that work done, however far it came.
 *
 * @param root  the clone's top
 * @returns ends it: Go finishes and keeps the packages that it is at, and begins no other
 */
export function compileEarly(root) {
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) return () => {};
  const missing = BUILDS.filter(
    ({ name, unless }) => !process.env[unless] && !existsSync(join(root, '.cache/bin', name)) && !onPath(name),
  );
  let child;
  let ended = false;
  const next = () => {
    const build = missing.shift();
    if (build === undefined || ended) return;
    const args = ['build', '-trimpath', '-buildvcs=false', '-mod=readonly', `-tags=${build.tags}`, '-o', '/dev/null'];
    child = spawn('go', [...args, 'tool'], { cwd: join(root, build.module), stdio: 'ignore' });
    child.on('error', () => {}).on('exit', next);
  };
  next();
  return () => {
    ended = true;
    child?.kill('SIGINT');
  };
}

const onPath = (program) => spawnSync('which', [program], { stdio: 'ignore' }).status === 0;
