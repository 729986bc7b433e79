import { connect, enrol, type Clients } from '@livepod/client';
import { accessFile, handOut, newToken } from '../api/access.js';
import { serveApi } from '../api/server.js';
import { certifiedTime } from '../certifiedTime.js';
import { wait } from '../clock.js';
import { reasonOf } from '../errors.js';
import { canisterFleet } from '../health/canister.js';
import { jsonLog, type Log } from '../log.js';
import { Pod } from '../pod.js';
import { namesIn } from '../runtime/records.js';
import { troubleOf, type Trouble } from '../trouble.js';
import type { Asked } from './commands.js';
import { settingsOf, voucherOf } from './options.js';

/** A turn does not wait longer for the enrolment. */
const ENROLMENT_SECONDS = 2;
/** How often it says that it is there: the slot of a pod that is silent for long is freed. */
const ENROLMENT_MS = 86_400_000;
/** How long it takes at most to say that the pod has become ready, seconds. */
const LOOK_SECONDS = 1;

/**
 * Runs a pod until it is told to end. It prints one JSON line with its address as soon as it answers there, `ready` or
 * not, with the file that programs find the token in, and one more when it has become ready.
 */
export async function run(values: Asked['values']): Promise<void> {
  const settings = settingsOf(values);
  const { network, identity, motion, shippedRoot, channel, fetcher, state } = settings;
  const name = values['name'] ?? 'pod';
  const principal = identity.getPrincipal();
  const clients = await connect(network, identity);
  const log = jsonLog(name);
  const pod = new Pod({
    principal: principal.toUint8Array(),
    name,
    channel,
    directory: state,
    shippedRoot,
    fetcher,
    fleet: canisterFleet(clients),
    motion,
    log,
    networkTime: await certifiedTime(network),
  });
  const voucher = (): string | undefined => voucherOf(values);
  voucher();
  const end = signalled();
  let takeBack = (): void => undefined;
  try {
    const token = newToken();
    const { address, server } = await serveApi(pod, { id: principal.toText(), port: settings.port, token });
    takeBack = handOut(state, { address, token });
    const said = { api: address, access: accessFile(state), id: principal.toText() };
    const trouble = missingMotion(motion.recordings, motion.person);
    say({ ready: false, ...said, ...(trouble ? { trouble } : { waitsFor: `a model of channel ${channel}` }) });
    void sayWhenReady(pod, said, end);
    await pod.start();
    await untilTheEnd(pod, { clients, name, channel, voucher, pollSeconds: settings.pollSeconds, log, end });
    server.close();
    server.closeAllConnections();
  } finally {
    takeBack();
    await pod.stop();
  }
}

const say = (line: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function sayWhenReady(pod: Pod, said: Record<string, unknown>, end: AbortSignal): Promise<void> {
  while (!end.aborted && pod.status()['ready'] !== true) await wait(LOOK_SECONDS, end);
  if (!end.aborted) say({ ready: true, ...said });
}

/** What is wrong with the folder that was named, before any model looks into it. */
function missingMotion(recordings: string, person: string): Trouble | undefined {
  try {
    namesIn(recordings, person);
    return undefined;
  } catch (error) {
    return troubleOf(error);
  }
}

/** Aborts at the first SIGTERM or SIGINT. */
function signalled(): AbortSignal {
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end.abort());
  return end.signal;
}

interface Life {
  clients: Clients;
  name: string;
  channel: string;
  /** what lets it enrol, where there is something */
  voucher: () => string | undefined;
  pollSeconds: number;
  log: Log;
  end: AbortSignal;
}

/**
 * Looks for news every `--poll` seconds. A network that is not there yet only delays the enrolment: a mirror may be,
 * and reports wait.
 */
async function untilTheEnd(pod: Pod, life: Life): Promise<void> {
  const { pollSeconds, end } = life;
  let enrolment: Promise<boolean> | undefined;
  let at = 0;
  while (!end.aborted) {
    if (performance.now() - at > ENROLMENT_MS) enrolment = undefined;
    if (!enrolment) {
      at = performance.now();
      enrolment = enrolled(life);
    }
    if ((await Promise.race([enrolment, wait(ENROLMENT_SECONDS, end)])) === false) enrolment = undefined;
    await pod.turn();
    await wait(pollSeconds, end);
  }
}

async function enrolled({ clients, name, channel, voucher, log }: Life): Promise<boolean> {
  try {
    await enrol(clients, { name, channel }, voucher());
    return true;
  } catch (error) {
    log('enrolment waits', { why: reasonOf(error) });
    return false;
  }
}
