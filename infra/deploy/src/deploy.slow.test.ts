import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readNetwork } from '@livepod/client/node';
import { loadAll } from 'js-yaml';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const here = join(root, 'infra', 'deploy');
const bin = (name: string): string => join(root, '.cache', 'bin', name);
const EXAMPLES = ['cloud', 'self-hosted'] as const;
const KUBERNETES = ['1.27.0', '1.34.0'] as const;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'livepod-deploy-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function helm(...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(bin('helm'), args, { cwd: here, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}
const rendered = (example: string, version: string, ...more: string[]): string => {
  const { status, text } = helm(
    'template',
    'livepod',
    'chart',
    '-f',
    `examples/${example}.yaml`,
    '--kube-version',
    version,
    ...more,
  );
  expect({ status, text: status === 0 ? '' : text }).toEqual({ status: 0, text: '' });
  return text;
};
function conforms(manifests: string, version: string): { status: number | null; text: string } {
  // The operator's own kinds are in no schema of Kubernetes.
  const { status, stdout, stderr } = spawnSync(
    bin('kubeconform'),
    [
      '-strict',
      '-summary',
      '-skip',
      'PodMonitor',
      '-schema-location',
      join(root, '.cache', 'kubernetes-schemas', version, '{{ .ResourceKind }}{{ .KindSuffix }}.json'),
    ],
    { input: manifests, encoding: 'utf8' },
  );
  return { status, text: stdout + stderr };
}

interface Container {
  name: string;
  args: string[];
  env: { name: string; value?: string; valueFrom?: unknown }[];
  resources: { limits: { memory?: string } };
  securityContext: Record<string, unknown>;
  livenessProbe?: unknown;
  readinessProbe?: unknown;
}
interface Manifest {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  spec: {
    podSelector: { matchLabels: Record<string, string> };
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        terminationGracePeriodSeconds: number;
        automountServiceAccountToken: boolean;
        securityContext: Record<string, unknown>;
        containers: Container[];
      };
    };
  };
}
const manifests = (text: string): Manifest[] => (loadAll(text) as (Manifest | null)[]).filter((one) => one !== null);

describe('the chart', () => {
  it.each(EXAMPLES)(
    'is right for %s: helm lint, and strictly by the schemas of two versions of Kubernetes',
    (example) => {
      expect(helm('lint', 'chart', '--strict', '-f', `examples/${example}.yaml`)).toMatchObject({ status: 0 });
      for (const version of KUBERNETES)
        expect(conforms(rendered(example, version), version).text).toMatch(/Invalid: 0, Errors: 0/);
    },
  );

  it('is checked strictly: a misspelt field is found', () => {
    const { status, text } = conforms(
      rendered('cloud', '1.34.0').replace('readOnlyRootFilesystem', 'readOnlyRootFileSystem'),
      '1.34.0',
    );
    expect({ status, text }).toEqual({ status: 1, text: expect.stringMatching(/readOnlyRootFileSystem/) });
  });

  it('names everything that is missing at once', () => {
    const { status, text } = helm('template', 'livepod', 'chart', '--kube-version', '1.34.0');
    expect(status).not.toBe(0);
    for (const field of [
      'image',
      'rootKey',
      'governance',
      'address',
      'codecKeys',
      'identity',
      'holdout',
      'jwks',
      'origins',
    ])
      expect(text).toContain(field);
  });

  it('refuses both ways to prove who one is, an origin with a star, and a worker without a memory limit', () => {
    const refused = (...sets: string[]): string =>
      helm(
        'template',
        'livepod',
        'chart',
        '-f',
        'examples/cloud.yaml',
        '--kube-version',
        '1.34.0',
        ...sets.flatMap((set) => ['--set', set]),
      ).text;
    expect(refused('temporal.apiKey.secret=key')).toMatch(/temporal/);
    expect(refused('codec.origins={https://*.example.org}')).toMatch(/origins/);
    expect(refused('orchestrator.resources.limits.memory=null')).toMatch(/memory/);
  });

  it.each(EXAMPLES)(
    'gives pods of %s next to no rights, limits, probes, time to drain, and secrets by reference only',
    (example) => {
      const all = manifests(rendered(example, '1.34.0'));
      const deployments = all.filter(({ kind }) => kind === 'Deployment');
      expect(deployments.map(({ metadata }) => metadata.name).sort()).toEqual([
        'livepod-codec',
        'livepod-evaluator',
        'livepod-orchestrator',
      ]);
      for (const {
        spec: {
          template: { spec, metadata },
        },
      } of deployments) {
        expect(spec).toMatchObject({
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
        });
        const [container] = spec.containers as [Container];
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources.limits.memory).toMatch(/^\d+[MG]i$/);
        expect(container).toMatchObject({ livenessProbe: expect.anything(), readinessProbe: expect.anything() });
        expect(existsSync(join(root, container.args[0]!))).toBe(true);
        const drain = Number(container.env.find(({ name }) => name === 'LIVEPOD_DRAIN_SECONDS')?.value ?? 0);
        expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(2 * drain);
        // Nothing that is a secret stands in the manifest: a path to a mounted file, or a reference.
        for (const { name, value } of container.env)
          if (/KEY|SEED|SECRET|TOKEN|PASSWORD/.test(name) && value !== undefined)
            expect(value).toMatch(/^\/etc\/livepod\//);
        const policy = all.find(
          ({ kind, spec }) =>
            kind === 'NetworkPolicy' &&
            spec.podSelector.matchLabels['app.kubernetes.io/component'] ===
              metadata.labels['app.kubernetes.io/component'],
        );
        expect(policy).toBeDefined();
      }
      const file = join(folder, 'network.json');
      writeFileSync(file, all.find(({ kind }) => kind === 'ConfigMap')!.data!['network.json']!);
      expect(readNetwork(file).temporal?.address).toMatch(/:7233$/);
    },
  );
});

describe('the image', () => {
  const lines = readFileSync(join(here, 'Containerfile'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const copied = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
    .flatMap((line) => line.split(' ').slice(1, -1));

  it('stands on glibc, runs as nobody in particular, and hears signals', () => {
    for (const line of lines.filter((line) => line.startsWith('FROM '))) expect(line).toMatch(/node:20-bookworm-slim/);
    expect(lines.filter((line) => line.startsWith('USER '))).toEqual(['USER 10001:10001']);
    expect(lines).toContain('ENTRYPOINT ["node", "--import", "tsx"]');
    for (const path of copied) expect(existsSync(join(root, path))).toBe(true);
  });

  it(
    'holds all that its processes need: installed and started the way it says, each stops at its configuration ' +
      'alone',
    () => {
      const app = join(folder, 'app');
      for (const path of copied) {
        mkdirSync(dirname(join(app, path)), { recursive: true });
        cpSync(join(root, path), join(app, path), {
          recursive: true,
          filter: (source) => !/node_modules|\/(dist|target)(\/|$)/.test(source),
        });
      }
      for (const line of lines.filter((line) => line.startsWith('RUN ') && !line.includes('useradd')))
        execFileSync('bash', ['-c', line.slice(4)], {
          cwd: app,
          env: { ...process.env, NODE_ENV: 'production' },
          stdio: 'pipe',
        });
      expect(readdirSync(join(app, '.cache', 'workflows'))).toHaveLength(2);
      expect(existsSync(join(app, 'node_modules', 'jest'))).toBe(false);
      for (const entry of [
        'workers/src/orchestrator/main.ts',
        'workers/src/evaluator/main.ts',
        'infra/codec/src/main.ts',
      ]) {
        const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', entry], {
          cwd: app,
          env: { PATH: process.env['PATH'] },
          encoding: 'utf8',
        });
        expect({ entry, status, stderr }).toEqual({ entry, status: 1, stderr: expect.stringMatching(/Set LIVEPOD_/) });
      }
    },
  );
});

describe("the bucket's Terraform", () => {
  const text = readdirSync(join(here, 'terraform'))
    .filter((name) => name.endsWith('.tf'))
    .map((name) => readFileSync(join(here, 'terraform', name), 'utf8'))
    .join('\n');

  it('is written as terraform fmt writes it, where there is a terraform or tofu', () => {
    for (const tool of ['terraform', 'tofu']) {
      const { status, error, stdout } = spawnSync(tool, ['fmt', '-check', '-diff', join(here, 'terraform')], {
        encoding: 'utf8',
        env: { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null' },
      });
      if (!error) expect({ tool, status, stdout }).toEqual({ tool, status: 0, stdout: '' });
    }
  });

  it('drops unfinished uploads, is never public, and lets nobody but the collector delete', () => {
    expect(text).toMatch(/abort_incomplete_multipart_upload \{\s+days_after_initiation = var\.unfinished_days/);
    for (const rule of ['block_public_acls', 'block_public_policy', 'ignore_public_acls', 'restrict_public_buckets'])
      expect(text).toMatch(new RegExp(`${rule} +?= true`));
    expect(text).toMatch(/aws:SecureTransport/);
    expect([...text.matchAll(/"s3:Delete\w+"/g)].length).toBe(3);
    expect(text).toMatch(/sid {5}= "OnlyTheCollectorDeletes"\s+effect {2}= "Deny"/);
    const [, over] = /sid +?= "NothingIsWrittenOver"\n([^]*?)\n {2}\}\n/.exec(text)!;
    expect(over).toMatch(/effect +?= "Deny"\s+actions +?= \["s3:PutObject"\]/);
    expect(over).toMatch(/"Null"\s+variable = "s3:if-none-match"\s+values +?= \["true"\]/);
    // Every variable that is used is declared, and the other way round.
    const used = new Set([...text.matchAll(/\bvar\.(\w+)/g)].map(([, name]) => name));
    expect([...used].sort()).toEqual([...text.matchAll(/^variable "(\w+)"/gm)].map(([, name]) => name).sort());
  });
});

describe('icp.yaml', () => {
  it('is understood by the icp command, with the arguments that are made for it', () => {
    const project = join(folder, 'icp');
    cpSync(here, project, { recursive: true, filter: (source) => !source.includes('node_modules') });
    const ids = join(project, 'ids.json');
    writeFileSync(
      ids,
      JSON.stringify(
        Object.fromEntries(
          ['governance', 'datasets', 'access', 'models', 'fleet', 'treasury', 'ledger', 'root'].map((name) => [
            name,
            'aaaaa-aa',
          ]),
        ),
      ),
    );
    execFileSync(
      process.execPath,
      [
        '--import',
        'tsx',
        join(here, 'src', 'main.ts'),
        'arguments',
        '--ids',
        ids,
        '--parameters',
        join(here, 'examples', 'parameters.json'),
      ],
      { cwd: root, stdio: 'pipe' },
    );
    cpSync(join(here, 'arguments'), join(project, 'arguments'), { recursive: true });
    rmSync(join(here, 'arguments'), { recursive: true });
    const icp = join(root, 'node_modules', '@icp-sdk', 'icp-cli-linux-x64', 'bin', 'icp');
    const { status, stdout, stderr } = spawnSync(icp, ['project', 'show'], {
      cwd: project,
      encoding: 'utf8',
      env: { ...process.env, HOME: folder, DO_NOT_TRACK: '1' },
    });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    for (const name of ['governance', 'ledger', 'treasury', 'datasets', 'access', 'models', 'fleet', 'root'])
      expect(stdout).toMatch(new RegExp(`name: ${name}\\b`));
    expect(stdout).toMatch(/production/);
  });
});
