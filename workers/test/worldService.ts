import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApplicationFailure, type ApplicationFailureOptions } from '@temporalio/common';

export type Activities = Record<string, (...args: never[]) => Promise<unknown>>;

/**
 * A world that outlives the workers which change it: activities, reached by worker processes over HTTP
 * (`worldActivities`).
 */
export class WorldService {
  private constructor(private readonly server: Server) {}

  /**
   * @param world    the activities as they are at this moment
   * @param onDone   told the name of each that was carried out, when its answer has left
   */
  static async open(world: () => Activities, onDone: (name: string) => void = () => {}): Promise<WorldService> {
    const server = createServer((request, response) => {
      let body = '';
      request
        .setEncoding('utf8')
        .on('data', (text: string) => (body += text))
        .on('end', () => {
          const name = request.url!.slice(1);
          const run =
            world()[name] ??
            (async () => {
              throw ApplicationFailure.nonRetryable(`There is no activity ${name}`);
            });
          run(...(JSON.parse(body) as never[])).then(
            (result) => response.end(JSON.stringify({ result }), () => onDone(name)),
            (error: unknown) => {
              const { message, type, nonRetryable, nextRetryDelay, category } = error as ApplicationFailure;
              response.statusCode = 500;
              response.end(JSON.stringify({ message, type, nonRetryable, nextRetryDelay, category }));
            },
          );
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new WorldService(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** The activities of a world in another process. */
export const worldActivities = (url: string, names: string[]): Activities =>
  Object.fromEntries(
    names.map((name) => [
      name,
      async (...args: never[]): Promise<unknown> => {
        const response = await fetch(`${url}/${name}`, { method: 'POST', body: JSON.stringify(args) });
        const answer = (await response.json()) as { result?: unknown } & ApplicationFailureOptions;
        if (!response.ok) throw ApplicationFailure.create(answer);
        return answer.result;
      },
    ]),
  );
