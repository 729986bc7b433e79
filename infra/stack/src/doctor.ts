import { availableParallelism, totalmem } from 'node:os';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canInstall } from './debian.js';
import { cache, root } from './paths.js';
import { versionOf, which } from './run.js';
import { recordingsIn, recordingsWays } from './steps/recordings.js';
import { sandbox } from './steps/sandbox.js';
import { canisterNames } from './steps/wasm.js';
import { isEnough, temporal } from './steps/temporal.js';
import { s3 } from './steps/s3.js';
import { tensorflow, tensorflowBackend } from './steps/tensorflow.js';
import { findWasmToolchain, rustWays } from './wasmToolchain.js';

interface Finding {
  what: string;
  /** What is there; null when it is missing. */
  there: string | null;
  /** Whether the first `npm start` makes or installs it by itself here. */
  made?: boolean;
  /** Ways to provide it. */
  ways: string[];
}

/**
 * Looks without changing anything; prints what is there, what is missing and every way to provide it. Returns whether
 * nothing stands in the way.
 *
 * @param json  as one object, for programs
 */
export async function doctor(json = false, print: (line: string) => void = console.log): Promise<boolean> {
  const findings = await examine();
  const missing = findings.filter(({ there, made }) => there === null && !made);
  if (json) {
    print(JSON.stringify({ ok: missing.length === 0, findings }));
    return missing.length === 0;
  }
  print(
    `Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores, ` +
      `${Math.round(totalmem() / 2 ** 30)} GiB`,
  );
  for (const { what, there, made, ways } of findings) {
    print(
      `${there !== null ? '✔' : made ? '…' : '✘'} ${what}: ` +
        `${there ?? (made ? 'not yet; npm start makes it' : 'missing')}`,
    );
    if (there === null) for (const way of ways) print(`    - ${way}`);
  }
  print(
    missing.length === 0
      ? 'Nothing stands in the way of npm start.'
      : `Missing: ${missing.map(({ what }) => what).join(', ')}.`,
  );
  return missing.length === 0;
}

/** What network.json says of it; `livepod network control` asks the network. */
function controlNoted(): string {
  const file = process.env['LIVEPOD_NETWORK'] ?? join(root, '.state', 'network.json');
  if (!existsSync(file)) return 'nothing is installed yet';
  const { control } = JSON.parse(readFileSync(file, 'utf8')) as { control?: string };
  return control === 'dao'
    ? 'votes alone (livepod network control asks the network)'
    : 'under a person’s control: whoever installed them (livepod network handover)';
}

async function examine(): Promise<Finding[]> {
  const [go, python, bubblewrap] = await Promise.all([
    versionOf('go', ['version']),
    versionOf('python3'),
    versionOf('bwrap'),
  ]);
  const pip = python && (await versionOf('python3', ['-m', 'pip', '--version']));
  const rust = await findWasmToolchain();
  const onPath = which('temporal') && (await versionOf('temporal'));
  const backend = await tensorflowBackend();
  const data = process.env['LIVEPOD_DATA'];
  const recordings =
    (data && (await recordingsIn(data))) ||
    (await recordingsIn(cache('data', 'sp-sw-har'))) ||
    (await recordingsIn(cache('data', 'hapt')));
  const modules = canisterNames.filter((name) => existsSync(cache('wasm', `${name}.wasm`)));
  const canBuildGo = go !== null;
  return [
    {
      what: 'npm packages',
      there: existsSync(join(root, 'node_modules', 'tsx')) ? 'installed' : null,
      made: true,
      ways: ['npm install'],
    },
    {
      what: temporal.title,
      there:
        process.env['TEMPORAL_ADDRESS'] ??
        (onPath && isEnough(onPath) ? onPath : existsSync(cache('bin', 'temporal')) ? 'built in .cache' : null),
      made: canBuildGo,
      ways: temporal.ways,
    },
    {
      what: s3.title,
      there: process.env['S3_ENDPOINT'] ?? (existsSync(cache('bin', 'versitygw')) ? 'built in .cache' : null),
      made: canBuildGo,
      ways: s3.ways,
    },
    { what: 'Internet Computer', there: process.env['IC_HOST'] ?? 'the embedded host', ways: [] },
    { what: 'Who changes the canisters', there: controlNoted(), ways: [] },
    { what: 'Rust for Wasm', there: rust && `${rust.version} (${rust.kind})`, made: canInstall(), ways: rustWays },
    {
      what: 'Canisters',
      there: modules.length === canisterNames.length ? `${modules.length} modules built in .cache` : null,
      made: true,
      ways: [],
    },
    { what: tensorflow.title, there: backend, made: true, ways: tensorflow.ways },
    {
      what: 'Recordings',
      there: recordings && `${recordings.name}, ${recordings.people.length} people (${recordings.folder})`,
      made: pip !== null || canInstall(),
      ways: recordingsWays,
    },
    { what: 'Go', there: go ?? 'not needed: Temporal and S3 are there', ways: [] },
    {
      what: 'Python with pip',
      there: pip ?? 'absent: no native TensorFlow.js, no download of recordings from the package index',
      ways: [],
    },
    { what: sandbox.title, there: bubblewrap, ways: sandbox.ways, made: true },
  ];
}
