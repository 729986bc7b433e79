/**
 * The clients of one measurement, in a process of their own: every envelope is signed and every HTTP request laid out
 * before the clock starts, and answers are judged after it has stopped, so that next to nothing of a client's work
 * falls into the host's figures.
 */
import { decode } from 'cborg';
import { connect, type Socket } from 'node:net';
import { verifyCertificate } from '@livepod/ic/certificates';
import { bodyOf, type Asked } from './envelopes.js';

export interface Load extends Asked {
  url: string;
  /** 133 bytes of DER in hexadecimal. */
  rootKey: string;
  clients: number;
  /** Requests, warm-up included. */
  requests: number;
  /** How many of them warm up. */
  warmUp: number;
}

export interface LoadResult {
  /** Without warm-up. */
  requests: number;
  seconds: number;
  /** Per request, in milliseconds. */
  latencies: number[];
  /** Answers that were not the outcome. */
  failed: string[];
  /** Certificates verified down to the root key. */
  verified: number;
}

const VERIFY_EVERY = 500;

interface Request {
  bytes: Buffer;
  id: Uint8Array;
}

function requests(load: Load): Request[] {
  const { url, canister, kind, requests: count } = load;
  const endpoint = kind === 'query' ? `v2/canister/${canister}/query` : `v3/canister/${canister}/call`;
  const head =
    `POST /api/${endpoint} HTTP/1.1\r\nhost: ${new URL(url).host}\r\ncontent-type: ` +
    'application/cbor\r\ncontent-length: ';
  return Array.from({ length: count }, () => {
    const { body, id } = bodyOf(load);
    return { bytes: Buffer.concat([Buffer.from(`${head}${body.length}\r\n\r\n`), body]), id };
  });
}

/** One kept-alive connection; asks and waits for the answer, again and again. */
class Client {
  readonly #socket: Socket;
  #parts: Buffer[] = [];
  #size = 0;
  /** Bytes of the answer under way, head and body, once its head is there. */
  #whole = Infinity;
  #bodyAt = 0;
  #told?: (answer: { status: string; body: Buffer }) => void;

  constructor(url: URL) {
    this.#socket = connect(Number(url.port), url.hostname);
    this.#socket.setNoDelay(true).on('data', (part) => this.#read(part));
    this.#socket.on('error', (error) => {
      this.#told?.({ status: String(error), body: Buffer.alloc(0) });
    });
  }

  ask(request: Buffer): Promise<{ status: string; body: Buffer }> {
    return new Promise((resolve) => {
      this.#told = resolve;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(part: Buffer): void {
    this.#parts.push(part);
    this.#size += part.length;
    if (this.#whole === Infinity) {
      const so = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
      const end = so.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#bodyAt = end + 4;
      this.#whole = this.#bodyAt + Number(/content-length: (\d+)/i.exec(so.toString('latin1', 0, end))?.[1] ?? 0);
    }
    if (this.#size < this.#whole) return;
    const all = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
    [this.#parts, this.#size, this.#whole] = [[], 0, Infinity];
    this.#told?.({ status: all.toString('latin1', 9, 12), body: all.subarray(this.#bodyAt) });
  }
}

async function run(load: Load): Promise<LoadResult> {
  const prepared = requests(load);
  const clients = Array.from({ length: load.clients }, () => new Client(new URL(load.url)));
  const answers: { status: string; body: Buffer }[] = [];
  const latencies: number[] = [];
  let next = 0;
  const drive = async (client: Client, until: number): Promise<void> => {
    while (next < until) {
      const mine = next++;
      const begun = performance.now();
      answers[mine] = await client.ask(prepared[mine]!.bytes);
      latencies[mine] = performance.now() - begun;
    }
  };
  await Promise.all(clients.map((client) => drive(client, load.warmUp)));
  const begun = performance.now();
  await Promise.all(clients.map((client) => drive(client, load.requests)));
  const seconds = (performance.now() - begun) / 1000;
  for (const client of clients) client.close();
  let verified = 0;
  const failed = answers.flatMap((answer, index) => {
    const why = judge(load, prepared[index]!, answer, index % VERIFY_EVERY === 0 && load.kind !== 'query');
    if (!why && index % VERIFY_EVERY === 0 && load.kind !== 'query') verified += 1;
    return why ?? [];
  });
  return {
    requests: load.requests - load.warmUp,
    seconds,
    latencies: latencies.slice(load.warmUp),
    failed: failed.slice(0, 10),
    verified,
  };
}

/** What is wrong with an answer. */
function judge(
  load: Load,
  request: Request,
  { status, body }: { status: string; body: Buffer },
  whole: boolean,
): string | undefined {
  if (status !== '200') return `HTTP ${status}: ${body.toString('utf8').slice(0, 200)}`;
  const answer = decode(body.subarray(3), { allowBigInt: true }) as {
    status: string;
    certificate?: Uint8Array;
    reject_message?: string;
  };
  if (answer.status !== 'replied') return `${answer.status}: ${answer.reject_message ?? ''}`;
  if (!whole) return undefined;
  const found = verifyCertificate(answer.certificate!, Buffer.from(load.rootKey, 'hex')).tree.lookup([
    'request_status',
    request.id,
    'status',
  ]);
  return typeof found !== 'string' && Buffer.from(found).toString() === 'replied'
    ? undefined
    : 'the certificate does not show the outcome';
}

process.on('message', (load: Load) => {
  run(load).then(
    (result) => process.send!(result),
    (error: unknown) =>
      process.send!({
        requests: 0,
        seconds: 0,
        latencies: [],
        failed: [String((error as Error).stack)],
        verified: 0,
      } satisfies LoadResult),
  );
});
process.once('disconnect', () => process.exit(0));
