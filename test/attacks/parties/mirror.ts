import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { Fetcher, PodError, Trust } from '@livepod/pod';
import { broken, delay, nothing, type Attack, type Played } from '../attack.js';
import type { Ground } from '../ground.js';

const TEST = 'pod/src/updates/trust.test.ts';

/** What a mirror does with an answer of the repository. */
type Mischief = (path: string, body: Buffer, response: ServerResponse) => Buffer | undefined;

/** A mirror of the repository's metadata that does what it likes. */
class Mirror {
  mischief: Mischief = (_, body) => body;
  private server: Server | undefined;
  private readonly known = new Map<string, Promise<{ status: number; body: Buffer }>>();

  constructor(
    private readonly host: string,
    private readonly query: string,
  ) {}

  async open(): Promise<string> {
    this.server = createServer((request, response) => {
      const path = request.url!.split('?')[0]!;
      void this.behind(path).then(({ status, body }) => {
        const given = this.mischief(path, body, response);
        if (given !== undefined) response.writeHead(status, { 'content-length': given.length }).end(given);
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  /** Always the same answer, so that what is found is the mischief's doing. */
  private behind(path: string): Promise<{ status: number; body: Buffer }> {
    const known =
      this.known.get(path) ??
      fetch(`${this.host}${path}?${this.query}`).then(async (answer) => ({
        status: answer.status,
        body: Buffer.from(await answer.arrayBuffer()),
      }));
    this.known.set(path, known);
    return known;
  }
}

const ROLES = ['root', 'timestamp', 'snapshot', 'targets'];
const fileOf = (path: string): string | undefined => ROLES.find((role) => path.endsWith(`${role}.json`));

const BELIEVED = 'believed: ';

/** A new pod's first look through a mirror, under each mischief. */
async function looked(ground: Ground, mischiefs: Map<string, Mischief>): Promise<Map<string, string>> {
  const { icHost, canisters } = ground.rig.chain.network;
  const query = `canisterId=${canisters.models}`;
  const mirror = new Mirror(icHost.replace(/\/$/, ''), query);
  const base = await mirror.open();
  const codes = new Map<string, string>();
  try {
    const shipped = Buffer.from(await (await fetch(`${icHost}/tuf/1.root.json?${query}`)).arrayBuffer());
    for (const [name, mischief] of mischiefs) {
      mirror.mischief = mischief;
      const folder = await mkdtemp(join(tmpdir(), 'livepod-mirror-'));
      try {
        const targets = await new Trust(folder, new Fetcher(base, '', 2_000), shipped).refresh();
        codes.set(name, `${BELIEVED}${JSON.stringify(targets)}`);
      } catch (error) {
        if (!(error instanceof PodError)) throw error;
        codes.set(name, error.code);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
  } finally {
    mirror.close();
  }
  return codes;
}

/** All of them refused; then the same mirror, honest again, is believed. */
async function refusedAll(ground: Ground, mischiefs: Map<string, Mischief>): Promise<Played> {
  const honest = 'nothing at all';
  const codes = await looked(ground, new Map([...mischiefs, [honest, (_, body) => body]]));
  const right = codes.get(honest)!;
  if (!right.startsWith(BELIEVED)) return broken(`an honest mirror is refused as ${right}`);
  codes.delete(honest);
  const counts = new Map<string, number>();
  for (const [name, code] of codes) {
    // A digit of a signature may be written in capitals: what is believed is the same.
    const how = code === right ? 'the same' : code;
    if (how.startsWith(BELIEVED)) return broken(`the pod believed ${name}`);
    counts.set(how, (counts.get(how) ?? 0) + 1);
  }
  return nothing(`refused: ${[...counts].map(([code, count]) => `${count} as ${code}`).join(', ')}`);
}

export const mirror: Attack[] = [
  {
    party: 'mirror',
    name: 'alters signed metadata in one place, in 60 ways',
    test: TEST,
    async play(ground, seed) {
      const mischiefs = new Map<string, Mischief>();
      for (const role of ['timestamp', 'snapshot', 'targets'])
        for (let turn = 0; turn < 20; turn++)
          mischiefs.set(`${role} ${turn}`, (path, body) => {
            if (fileOf(path) !== role) return body;
            const altered = Buffer.from(body);
            altered[(seed * 7919 + turn * 104_729) % body.length]! ^= 1 << (turn % 7);
            return altered;
          });
      return refusedAll(ground, mischiefs);
    },
  },
  {
    party: 'mirror',
    name: 'gives one role’s metadata for another’s, half of it, or more than there is',
    test: TEST,
    async play(ground) {
      const mischiefs = new Map<string, Mischief>();
      let timestamp = Buffer.from('{}');
      mischiefs.set('targets for snapshot', (path, body) => {
        if (fileOf(path) === 'timestamp') timestamp = body as Buffer<ArrayBuffer>;
        return fileOf(path) === 'snapshot' ? timestamp : body;
      });
      for (const role of ['timestamp', 'snapshot', 'targets']) {
        mischiefs.set(`half of ${role}`, (path, body) =>
          fileOf(path) === role ? body.subarray(0, body.length / 2) : body,
        );
        mischiefs.set(`no end of ${role}`, (path, body, response) => {
          if (fileOf(path) !== role) return body;
          response.writeHead(200);
          const more = (): void => void response.write(Buffer.alloc(1 << 20, ' '), () => response.destroyed || more());
          more();
          return undefined;
        });
      }
      return refusedAll(ground, mischiefs);
    },
  },
  {
    party: 'mirror',
    name: 'gives nothing, or a log-in page',
    test: TEST,
    async play(ground) {
      const mischiefs = new Map<string, Mischief>([
        ['nothing', (_path, _body, response) => void response.writeHead(503).end() as undefined],
        [
          'a page',
          (_path, _body, response) =>
            void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>') as undefined,
        ],
        ['silence', () => undefined],
      ]);
      const played = await refusedAll(ground, mischiefs);
      return played.outcome === 'nothing' ? delay(`no update meanwhile; ${played.why}`) : played;
    },
  },
];
