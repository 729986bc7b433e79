import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NativeConnection, Worker } from '@temporalio/worker';

/** How often the Temporal server is asked whether it is there, and how long it may take, milliseconds. */
const ASKED_EVERY = 5_000;
const ANSWER_WITHIN = 3_000;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR2'] as const;

/**
 * How a process is, for a supervisor or a cluster: `GET /healthz` (200 while it lives; 503 when a worker of it failed)
 * and `GET /readyz` (200 while it takes work, else 503 with the reasons, one sentence each). It is ready from its first
 * poll until it is asked to stop, and not while the Temporal server is away.
 */
export class Health {
  private workers: { queue: string; worker: Worker }[] = [];
  private preparing = true;
  private connection: NativeConnection | undefined;
  private away: string | undefined;
  private stopping: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly onSignal = (signal: string): void =>
    void (this.stopping ??= `It was asked to stop (${signal}): running steps end, new ones go elsewhere.`);

  private constructor(
    private readonly role: string,
    private readonly server: Server,
  ) {
    // Once: a second signal ends a process that is stuck.
    for (const signal of SIGNALS) process.once(signal, this.onSignal);
  }

  /** @param bind  the address to listen on; loopback unless a cluster's probes have to reach it */
  static async serve(role: string, bind: string, port: number): Promise<Health> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, bind, resolve));
    const health = new Health(role, server);
    server.on('request', (request, response) => {
      const answer =
        request.method !== 'GET'
          ? undefined
          : request.url === '/healthz'
            ? health.alive()
            : request.url === '/readyz'
              ? health.ready()
              : undefined;
      response.writeHead(answer === undefined ? 404 : answer.ok ? 200 : 503, {
        'content-type': 'application/json',
        'cache-control': 'no-store',
      });
      response.end(`${JSON.stringify(answer ?? { message: 'This process answers GET /healthz and GET /readyz.' })}\n`);
    });
    return health;
  }

  get url(): string {
    const { address, port, family } = this.server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** From here on the server is asked whether it is there. */
  connected(connection: NativeConnection): void {
    this.connection = connection;
    const ask = (): void =>
      void this.ask().finally(() => {
        this.timer = setTimeout(ask, ASKED_EVERY).unref();
      });
    ask();
  }

  /** The workers that make the process what it is. */
  watch(workers: readonly Worker[]): void {
    this.workers = workers.map((worker) => ({ queue: worker.options.taskQueue, worker }));
  }

  /** Nothing is left to be done before it takes work. */
  begun(): void {
    this.preparing = false;
  }

  close(): void {
    clearTimeout(this.timer);
    for (const signal of SIGNALS) process.removeListener(signal, this.onSignal);
    this.server.close();
    this.server.closeAllConnections();
  }

  private alive() {
    const failed = this.workers
      .filter(({ worker }) => worker.getState() === 'FAILED')
      .map(({ queue }) => `The worker of queue ${queue} failed.`);
    return { ok: failed.length === 0, role: this.role, reasons: failed };
  }

  private ready() {
    const states = this.workers.map(({ queue, worker }) => ({ queue, state: worker.getState() }));
    const reasons = [
      ...(this.stopping ? [this.stopping] : []),
      ...(this.connection === undefined
        ? ['It has no connection to the Temporal server yet.']
        : this.away
          ? [this.away]
          : []),
      ...(this.connection !== undefined && this.preparing
        ? [states.length === 0 ? 'It makes its workers.' : 'It waits for its build to be the current one.']
        : []),
      ...states
        .filter(({ state }) => state !== 'RUNNING')
        .map(({ queue, state }) => `The worker of queue ${queue} is ${state.toLowerCase()}.`),
    ];
    return {
      ok: reasons.length === 0,
      role: this.role,
      reasons,
      workers: this.workers.map(({ queue, worker }) => brief(queue, worker)),
    };
  }

  private async ask(): Promise<void> {
    const { connection } = this;
    if (!connection || this.stopping) return;
    try {
      await connection.withDeadline(Date.now() + ANSWER_WITHIN, () => connection.workflowService.getSystemInfo({}));
      this.away = undefined;
    } catch (error) {
      this.away = `The Temporal server does not answer: ${(error as Error).message}`;
    }
  }
}

function brief(queue: string, worker: Worker): Record<string, string | number> {
  const { runState, numInFlightActivities, numCachedWorkflows } = worker.getStatus();
  return { queue, state: runState, steps: numInFlightActivities, cachedWorkflows: numCachedWorkflows };
}
