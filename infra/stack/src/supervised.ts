import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StackError } from './errors.js';
import { bornAt, end, signalGroup, sleep, type Pid } from './pids.js';

/** A long-lived process, as the supervisor starts it. */
export interface ProcessSpec {
  /** Names its log and pid file; one process of a name at a time. */
  name: string;
  command: string;
  args: string[];
  /** Added to the supervisor's environment; `undefined` takes a variable out. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /**
   * How to know that it does its work: it prints a line that is a JSON object with this key, or the probe stops
   * throwing.
   */
  ready: { line: string } | { probe: () => Promise<unknown> };
  /** Asked every 15 s once it is ready; a process that fails four times in a row hangs, and is started again. */
  health?: () => Promise<unknown>;
  /** Milliseconds from start to ready; default 90,000. */
  readyWithin?: number;
  /** Milliseconds between SIGTERM and SIGKILL; default 15,000. */
  stopWithin?: number;
}

/** A process that is kept running. */
export interface ProcessHandle {
  readonly name: string;
  /** Of the present process; another one after each restart. 0 while it is down. */
  readonly pid: number;
  /** How often it has been started again. */
  readonly restarts: number;
  /** Where both its outputs go. */
  readonly log: string;
  /** The JSON line by which it said that it was ready; {} for a process that is probed. */
  readonly said: Record<string, unknown>;
  /** Sends a signal; a process that ends by it is started again. */
  kill(signal: NodeJS.Signals): void;
  /** Ends it and waits until its successor is ready. */
  restart(): Promise<void>;
  /** Resolves when it is ready, at once if it is; fails when it is stopped. */
  ready(): Promise<void>;
}

/** What a pid file says: enough for another `npm start` to find the process. */
export interface Running extends Pid {
  name: string;
  log: string;
  said: Record<string, unknown>;
}

const BACK_OFF = { first: 250, most: 10_000, forgottenAfter: 10_000 };

const HEALTH_EVERY = 15_000;
const HANGS_AFTER = 4;

/** A wait that keeps no process alive. */
const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

/** Starts one process, starts it again whenever it ends, ever later while it keeps failing, until it is stopped. */
export class Supervised implements ProcessHandle {
  said: Record<string, unknown> = {};
  restarts = 0;
  readonly log: string;
  private readonly pidFile: string;
  private child: ChildProcess | null = null;
  private stopping = false;
  private wait = BACK_OFF.first;
  private becameReady: Promise<void> = Promise.resolve();

  constructor(
    readonly spec: ProcessSpec,
    state: string,
    private readonly tell: (line: string) => void,
  ) {
    this.log = join(state, 'logs', `${spec.name}.log`);
    this.pidFile = pidFile(state, spec.name);
  }

  get name(): string {
    return this.spec.name;
  }
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** @throws StackError `notReady` with the end of its log; it is not tried again then */
  async start(): Promise<void> {
    this.becameReady = this.launch();
    this.becameReady.catch(() => {});
    try {
      await this.becameReady;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async ready(): Promise<void> {
    while (!this.stopping) {
      const now = this.becameReady;
      await now.catch(() => {});
      if (now === this.becameReady && this.child !== null) return;
      await sleep(50);
    }
    throw new StackError(
      'notReady',
      { process: this.name },
      `${this.name} was stopped; start it again with the stack.`,
    );
  }

  kill(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  async restart(): Promise<void> {
    const before = this.child;
    this.wait = BACK_OFF.first;
    this.kill('SIGTERM');
    const deadline = Date.now() + (this.spec.stopWithin ?? 15_000);
    while (this.child === before && before !== null) {
      if (Date.now() > deadline) this.kill('SIGKILL');
      await sleep(50);
    }
    await this.ready();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const child = this.child;
    if (child?.pid && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => {
        child.once('exit', resolve);
      });
      child.kill('SIGTERM');
      const killer = setTimeout(() => signalGroup(child.pid!, 'SIGKILL'), this.spec.stopWithin ?? 15_000);
      await gone;
      clearTimeout(killer);
    }
    if (child?.pid) signalGroup(child.pid, 'SIGKILL'); // what it left behind in its group
    rmSync(this.pidFile, { force: true });
  }

  private async launch(): Promise<void> {
    mkdirSync(dirname(this.log), { recursive: true });
    mkdirSync(dirname(this.pidFile), { recursive: true });
    const from = existsSync(this.log) ? statSync(this.log).size : 0;
    const output = openSync(this.log, 'a', 0o600);
    // A group of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops all in order. Straight to
    // the file: no pipe that could break.
    const child = spawn(this.spec.command, this.spec.args, {
      cwd: this.spec.cwd,
      env: { ...process.env, ...this.spec.env },
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    this.child = child;
    let ended: string | null = null;
    child.once('error', (error) => {
      ended = error.message;
      this.again(child, Date.now());
    });
    const born = Date.now();
    child.once('exit', (code, signal) => {
      ended = signal ?? `status ${code}`;
      this.again(child, born);
    });
    if (child.pid) this.note(child.pid);

    const deadline = Date.now() + (this.spec.readyWithin ?? 90_000);
    let last: Error | null = null;
    for (;;) {
      if (ended !== null) throw this.notReady(`ended with ${ended}`, from);
      try {
        const said =
          'line' in this.spec.ready
            ? await saidReady(this.log, from, this.spec.ready.line)
            : (await this.spec.ready.probe(), {});
        if (said !== null && ended === null) {
          this.said = said;
          break;
        }
      } catch (error) {
        last = error as Error;
      }
      if (Date.now() > deadline) {
        child.kill('SIGKILL');
        throw this.notReady(`was not ready in time${last ? ` (${last.message})` : ''}`, from);
      }
      await sleep(50);
    }
    this.note(child.pid!);
    void this.watch(child);
  }

  private async watch(child: ChildProcess): Promise<void> {
    let failures = 0;
    while (this.spec.health && this.child === child && !this.stopping) {
      failures = await this.spec.health().then(
        () => 0,
        () => failures + 1,
      );
      if (failures === HANGS_AFTER && this.child === child && !this.stopping) {
        this.tell(`${this.name} does not answer; ending it`);
        child.kill('SIGKILL');
        return;
      }
      await pause(HEALTH_EVERY);
    }
  }

  private again(child: ChildProcess, born: number): void {
    if (this.child !== child) return;
    this.child = null;
    if (child.pid) signalGroup(child.pid, 'SIGKILL');
    if (this.stopping) return;
    if (Date.now() - born > BACK_OFF.forgottenAfter) this.wait = BACK_OFF.first;
    const wait = this.wait;
    this.wait = Math.min(wait * 2, BACK_OFF.most);
    this.tell(
      `${this.name} ended (${child.signalCode ?? `status ${child.exitCode}`}); starting it again in ${wait} ms`,
    );
    this.becameReady = sleep(wait).then(async () => {
      if (this.stopping) return;
      this.restarts++;
      await this.launch();
      this.tell(`${this.name} is back (process ${this.pid})`);
    });
    this.becameReady.catch((error: Error) => {
      if (!this.stopping) this.tell(error.message);
    });
  }

  private note(pid: number): void {
    const running: Running = { name: this.name, pid, born: bornAt(pid) ?? '', log: this.log, said: this.said };
    writeFileSync(this.pidFile, `${JSON.stringify(running)}\n`, { mode: 0o600 });
  }

  private notReady(why: string, from: number): StackError {
    const lines = readFileSync(this.log).subarray(from).toString('utf8').trim().split('\n').slice(-12);
    return new StackError(
      'notReady',
      { process: this.name, log: this.log },
      `${this.name} ${why}; its log ${this.log} ends:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    );
  }
}

export const pidFile = (state: string, name: string): string => join(state, 'run', `${name}.json`);

/** The first line after an offset of a log that is a JSON object with this key. */
async function saidReady(log: string, from: number, key: string): Promise<Record<string, unknown> | null> {
  const file = await open(log);
  try {
    const { size } = await file.stat();
    const text = Buffer.alloc(size - from);
    await file.read(text, 0, text.length, from);
    for (const line of text.toString('utf8').split('\n').slice(0, -1)) {
      if (!line.startsWith('{')) continue;
      try {
        const said = JSON.parse(line) as Record<string, unknown>;
        if (key in said) return said;
      } catch {
        /* a log line */
      }
    }
    return null;
  } finally {
    await file.close();
  }
}

/** Ends a process that an earlier supervisor left behind. */
export const endLeftover = (running: Running): Promise<void> => end(running, 10_000);
