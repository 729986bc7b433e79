import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { installMissing } from '../debian.js';
import { StackError } from '../errors.js';
import { cache, own } from '../paths.js';
import { run, versionOf, which } from '../run.js';
import { hashOf, stamped, writeStamp } from '../stamp.js';
import type { Step } from '../step.js';
import { buildGoTool, fetchGoTool } from './go.js';

const MODULE = 'infra/deploy/tools';
const TOOLS = [
  { name: 'helm', module: MODULE, package: 'helm.sh/helm/v3/cmd/helm' },
  { name: 'kubeconform', module: MODULE, package: 'github.com/yannh/kubeconform/cmd/kubeconform' },
];

/** For the tests of infra/deploy: Helm, kubeconform, and the schemas of Kubernetes. */
export const deployTools: Step = {
  name: 'deploy',
  title: 'Helm, kubeconform, schemas of Kubernetes',
  ways: [
    'Go 1.25 or later and a module proxy: built from infra/deploy/tools/go.mod, four minutes once; and Python ' +
      '3 with pip and a package index: kubernetes-validate 1.37.0',
  ],
  lane: 'go',
  async fetch() {
    for (const tool of TOOLS) await fetchGoTool(tool);
  },
  async run(progress) {
    let built = false;
    for (const tool of TOOLS) built = (await buildGoTool(tool, progress)).built || built;
    built = (await schemas(progress)) || built;
    return { how: built ? 'built' : 'cached', detail: 'helm 3.19.5, kubeconform 0.7.0, Kubernetes 1.27 and 1.34' };
  },
};

/** Makes `.cache/kubernetes-schemas/<version>/<kind>-<group>-<version>.json`; says whether it had to. */
async function schemas(progress: (line: string) => void): Promise<boolean> {
  const inputs = await hashOf([own('pins', 'kubernetes.txt'), own('python', 'kubernetes_schemas.py')]);
  const stamp = cache('stamps', 'kubernetes-schemas');
  if (existsSync(cache('kubernetes-schemas')) && (await stamped(stamp, inputs))) return false;
  const work = cache('kubernetes-download');
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  await installMissing({ pip3: 'python3-pip' }, progress);
  progress('downloading kubernetes-validate 1.37.0 (23 MB)');
  await run(
    'python3',
    [
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--only-binary=:all:',
      '--require-hashes',
      '--quiet',
      '--dest',
      work,
      '--requirement',
      own('pins', 'kubernetes.txt'),
    ],
    { onLine: progress, timeout: 10 * 60_000 },
  );
  const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'))!;
  await rm(cache('kubernetes-schemas'), { recursive: true, force: true });
  await run(
    'python3',
    [own('python', 'kubernetes_schemas.py'), join(work, wheel), cache('kubernetes-schemas'), '1.27.0', '1.34.0'],
    { onLine: progress },
  );
  await rm(work, { recursive: true });
  await writeStamp(stamp, inputs);
  return true;
}

/**
 * For the tests of infra/observability, which start a real Prometheus on the rules, and of TLS, which make
 * certificates.
 */
export const prometheus: Step = {
  name: 'prometheus',
  title: 'Prometheus',
  ways: [
    'prometheus, promtool and openssl on PATH; as root on Debian: apt-get install prometheus openssl (done by ' +
      'itself when run as root)',
  ],
  async run(progress) {
    const there = (): boolean => ['prometheus', 'promtool', 'openssl'].every((program) => which(program) !== null);
    const before = there();
    if (!before)
      await installMissing({ prometheus: 'prometheus', promtool: 'prometheus', openssl: 'openssl' }, progress);
    if (!there())
      throw new StackError('toolMissing', { tool: 'prometheus' }, 'Prometheus, promtool or openssl is not installed.');
    return {
      how: before ? 'found' : 'built',
      detail: (await versionOf('prometheus', ['--version']))?.split('\n')[0]?.replace(/ \(.*/, '') ?? 'prometheus',
    };
  },
};
