import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Cbor, requestIdOf } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import { interfaces } from '@livepod/client';
import { createSubnetKeys, signQueryResponse, type SubnetKeys } from '@livepod/ic/certificates';

/** What is said instead of the truth: one reply value for another. */
type Lie = (truth: never) => unknown;

interface Query {
  content: { request_type: string; method_name: string } & Record<string, unknown>;
}
interface Answer {
  status: string;
  reply?: { arg: Uint8Array };
  signatures: unknown[];
}

/**
 * One node of an Internet Computer, taken over: it answers queries as it likes and signs that with its own key, which
 * the subnet vouches for. It cannot sign for the subnet, so updates and certificates pass through as they are.
 */
export class LyingNode {
  /** By method. */
  lies: Record<string, Lie> = {};
  /** Whether it signs; whoever is on the way to it cannot. */
  signs = true;
  /** Methods that it lied about. */
  readonly told: string[] = [];
  /** What went wrong in this node itself. */
  readonly broken: string[] = [];
  private readonly keys: SubnetKeys;
  private readonly server: Server;

  private constructor(
    private readonly honest: string,
    state: string,
  ) {
    this.keys = createSubnetKeys(new Uint8Array(readFileSync(`${state}/keys`)));
    this.server = createServer((request, response) => {
      this.serve(request, response).catch((error: Error) => {
        this.broken.push(error.stack ?? '');
        response.writeHead(400).end(error.message);
      });
    });
  }

  /** @param state  the folder of the host's state, where its keys are */
  static async before(icHost: string, state: string): Promise<LyingNode> {
    const node = new LyingNode(icHost, state);
    await new Promise<void>((resolve) => node.server.listen(0, '127.0.0.1', resolve));
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = Buffer.concat(await request.toArray());
    const answer = await fetch(`${this.honest}${request.url}`, {
      method: request.method ?? 'GET',
      headers: { 'content-type': request.headers['content-type'] ?? '' },
      ...(asked.length > 0 ? { body: asked } : {}),
    });
    const told = new Uint8Array(await answer.arrayBuffer());
    const said = request.url!.endsWith('/query') ? this.instead(asked, told) : told;
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(said);
  }

  private instead(asked: Uint8Array, told: Uint8Array): Uint8Array {
    const { content } = Cbor.decode<Query>(asked);
    const lie = this.lies[content.method_name];
    const answer = Cbor.decode<Answer>(told);
    if (!lie || answer.status !== 'replied') return told;
    const types = repliesOf(content.method_name);
    const [truth] = IDL.decode(types, answer.reply!.arg);
    const said = {
      status: 'replied' as const,
      reply: { arg: new Uint8Array(IDL.encode(types, [lie(truth as never)])) },
    };
    this.told.push(content.method_name);
    const now = BigInt(Date.now()) * 1_000_000n;
    const signatures = this.signs ? [signQueryResponse(this.keys, said, requestIdOf(content), now)] : [];
    return Cbor.encode({ ...said, signatures });
  }
}

function repliesOf(method: string): IDL.Type[] {
  for (const { idlFactory } of Object.values(interfaces)) {
    const found = idlFactory({ IDL })._fields.find(([name]) => name === method);
    if (found) return found[1].retTypes;
  }
  throw new Error(`No canister has a method ${method}.`);
}
