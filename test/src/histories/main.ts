import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { PayloadCodec } from '@temporalio/common';
import { readNetwork } from '@livepod/client';
import { workflowBundle } from '@livepod/workers';
import { keyRings } from '@livepod/stack';
import { connectClient, dataConverter, type Temporal } from '@livepod/workers/temporal';
import { folder, historyJson, recordedHistories, versions } from '../../../workflows/test/histories.js';
import { differentRuns, presentable, type Run } from '../../../workflows/test/recording.js';
import { replay, WORKFLOWS } from '../../../workflows/test/replay.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const HELP = `Usage: npm run histories -- [options]

Records what every workflow did on a real stack, for the replay test: from the stack that runs in --state, else from a story that it has told for
this. Payloads are decoded; nothing that names this machine, and no secret, is kept.

  --state DIR   state of a running stack; default .state when one runs there, else a story in a folder of its own (some minutes)
  --version N   version of the workflows that the runs are of; default: one more than the newest that is recorded
  --more        add to a version that is recorded already, and leave what is there
  --help
`;

/** Reads the runs of both namespaces, and writes one file for each that differs from the others. */
async function record(state: string, version: number, more: boolean): Promise<string[]> {
  const { temporal } = readNetwork(join(state, 'network.json'));
  const place = new URL(`${version}/`, folder);
  if (existsSync(place) && !more) throw new Error(`Version ${version} is recorded already, and is never changed; give another --version, or --more to add to it.`);
  const runs = await allRuns(temporal!, state);
  mkdirSync(place, { recursive: true });
  const written: string[] = [];
  for (const { type, workflowId, history, codecs } of runs) {
    const name = `${workflowId.replaceAll(/[^A-Za-z0-9-]/g, '-')}.json`;
    if (existsSync(new URL(name, place))) continue;
    writeFileSync(new URL(name, place), historyJson(await presentable(history, codecs, secretsOf(state))));
    written.push(`${type.padEnd(18)} ${version}/${name}`);
  }
  return written;
}

/** Each side's runs, with the codec that reads them: a provider's activities have keys of their own. */
async function allRuns(temporal: Temporal, state: string): Promise<(Run & { codecs: readonly PayloadCodec[] })[]> {
  const keys = keyRings(state);
  const ours = await connectClient(temporal, { keys: keys.ours });
  const theirs = await connectClient(temporal, { namespace: temporal.providerNamespace, keys: keys.provider });
  const read = (runs: Run[], ring: string) => runs.map((run) => ({ ...run, codecs: dataConverter(ring).payloadCodecs ?? [] }));
  try {
    // Its schedule may not have come round yet.
    await ours.workflow.execute('treasuryWatch', { taskQueue: 'orchestrator', workflowId: 'treasury-watch-recorded', workflowIdConflictPolicy: 'USE_EXISTING', args: [{}] });
    await sleep(2000); // visibility follows
    return [...read(await differentRuns(ours), keys.ours), ...read(await differentRuns(theirs), keys.provider)];
  } finally {
    await Promise.all([ours.connection.close(), theirs.connection.close()]);
  }
}

/** Every long word of the stack's secret files: seeds, keys, passwords. */
function secretsOf(state: string): string[] {
  const files = ['secrets', 'identities', 'cast'].flatMap((name) => (existsSync(join(state, name)) ? readdirSync(join(state, name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)) : []));
  return files.flatMap((file) => readFileSync(file, 'utf8').match(/[A-Za-z0-9+/=]{32,}/g) ?? []);
}

/** A story told from empty state; its stack stays up until `close`. */
async function toldStory(): Promise<{ state: string; close: () => Promise<void> }> {
  const place = mkdtempSync(join(tmpdir(), 'livepod-histories-'));
  const [state, report] = [join(place, 'state'), join(place, 'report.json')];
  const child = spawn(process.execPath, [join(ROOT, 'infra', 'stack', 'start.mjs'), '--fresh', '--state', state, '--report', report], { stdio: 'inherit' });
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
  const { values } = parseArgs({ options: { state: { type: 'string' }, version: { type: 'string' }, more: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } });
  if (values.help) return void process.stdout.write(HELP);
  const version = Number(values.version ?? Math.max(0, ...(await versions())) + 1);
  if (!Number.isInteger(version) || version < 1) throw new Error(`--version is ${values.version}; give a whole number from 1.`);

  const usual = values.state ?? join(ROOT, '.state');
  const running = existsSync(join(usual, 'run', 'stack.json'));
  if (values.state && !running) throw new Error(`No stack runs in ${values.state}; start it with npm start -- --state ${values.state}.`);
  const stack = running ? { state: usual, close: async () => {} } : await toldStory();
  try {
    const written = await record(stack.state, version, values.more);
    process.stdout.write(`${written.join('\n')}\n${written.length} histories written.\n`);
  } finally {
    await stack.close();
  }

  const all = await recordedHistories();
  const missing = WORKFLOWS.filter((type) => !all.some((one) => one.version === version && one.type === type));
  if (missing.length > 0) process.stdout.write(`No run of ${missing.join(', ')} was found in this stack.\n`);
  const broken = await replay({ orchestrator: await workflowBundle('orchestrator'), provider: await workflowBundle('provider') }, all.filter((one) => one.version === version));
  for (const sentence of broken) process.stdout.write(`${sentence}\n`);
  process.exitCode = broken.length > 0 ? 1 : 0;
}

main().then(
  () => process.exit(),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
);
