import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connect, type Clients } from '@livepod/client';
import { loadIdentity } from '@livepod/client/node';
import { serveApi } from './api/server.js';
import { PodError, reasonOf } from './errors.js';
import { canisterFleet } from './health/canister.js';
import { jsonLog, type Log } from './log.js';
import { Pod } from './pod.js';
import { Fetcher } from './updates/fetcher.js';

const HELP = `livepod-pod: follows a channel, verifies and runs its model in private.

  --network FILE      addresses and the IC root key (network.json)
  --identity FILE     this pod's key
  --root FILE         the TUF root.json it trusts at first
  --state DIR         where it keeps everything
  --recordings DIR    the motion to watch: a folder per person
  --person NAME       whose
  --channel NAME      default: stable
  --name NAME         default: pod
  --speed N           times real motion; default 1
  --poll SECONDS      between looks at the channel; default 60
  --mirror URL        take metadata and chunks from here instead of the models canister
  --port N            of the local API; default: any
`;

/** Windows a second in real time: 100 samples, half overlapping, at about 104 Hz. */
const REAL_TIME = 2;

const { values } = parseArgs({
  options: {
    network: { type: 'string' },
    identity: { type: 'string' },
    root: { type: 'string' },
    state: { type: 'string' },
    recordings: { type: 'string' },
    person: { type: 'string' },
    channel: { type: 'string', default: 'stable' },
    name: { type: 'string', default: 'pod' },
    speed: { type: 'string', default: '1' },
    poll: { type: 'string', default: '60' },
    mirror: { type: 'string' },
    port: { type: 'string', default: '0' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(HELP);
  const network = JSON.parse(readFileSync(needed('network'), 'utf8')) as Network;
  const identity = loadIdentity(needed('identity'));
  const principal = identity.getPrincipal();
  const clients = await connect(network as Parameters<typeof connect>[0], identity);
  const log = jsonLog(values.name);

  const pod = new Pod({
    principal: principal.toUint8Array(),
    name: values.name,
    channel: values.channel,
    directory: needed('state'),
    shippedRoot: readFileSync(needed('root')),
    fetcher: values.mirror
      ? new Fetcher(values.mirror, '')
      : new Fetcher(network.icHost, `canisterId=${network.canisters.models}.raw`),
    fleet: canisterFleet(clients),
    motion: {
      recordings: needed('recordings'),
      person: needed('person'),
      windowsPerSecond: REAL_TIME * number('speed'),
    },
    log,
  });
  const { address, server } = await serveApi(pod, principal.toText(), number('port'));
  process.stdout.write(`${JSON.stringify({ ready: true, api: address, id: principal.toText() })}\n`);

  const end = signalled();
  await pod.start();
  await untilTheEnd(pod, clients, log, end);
  server.close();
  await pod.stop();
}

interface Network {
  icHost: string;
  rootKey: string;
  canisters: { models: string };
}

/** Aborts at the first SIGTERM or SIGINT. */
function signalled(): AbortSignal {
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end.abort());
  return end.signal;
}

/** Looks for news every `--poll` seconds. A network that is not there yet only delays the enrolment. */
async function untilTheEnd(pod: Pod, clients: Clients, log: Log, end: AbortSignal): Promise<void> {
  let enrolled = false;
  while (!end.aborted) {
    enrolled ||= await enrol(clients, log);
    await pod.turn();
    await sleep(number('poll') * 1000, undefined, { signal: end }).catch(() => undefined);
  }
}

async function enrol(clients: Clients, log: Log): Promise<boolean> {
  try {
    await clients.fleet.enrol({ name: values.name, channel: values.channel });
    return true;
  } catch (error) {
    log('enrolment waits', { why: reasonOf(error) });
    return false;
  }
}

function needed(option: 'network' | 'identity' | 'root' | 'state' | 'recordings' | 'person'): string {
  const value = values[option];
  if (!value)
    throw new PodError(
      'invalidArguments',
      { option },
      `--${option} is missing; livepod-pod --help lists what is needed.`,
    );
  return value;
}

function number(option: 'speed' | 'poll' | 'port'): number {
  const value = Number(values[option]);
  if (!Number.isFinite(value) || value < 0)
    throw new PodError('invalidArguments', { option }, `--${option} must be a number, not "${values[option]}".`);
  return value;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exit(1);
  },
);
