import { type Network } from '@livepod/client';
import { holdFolder, updateNetwork } from '@livepod/client/node';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codecServer } from './codecServer.js';
import { StackError } from './errors.js';
import { icServer } from './icServer.js';
import { defaultState } from './paths.js';
import { bornAt, isAlive, signalGroup, sleep, type Pid } from './pids.js';
import { Ports } from './ports.js';
import { prepareBucket, s3Server, type S3Credentials } from './s3Server.js';
import { AttachedProcess } from './attached.js';
import { endLeftover, Supervised, type ProcessHandle, type ProcessSpec, type Running } from './supervised.js';
import { prepareTemporal, searchAttributes, temporalServer, type SearchAttributes } from './temporalServer.js';

/** What is known once Temporal, S3 and the IC are up. */
export interface Base {
  /** The folder of all state, absolute. */
  state: string;
  /** `<state>/network.json`: the addresses, and no secret. */
  networkFile: string;
  readonly network: Network;
  s3Credentials: S3Credentials;
  ports: Ports;
}

export interface Stack extends Base {
  /** False when another `npm start` runs it: then it is looked at, and neither stopped nor added to. */
  owned: boolean;
  readonly processes: ProcessHandle[];
  /** @throws StackError `notReady` when nothing of that name runs */
  process(name: string): ProcessHandle;
  /** Starts one more process that is kept running and stopped with the rest; resolves when it is ready. */
  startProcess(spec: ProcessSpec): Promise<ProcessHandle>;
  /** Ends one process for good. */
  stopProcess(name: string): Promise<void>;
  /** Stops every process, the last started first, and keeps all state. Nothing happens to a stack that is not ours. */
  stop(): Promise<void>;
}

export interface BringUpOptions {
  /** Default: `.state` in the clone. */
  state?: string;
  /** Deletes all state first. */
  fresh?: boolean;
  /** Registered in the namespace `livepod`; default: those the workflows use. */
  searchAttributes?: SearchAttributes;
  /** Installs the canisters, and writes their ids to `base.networkFile` (`installAll` does); it runs at every start. */
  afterIc?: (base: Base) => Promise<void>;
  /** The workers, started together when `afterIc` is done. */
  workers?: (base: Base) => ProcessSpec[] | Promise<ProcessSpec[]>;
  /** Told what happens, one line each; default: standard error. */
  tell?: (line: string) => void;
  /**
   * Whether Ctrl-C and SIGTERM stop the stack and end this process (status 128 + signal, unless `process.exitCode` is
   * set). Default true.
   */
  signals?: boolean;
}

/** What `<state>/run/stack.json` says of the process that runs the stack. */
interface Owner extends Pid {
  ready: boolean;
}

/**
 * Starts what is not running: Temporal, S3 and the IC together, then the canisters, then the workers. A stack that
 * another process runs is attached to; processes that a killed one left behind are ended first.
 *
 * @throws StackError `notReady` (the log's end is in the message) · `alreadyStarting` · `badOption`
 */
export async function bringUp(options: BringUpOptions = {}): Promise<Stack> {
  const state = resolve(options.state ?? defaultState);
  const ownerFile = join(state, 'run', 'stack.json');
  const tell = options.tell ?? ((line: string) => console.error(line));

  const owner = readOwner(ownerFile);
  if (owner && isAlive(owner) && owner.pid !== process.pid) {
    if (options.fresh)
      throw new StackError(
        'alreadyStarting',
        { pid: owner.pid },
        `The stack in ${state} is running as process ${owner.pid}; stop it (Ctrl-C there) before a fresh start.`,
      );
    return attach(state, ownerFile, owner);
  }
  const me: Owner = { pid: process.pid, born: bornAt(process.pid) ?? '', ready: false };
  mkdirSync(join(state, 'run'), { recursive: true, mode: 0o700 });
  const letGo = holdFolder(join(state, 'run'), (pid) => {
    return new StackError(
      'alreadyStarting',
      { state, pid },
      `Process ${pid} has begun to start the stack in ${state} at this moment; try again.`,
    );
  });
  try {
    await Promise.all(leftovers(state).map(endLeftover));
    if (options.fresh) empty(state);
    writeFileSync(ownerFile, JSON.stringify(me));
  } catch (error) {
    letGo();
    throw error;
  }

  const stack = new OwnedStack(state, ownerFile, tell);
  const forget = options.signals === false ? (): void => {} : stopOnSignals(stack, tell);
  stack.onStopped = () => {
    forget();
    letGo();
  };
  try {
    await stack.begin(options);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  writeFileSync(ownerFile, JSON.stringify({ ...me, ready: true }));
  return stack;
}

/** Removes all that a state's folder holds, but for the lock that this process has on it. */
function empty(state: string): void {
  const all = (folder: string, but: string): void => {
    for (const name of readdirSync(folder))
      if (name !== but) rmSync(join(folder, name), { recursive: true, force: true });
  };
  all(state, 'run');
  all(join(state, 'run'), 'lock');
}

class OwnedStack implements Stack {
  readonly owned = true;
  readonly networkFile: string;
  readonly ports: Ports;
  s3Credentials: S3Credentials = { accessKeyId: '', secretAccessKey: '' };
  onStopped = (): void => {};
  private readonly running: Supervised[] = [];
  private stopped: Promise<void> | null = null;
  private readonly atExit = (): void => this.running.forEach(({ pid }) => pid && signalGroup(pid, 'SIGTERM'));

  constructor(
    readonly state: string,
    private readonly ownerFile: string,
    private readonly tell: (line: string) => void,
  ) {
    this.networkFile = join(state, 'network.json');
    this.ports = new Ports(join(state, 'ports.json'));
    process.once('exit', this.atExit);
  }

  get network(): Network {
    return readNetworkFile(this.networkFile);
  }
  get processes(): ProcessHandle[] {
    return [...this.running];
  }

  async begin(options: BringUpOptions): Promise<void> {
    const temporal = await temporalServer(this.state, this.ports);
    const codec = await codecServer(this.state, this.ports, temporal.addresses);
    temporal.spec?.args.push('--ui-codec-endpoint', codec.codecUrl);
    const s3 = await s3Server(this.state, this.ports);
    const ic = await icServer(this.state, this.ports);
    this.s3Credentials = s3.credentials;
    mkdirSync(join(this.state, 'temporal'), { recursive: true });
    const icProcess = ic.spec && this.startProcess(ic.spec);
    await allDone([
      (async () => {
        if (temporal.spec) await this.startProcess(temporal.spec);
        await prepareTemporal(temporal.addresses, options.searchAttributes ?? searchAttributes);
        this.tell(`Temporal: ${temporal.addresses.uiUrl}`);
      })(),
      (async () => {
        if (s3.spec) await this.startProcess(s3.spec);
        await prepareBucket(s3.addresses, s3.credentials);
        this.tell(`S3: ${s3.addresses.endpoint}`);
      })(),
      this.startProcess(codec.spec).then(() => this.tell(`Codec server: ${codec.codecUrl}`)),
      ...(icProcess ? [icProcess.then(() => this.tell(`Internet Computer: ${ic.icHost}`))] : []),
    ]);
    const said = icProcess
      ? ((await icProcess).said as { url?: string; rootKey: string })
      : { url: ic.icHost, rootKey: ic.rootKey! };
    updateNetwork(this.networkFile, {
      icHost: said.url ?? ic.icHost,
      rootKey: said.rootKey,
      temporal: { ...temporal.addresses, codecUrl: codec.codecUrl },
      s3: s3.addresses,
    });
    await options.afterIc?.(this);
    const workers = (await options.workers?.(this)) ?? [];
    const started = await allDone(workers.map((spec) => this.startProcess(spec)));
    updateNetwork(this.networkFile, { metrics: metricsOf([this.process('codec'), ...started]) });
  }

  process(name: string): ProcessHandle {
    return named(this.processes, name);
  }

  async startProcess(spec: ProcessSpec): Promise<ProcessHandle> {
    if (this.stopped)
      throw new StackError(
        'notReady',
        { process: spec.name },
        `${spec.name} is not started, because the stack is being stopped.`,
      );
    if (this.running.some(({ name }) => name === spec.name)) {
      throw new StackError(
        'badOption',
        { process: spec.name },
        `A process named ${spec.name} is running already; stop it first, or take another name.`,
      );
    }
    const supervised = new Supervised(spec, this.state, this.tell);
    this.running.push(supervised);
    try {
      await supervised.start();
    } catch (error) {
      this.running.splice(this.running.indexOf(supervised), 1);
      throw error;
    }
    return supervised;
  }

  async stopProcess(name: string): Promise<void> {
    const at = this.running.findIndex((process) => process.name === name);
    if (at >= 0) await this.running.splice(at, 1)[0]!.stop();
  }

  stop(): Promise<void> {
    this.stopped ??= (async () => {
      for (const process of [...this.running].reverse()) await process.stop();
      this.running.length = 0;
      rmSync(this.ownerFile, { force: true });
      process.removeListener('exit', this.atExit);
      this.onStopped();
    })();
    return this.stopped;
  }

  /** For a second Ctrl-C. */
  killAll(): void {
    for (const { pid } of this.running) if (pid) signalGroup(pid, 'SIGKILL');
  }
}

/** Waits for all, so that nothing is still being started when the first failure is reported. */
async function allDone<T>(work: Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}

function stopOnSignals(stack: OwnedStack, tell: (line: string) => void): () => void {
  let asked = false;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    const status = signal === 'SIGINT' ? 130 : 143;
    if (asked) {
      stack.killAll();
      process.exit(status);
    }
    asked = true;
    tell('Stopping; all state is kept for the next start.');
    void stack.stop().finally(() => process.exit(process.exitCode ?? status));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return () => {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
  };
}

/** Waits for a stack that is being started by another process, and looks at it. */
async function attach(state: string, ownerFile: string, owner: Owner): Promise<Stack> {
  let now: Owner | null = owner;
  for (const until = Date.now() + 10 * 60_000; now && !now.ready && isAlive(now); now = readOwner(ownerFile)) {
    if (Date.now() > until) break;
    await sleep(250);
  }
  if (!now?.ready || !isAlive(now)) {
    throw new StackError(
      'alreadyStarting',
      { pid: owner.pid },
      `Process ${owner.pid}, which was starting the stack in ${state}, did not get it ready; see its output, ` +
        'then start again.',
    );
  }
  const networkFile = join(state, 'network.json');
  const notOurs = (what: string): StackError =>
    new StackError(
      'badOption',
      { owner: owner.pid },
      `${what} has to be done where the stack runs, by process ${owner.pid}; this one has only attached to it.`,
    );
  const secrets = join(state, 'secrets', 's3.json');
  const processes = (): ProcessHandle[] => pidFiles(state).map(({ name }) => new AttachedProcess(state, name));
  return {
    owned: false,
    state,
    networkFile,
    ports: new Ports(join(state, 'ports.json')),
    s3Credentials: existsSync(secrets)
      ? (JSON.parse(readFileSync(secrets, 'utf8')) as S3Credentials)
      : {
          accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? '',
          secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? '',
        },
    get network() {
      return readNetworkFile(networkFile);
    },
    get processes() {
      return processes();
    },
    process: (name) => named(processes(), name),
    startProcess: (spec) => Promise.reject(notOurs(`Starting ${spec.name}`)),
    stopProcess: (name) => Promise.reject(notOurs(`Stopping ${name}`)),
    stop: () => Promise.resolve(),
  };
}

function named(processes: ProcessHandle[], name: string): ProcessHandle {
  const found = processes.find((process) => process.name === name);
  if (!found)
    throw new StackError(
      'notReady',
      { process: name },
      `No process ${name} belongs to the stack; there are ${processes.map((process) => process.name).join(', ')}.`,
    );
  return found;
}

function metricsOf(processes: ProcessHandle[]): Record<string, string> {
  return Object.fromEntries(
    processes.flatMap(({ name, said }) => (typeof said['metrics'] === 'string' ? [[name, said['metrics']]] : [])),
  );
}

const readNetworkFile = (path: string): Network => JSON.parse(readFileSync(path, 'utf8')) as Network;

function readOwner(file: string): Owner | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return null;
  }
}

function pidFiles(state: string): Running[] {
  const folder = join(state, 'run');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json') && file !== 'stack.json')
    .map((file) => {
      try {
        return JSON.parse(readFileSync(join(folder, file), 'utf8')) as Running;
      } catch {
        return null;
      }
    })
    .filter((running) => running !== null);
}

const leftovers = (state: string): Running[] => pidFiles(state).filter(isAlive);
