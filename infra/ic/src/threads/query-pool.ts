import { Worker } from 'node:worker_threads';
import type {
  AskedQuery,
  ClockUpdate,
  Counted,
  FromQueryThread,
  RoundUpdate,
  ThreadData,
  ToQueryThread,
} from './messages.js';
import { threadOptions } from './options.js';
import { Store } from './store.js';

/** The reply's body, a refusal, or that only the executing thread can answer; and what to answer when that is busy. */
export type QueryAnswer = Uint8Array | { status: number; text: string } | { elsewhere: true; meanwhile?: Uint8Array };

interface Waiting extends Omit<AskedQuery, 'id'> {
  answer(answer: QueryAnswer): void;
}
interface Asked {
  answer: Waiting['answer'];
  since: number;
}
interface Thread {
  worker: Worker;
  ready: boolean;
  asked: Map<number, Asked>;
}

/**
 * Queries that a thread is given ahead: enough that it need not wait for the next, and few that may come to wait behind
 * a long one.
 */
const AHEAD = 8;
/** Milliseconds after which a thread counts as hung: no instruction limit lets a query run that long. */
const PATIENCE = 120_000;

/** Threads that answer queries. One that dies or hangs is replaced; the queries it was given fail. */
export class QueryPool {
  readonly #entry: string;
  readonly #data: ThreadData;
  readonly #threads: Thread[] = [];
  /** Those that no thread has been given yet, oldest first. */
  #waiting: Waiting[] = [];
  #handing?: NodeJS.Immediate;
  readonly #store = new Store();
  readonly #patience: number;
  readonly #watch: NodeJS.Timeout;
  #next = 0;
  #closed = false;
  onCounted: (counted: Counted[]) => void = () => {};
  onPrinted: (canister: string, line: string) => void = () => {};

  constructor(entry: string, data: ThreadData, threads: number, patience = PATIENCE) {
    this.#entry = entry;
    this.#data = data;
    this.#patience = patience;
    this.#watch = setInterval(() => this.#replaceHung(), patience / 20).unref();
    for (let count = 0; count < threads; count += 1) this.#start();
  }

  apply(update: RoundUpdate | ClockUpdate): void {
    this.#store.apply(update);
    for (const { worker } of this.#threads) worker.postMessage(update satisfies ToQueryThread);
  }

  ask(what: AskedQuery['what'], effective: string, body: Uint8Array): Promise<QueryAnswer> {
    return new Promise((resolve) => {
      this.#waiting.push({ what, effective, body, answer: resolve });
      this.#handOutSoon();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    clearImmediate(this.#handing);
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  /** What comes in within one turn of the event loop is handed out together. */
  #handOutSoon(): void {
    this.#handing ??= setImmediate(() => {
      this.#handing = undefined;
      this.#handOut();
    });
  }

  #handOut(): void {
    const ready = this.#threads.filter((thread) => thread.ready);
    if (ready.length === 0) for (const { answer } of this.#waiting.splice(0)) answer({ elsewhere: true });
    const shares = new Map<Thread, AskedQuery[]>(ready.map((thread) => [thread, []]));
    while (this.#waiting.length > 0) {
      const [thread] = ready.filter(({ asked }) => asked.size < AHEAD).sort((a, b) => a.asked.size - b.asked.size);
      if (!thread) break;
      const { answer, ...query } = this.#waiting.shift()!;
      const id = this.#next++;
      thread.asked.set(id, { answer, since: Date.now() });
      shares.get(thread)!.push({ id, ...query });
    }
    for (const [{ worker }, queries] of shares)
      if (queries.length > 0) worker.postMessage({ kind: 'asked', queries } satisfies ToQueryThread);
  }

  #start(): void {
    const worker = new Worker(this.#entry, { workerData: this.#data, execArgv: threadOptions() });
    const thread: Thread = { worker, ready: false, asked: new Map() };
    this.#threads.push(thread);
    worker.on('message', (message: FromQueryThread) => this.#hear(thread, message));
    worker.on('error', () => {}); // 'exit' follows
    worker.on('exit', () => this.#replace(thread));
    for (const update of this.#store.everything()) worker.postMessage(update satisfies ToQueryThread);
  }

  #hear(thread: Thread, message: FromQueryThread): void {
    if (message.kind === 'ready') thread.ready = true;
    else if (message.kind === 'printed') this.onPrinted(message.canister, message.line);
    else {
      for (const { id, answer, meanwhile, counted } of message.answers) {
        if (counted.length > 0) this.onCounted(counted);
        thread.asked.get(id)?.answer(answer === 'elsewhere' ? { elsewhere: true, meanwhile } : answer);
        thread.asked.delete(id);
      }
      if (this.#waiting.length > 0) this.#handOutSoon();
    }
  }

  #replace(thread: Thread): void {
    this.#threads.splice(this.#threads.indexOf(thread), 1);
    for (const { answer } of thread.asked.values())
      answer({ status: 500, text: 'The thread that answered this query ended; ask again.' });
    if (this.#closed) return;
    this.#handOutSoon();
    if (thread.ready) this.#start();
    else
      setTimeout(() => {
        if (!this.#closed) this.#start();
      }, 1000).unref(); // one that cannot even start is not tried again at once
  }

  #replaceHung(): void {
    for (const { worker, asked } of this.#threads) {
      const [oldest] = asked.values();
      if (oldest && Date.now() - oldest.since > this.#patience) void worker.terminate();
    }
  }
}
