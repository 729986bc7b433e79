import { encode } from 'cborg';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { FRESH } from '../certificates/index.js';
import type { HttpFaults } from '../control/faults.js';
import { selfDescribed } from '../envelopes/index.js';
import type { Host } from '../host.js';
import type { Outgoing } from '../http/replies.js';
import { serve, status } from '../http/server.js';
import { addStats } from '../subnet/queries.js';
import { bundled } from '../bundle.mjs';
import { threadOptions } from './options.js';
import type { Certificate, ForwardedRequest, FromFront, FrontData, ToFront } from './messages.js';
import { Publisher } from './publisher.js';

export interface Front {
  port: number;
  /** Takes no more connections. */
  close(): void;
  /** Ends all threads. */
  end(): Promise<void>;
}

const FEWEST = 2;
const MOST = 8;
/** Nanoseconds after which certificates are renewed even before a round. */
const OLD = 30_000_000_000n;

/**
 * Opens the HTTP interface of a host in threads of its own: what a round did is shown to the threads that answer
 * queries before its outcomes are told.
 *
 * @throws Error when the port cannot be listened on
 */
export async function openFront(host: Host, faults: HttpFaults, port: number): Promise<Front> {
  const link = new FrontLink(host, faults, port);
  link.publish();
  const taken = await link.listening();
  return { port: taken, close: () => link.close(), end: () => link.end() };
}

/** The front thread, as the thread of rounds sees it. */
class FrontLink {
  private readonly worker: Worker;
  private readonly publisher: Publisher;
  private network: Certificate | undefined;

  constructor(
    private readonly host: Host,
    private readonly faults: HttpFaults,
    port: number,
  ) {
    const [entry, queryThread] = bundled('threads/front', 'threads/query-thread');
    const data: FrontData = {
      port,
      queryThread: queryThread!,
      threads: Math.min(Math.max(availableParallelism(), FEWEST), MOST),
      plain: this.isPlain(),
      folder: host.folder,
      seed: host.keys.export(),
      limits: host.subnet.state.limits,
      clock: host.clock.setting,
    };
    this.worker = new Worker(entry!, { workerData: data, execArgv: threadOptions() });
    this.publisher = new Publisher(host.subnet);
    host.onRound = () => this.publish();
    host.beforeRound = () => this.renewOld();
    host.onCertificateShown = (canister) => this.publisher.wantCertificate(canister);
    host.clock.onChange = () => this.tell({ kind: 'clock', setting: host.clock.setting });
    faults.onChange = () => this.tell({ kind: 'plain', plain: this.isPlain() });
  }

  /** Shows the threads what the last round changed. */
  publish(): void {
    const { host } = this;
    const now = host.now();
    const changes = this.publisher.changes(now, (canister) => host.certificateOf(canister));
    const renewed = this.network && this.network.time + FRESH > now ? undefined : host.networkCertificate();
    this.network = renewed ?? this.network;
    this.tell({
      kind: 'round',
      time: host.subnet.state.time,
      status: selfDescribed(encode(status(host))),
      network: renewed,
      ...changes,
    });
  }

  /** The port that the front thread listens on. */
  async listening(): Promise<number> {
    const port = new Promise<number>((resolve, reject) => {
      this.worker.once('error', reject);
      this.worker.on('message', (message: FromFront) => {
        if (message.kind === 'listening') resolve(message.port);
        else if (message.kind === 'failed') reject(new Error(message.message));
        else this.hear(message);
      });
    });
    try {
      const taken = await port;
      this.worker.on('error', (failure) => this.host.fail(failure));
      return taken;
    } catch (failure) {
      await this.worker.terminate();
      throw failure;
    }
  }

  close(): void {
    this.tell({ kind: 'close' });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private hear(message: Exclude<FromFront, { kind: 'listening' | 'failed' }>): void {
    const { host } = this;
    switch (message.kind) {
      case 'request':
        return answer(host, this.faults, message, (part) => this.tell(part));
      case 'counted':
        for (const { canister, stats } of message.counted) {
          const counted = host.subnet.canisters.get(canister);
          if (counted) addStats(counted, stats);
        }
        return undefined;
      case 'printed':
        return host.subnet.onLog(message.canister, message.line);
    }
  }

  private tell(message: ToFront): void {
    this.worker.postMessage(message);
  }

  private isPlain(): boolean {
    return this.faults.pending.length === 0;
  }

  /** Before a round, which may be a long one. */
  private renewOld(): void {
    if (this.network!.time + OLD < this.host.now()) this.publish();
  }
}

function answer(
  host: Host,
  faults: HttpFaults,
  { id, method, url, headers, body }: ForwardedRequest,
  tell: (message: ToFront) => void,
): void {
  const response: Outgoing = {
    headersSent: false,
    writeHead: (code, fields) => {
      response.headersSent = true;
      tell({ kind: 'head', id, status: code, headers: fields });
      return response;
    },
    write: (part) => tell({ kind: 'data', id, part }),
    end: (part) => tell({ kind: 'end', id, part: typeof part === 'string' ? Buffer.from(part) : part }),
    destroy: () => tell({ kind: 'cut', id }),
  };
  serve(host, faults, { method, url, headers, body: async () => body }, response);
}
