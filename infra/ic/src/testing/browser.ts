import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';

export interface Seen {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Whether the connection broke before the end. */ broken: boolean;
}

/** Asks for a page under any host name, which `fetch` does not allow. */
export function ask(
  network: { url: string },
  host: string,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: OutgoingHttpHeaders; body?: string | Uint8Array } = {},
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${network.url}${path}`,
      { method, headers: { host, ...headers }, agent: false },
      (answer) => {
        const parts: Buffer[] = [];
        const done = (broken: boolean): void =>
          resolve({
            status: answer.statusCode!,
            headers: answer.headers,
            text: Buffer.concat(parts).toString(),
            broken,
          });
        answer
          .on('data', (part: Buffer) => void parts.push(part))
          .on('end', () => done(false))
          .on('error', () => done(true));
      },
    );
    asked.on('error', reject).end(body);
  });
}
