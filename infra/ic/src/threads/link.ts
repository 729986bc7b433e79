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
  const [entry, queryThread] = bundled('threads/front', 'threads/query-thread');
  const isPlain = (): boolean => faults.pending.length === 0;
  const data: FrontData = {
    port,
    queryThread: queryThread!,
    threads: Math.min(Math.max(availableParallelism(), FEWEST), MOST),
    plain: isPlain(),
    folder: host.folder,
    seed: host.keys.export(),
    limits: host.subnet.state.limits,
    clock: host.clock.setting,
  };
  const worker = new Worker(entry!, { workerData: data, execArgv: threadOptions() });
  const tell = (message: ToFront, transfer: ArrayBuffer[] = []): void => worker.postMessage(message, transfer);
  const publisher = new Publisher(host.subnet);
  let network: Certificate | undefined;
  const publish = (): void => {
    const now = host.now();
    const changes = publisher.changes(now, (canister) => host.certificateOf(canister));
    const renewed = network && network.time + FRESH > now ? undefined : host.networkCertificate();
    network = renewed ?? network;
    tell({
      kind: 'round',
      time: host.subnet.state.time,
      status: selfDescribed(encode(status(host))),
      network: renewed,
      ...changes,
    });
  };
  host.onRound = publish;
  host.beforeRound = () => {
    if (network!.time + OLD < host.now()) publish();
  }; // it may be a long one
  host.onCertificateShown = (canister) => publisher.wantCertificate(canister);
  host.clock.onChange = () => tell({ kind: 'clock', setting: host.clock.setting });
  faults.onChange = () => tell({ kind: 'plain', plain: isPlain() });
  publish();

  const taken = await new Promise<number>((resolve, reject) => {
    worker.once('error', reject);
    worker.on('message', (message: FromFront) => {
      switch (message.kind) {
        case 'listening':
          return resolve(message.port);
        case 'failed':
          return reject(new Error(message.message));
        case 'request':
          return answer(host, faults, message, tell);
        case 'counted':
          for (const { canister, stats } of message.counted) {
            const counted = host.subnet.canisters.get(canister);
            if (counted) addStats(counted, stats);
          }
          return undefined;
        case 'printed':
          return host.subnet.onLog(message.canister, message.line);
      }
    });
  }).catch(async (failure: unknown) => {
    await worker.terminate();
    throw failure;
  });
  worker.on('error', (failure) => host.fail(failure));
  return {
    port: taken,
    close: () => tell({ kind: 'close' }),
    end: async () => {
      await worker.terminate();
    },
  };
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
