import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readNetwork } from '@livepod/client/node';
import { workflowBundle } from '@livepod/workers';
import { keyRings } from '@livepod/stack';
import { connectClient } from '@livepod/workers/temporal';
import { folder, historyJson, recordedHistories, versions } from '@livepod/workflows/testing/histories';
import { differentRuns, presentable, type Run } from '@livepod/workflows/testing/recording';
import { replay, WORKFLOWS } from '@livepod/workflows/testing/replay';
import { staged } from './staged.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const HELP = `Usage: npm run histories -- [options]

Records what every workflow did on a real stack, for the replay test: from the stack that runs in --state, else from a
story that it has told for
this. Payloads are decoded; nothing that names this machine, and no secret, is kept.

  --state DIR   state of a running stack; default .state when one runs there, else a story in a folder of its own (some
                minutes)
  --version N   version of the workflows that the runs are of; default: one more than the newest that is recorded
  --staged      only the ways that a good story does not take, on the workflow tests' world (a minute); without it,
                they come on top
  --more        add to a version that is recorded already, and leave what is there
  --help
`;

/** Writes one file for each run, unless one of that name is there. */
async function write(version: number, runs: Run[], secrets: string[]): Promise<void> {
  const place = new URL(`${version}/`, folder);
  mkdirSync(place, { recursive: true });
  for (const run of runs) {
    const file = new URL(`${run.workflowId.replaceAll(/[^A-Za-z0-9-]/g, '-')}.json`, place);
    if (existsSync(file)) continue;
    writeFileSync(file, historyJson(await presentable(run, secrets)));
    process.stdout.write(`${run.type.padEnd(18)} ${version}/${run.workflowId}\n`);
  }
}

/** The runs of both namespaces of a stack. */
async function ofStack(state: string): Promise<Run[]> {
  const { temporal } = readNetwork(join(state, 'network.json'));
  const rings = keyRings(state);
  const ours = await connectClient(temporal!, { keys: rings.ours });
  const theirs = await connectClient(temporal!, { namespace: temporal!.providerNamespace, keys: rings.provider });
  try {
    // Its schedule may not have come round yet.
    await ours.workflow.execute('treasuryWatch', {
      taskQueue: 'orchestrator',
      workflowId: 'treasury-watch-recorded',
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [{}],
    });
    await sleep(2000); // visibility follows
    return [...(await differentRuns(ours)), ...(await differentRuns(theirs))];
  } finally {
    await Promise.all([ours.connection.close(), theirs.connection.close()]);
  }
}

/** Every long word of the stack's secret files: seeds, keys, passwords. */
function secretsOf(state: string): string[] {
  const files = ['secrets', 'identities', 'cast'].flatMap((name) =>
    existsSync(join(state, name))
      ? readdirSync(join(state, name), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
      : [],
  );
  return files.flatMap((file) => readFileSync(file, 'utf8').match(/[A-Za-z0-9+/=]{32,}/g) ?? []);
}

/** A story told from empty state; its stack stays up until `close`. */
async function toldStory(): Promise<{ state: string; close: () => Promise<void> }> {
  const place = mkdtempSync(join(tmpdir(), 'livepod-histories-'));
  const state = join(place, 'state');
  const report = join(place, 'report.json');
  const child = spawn(
    process.execPath,
    [join(ROOT, 'infra', 'stack', 'start.mjs'), '--fresh', '--state', state, '--report', report],
    { stdio: 'inherit' },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    rmSync(place, { recursive: true, force: true });
  };
  while (!existsSync(report)) {
    if (child.exitCode !== null) throw new Error('The story could not be told; see above.');
    await sleep(500);
  }
  return { state, close };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      state: { type: 'string' },
      version: { type: 'string' },
      more: { type: 'boolean', default: false },
      staged: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const version = Number(values.version ?? Math.max(0, ...(await versions())) + 1);
  if (!Number.isInteger(version) || version < 1)
    throw new Error(`--version is ${values.version}; give a whole number from 1.`);
  if (!values.more && existsSync(new URL(`${version}/`, folder)))
    throw new Error(
      `Version ${version} is recorded already, and is never changed; give another --version, or --more to add to it.`,
    );

  if (!values.staged) await fromStack(version, values.state);
  await write(version, await staged(), []);

  const all = (await recordedHistories()).filter((one) => one.version === version);
  for (const type of WORKFLOWS)
    if (!all.some((one) => one.type === type)) process.stdout.write(`No run of ${type} was found.\n`);
  const broken = await replay(
    { orchestrator: await workflowBundle('orchestrator'), provider: await workflowBundle('provider') },
    all,
  );
  for (const sentence of broken) process.stdout.write(`${sentence}\n`);
  process.stdout.write(`Version ${version}: ${all.length} histories, ${broken.length} of which do not replay.\n`);
  process.exitCode = broken.length > 0 ? 1 : 0;
}

async function fromStack(version: number, wanted: string | undefined): Promise<void> {
  const usual = wanted ?? join(ROOT, '.state');
  const running = existsSync(join(usual, 'run', 'stack.json'));
  if (wanted && !running) throw new Error(`No stack runs in ${wanted}; start it with npm start -- --state ${wanted}.`);
  const stack = running ? { state: usual, close: async () => {} } : await toldStory();
  try {
    await write(version, await ofStack(stack.state), secretsOf(stack.state));
  } finally {
    await stack.close();
  }
}

main().then(
  () => process.exit(),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
);
