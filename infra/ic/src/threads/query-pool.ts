import { Worker } from 'node:worker_threads';
import type { ClockUpdate, Counted, FromQueryThread, RoundUpdate, ThreadData, ToQueryThread } from './messages.js';
import { threadOptions } from './options.js';
import { Store } from './store.js';

/** The reply's body, a refusal, or that only the executing thread can answer; and what to answer when that is busy. */
export type QueryAnswer = Uint8Array | { status: number; text: string } | { elsewhere: true; meanwhile?: Uint8Array };

interface Asked { answer(answer: QueryAnswer): void; since: number }
interface Thread { worker: Worker; ready: boolean; asked: Map<number, Asked> }

/** Milliseconds after which a thread counts as hung: no instruction limit lets a query run that long. */
const PATIENCE = 120_000;

/** Threads that answer queries. One that dies or hangs is replaced; the queries it was at fail. */
export class QueryPool {
  readonly #entry: string;
  readonly #data: ThreadData;
  readonly #threads: Thread[] = [];
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

  /** Asks the thread that has least to do. */
  ask(kind: 'query' | 'read_state', effective: string, body: Uint8Array): Promise<QueryAnswer> {
    const [thread] = this.#threads.filter(({ ready }) => ready).sort((a, b) => a.asked.size - b.asked.size);
    if (!thread) return Promise.resolve({ elsewhere: true });
    const id = this.#next++;
    return new Promise((resolve) => {
      thread.asked.set(id, { answer: resolve, since: Date.now() });
      thread.worker.postMessage({ kind, id, effective, body } satisfies ToQueryThread, [body.buffer as ArrayBuffer]);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
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
      if (message.counted.length > 0) this.onCounted(message.counted);
      thread.asked.get(message.id)?.answer(message.answer === 'elsewhere' ? { elsewhere: true, meanwhile: message.meanwhile } : message.answer);
      thread.asked.delete(message.id);
    }
  }

  #replace(thread: Thread): void {
    this.#threads.splice(this.#threads.indexOf(thread), 1);
    for (const { answer } of thread.asked.values()) answer({ status: 500, text: 'The thread that answered this query ended; ask again.' });
    if (this.#closed) return;
    if (thread.ready) this.#start();
    else setTimeout(() => { if (!this.#closed) this.#start(); }, 1000).unref(); // one that cannot even start is not tried again at once
  }

  #replaceHung(): void {
    for (const { worker, asked } of this.#threads) {
      const [oldest] = asked.values();
      if (oldest && Date.now() - oldest.since > this.#patience) void worker.terminate();
    }
  }
}
