import { Principal } from '@dfinity/principal';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { writeDurably } from '../durability/files.js';
import { IcError } from '../errors.js';
import type { Host } from '../host.js';
import { idOf, textOf, type Id } from '../subnet/principals.js';
import { HttpFaults, type Endpoint, type HttpFault } from './faults.js';

export interface Control {
  url: string;
  close(): void;
}

type Body = Record<string, unknown>;
type Action = (host: Host, faults: HttpFaults, body: Body) => unknown;

const MAX_BODY = 1 << 20;
const MOST_STEPS = 10_000;
const ENDPOINTS = ['call', 'query', 'read_state', 'status'];

/**
 * What tests do to the network and no client can: JSON over HTTP, on a loopback port of its own, for who has the token.
 *
 * | Request | does |
 * |---|---|
 * | GET / | shows round, time, canisters and faults |
 * | POST /time `{set}` or `{advance}` | moves the time, nanoseconds as text, never back |
 * | POST /pause, /resume | holds rounds back, lets them go on |
 * | POST /step `{rounds?}` | executes rounds, one if not told otherwise |
 * | POST /cycles `{canister, amount}` | adds cycles |
 * | POST /faults `{endpoint?, canister?, times?, status? or delay? or disconnect?}` | HTTP requests fail¹ |
 * | POST /faults `{canister, method?, times?, reject: {code, message}}` | calls of a canister are rejected |
 * | DELETE /faults | forgets all faults |
 * | POST /kill `{when: "now" or "durable"}` | ends the process as SIGKILL does² |
 * | POST /export `{folder}` | copies the state to a folder that is not there yet |
 *
 * ¹ with a status, late, or cut off before (`"before"`) or `"after"` they were carried out
 * ² `durable`: when the next round is on disk and nobody was told
 */
const ACTIONS: Record<string, Action> = {
  'GET /': (host, faults) => describe(host, faults),
  'POST /time': (host, faults, { set, advance }) => {
    const last = host.subnet.state.time;
    host.clock.set(set === undefined ? host.now() + natural('advance', advance) : natural('set', set), last);
    if (!host.paused) host.resume();
    return describe(host, faults);
  },
  'POST /pause': (host, faults) => {
    host.pause();
    return describe(host, faults);
  },
  'POST /resume': (host, faults) => {
    host.resume();
    return describe(host, faults);
  },
  'POST /step': async (host, faults, { rounds = 1 }) => {
    const count = Number(natural('rounds', rounds));
    if (count > MOST_STEPS)
      throw new IcError('usage', { count }, `At most ${MOST_STEPS} rounds at once, not ${count}.`);
    for (let step = 0; step < count; step += 1) await host.step();
    return describe(host, faults);
  },
  'POST /cycles': async (host, _, { canister, amount }) => {
    const id = canisterId(canister);
    await host.step([{ kind: 'addCycles', canister: id, amount: natural('amount', amount) }]);
    return { cycles: String(host.subnet.canisters.get(id)?.state.cycles ?? 0n) };
  },
  'POST /faults': async (host, faults, body) => {
    const times = Number(natural('times', body.times ?? 1));
    if (body.reject === undefined) faults.add(httpFault(body, times));
    else
      await host.step([
        {
          kind: 'rejectCalls',
          fault: {
            canister: canisterId(body.canister),
            method: body.method as string | undefined,
            times,
            rejection: rejectionOf(body.reject),
          },
        },
      ]);
    return describe(host, faults);
  },
  'DELETE /faults': async (host, faults) => {
    faults.clear();
    await host.step([{ kind: 'forgetFaults' }]);
    return describe(host, faults);
  },
  'POST /kill': (host, _, { when }) => {
    const kill = (): void => {
      process.kill(process.pid, 'SIGKILL');
    };
    if (when === 'durable') host.onDurable = kill;
    else if (when === 'now') setImmediate(kill);
    else throw new IcError('usage', { when }, 'The field "when" is "now" or "durable".');
    return { when };
  },
  'POST /export': async (host, _, { folder }) => {
    if (typeof folder !== 'string' || !folder.startsWith('/'))
      throw new IcError(
        'usage',
        { folder },
        'The field "folder" is the absolute path of a folder that is not there yet.',
      );
    await host.exportTo(folder);
    return { folder, round: host.subnet.state.round };
  },
};

function describe(host: Host, faults: HttpFaults): unknown {
  const { state, canisters } = host.subnet;
  return {
    round: state.round,
    time: String(state.time),
    now: String(host.now()),
    paused: host.paused,
    faults: faults.pending,
    callFaults: state.faults ?? [],
    canisters: [...canisters.values()].map(({ id, state: { status, cycles, version }, module }) => ({
      id: textOf(id),
      status,
      cycles: String(cycles),
      version: String(version),
      module: module && Buffer.from(module.hash).toString('hex'),
    })),
  };
}

function httpFault({ endpoint, canister, status, text, delay, disconnect }: Body, times: number): HttpFault {
  if (endpoint !== undefined && !ENDPOINTS.includes(endpoint as string))
    throw new IcError('usage', { endpoint }, `The field "endpoint" is one of ${ENDPOINTS.join(', ')}.`);
  const where = {
    endpoint: endpoint as Endpoint | undefined,
    canister: canister === undefined ? undefined : canisterId(canister),
    times,
  };
  if (disconnect === 'before') return { ...where, effect: 'disconnect' };
  if (disconnect === 'after') return { ...where, effect: 'disconnectAfter' };
  if (typeof delay === 'number') return { ...where, effect: { delay } };
  if (typeof status === 'number' && status >= 400 && status < 600)
    return { ...where, effect: { status, text: text as string | undefined } };
  throw new IcError(
    'usage',
    {},
    'A fault is one of "status" (400 to 599), "delay" (milliseconds), "disconnect" ("before" or "after"), ' +
      '"reject" ({code, message}).',
  );
}

function rejectionOf(given: unknown): { code: number; message: string; errorCode: string } {
  const { code, message } = (given ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code !== 'number' || code < 1 || code > 6 || typeof message !== 'string')
    throw new IcError('usage', {}, 'The field "reject" is {code: 1 to 6, message}.');
  return { code, message, errorCode: 'IC0406' };
}

function canisterId(given: unknown): Id {
  try {
    return idOf(Principal.fromText(given as string).toUint8Array());
  } catch (cause) {
    throw new IcError('usage', { given }, 'The field "canister" is a canister id in text.', { cause });
  }
}

function natural(field: string, given: unknown): bigint {
  if (
    (typeof given === 'number' && Number.isSafeInteger(given) && given >= 0) ||
    (typeof given === 'string' && /^\d{1,40}$/.test(given))
  )
    return BigInt(given);
  throw new IcError('usage', { field }, `The field "${field}" is a natural number, as text where it is large.`);
}

/** @param folder  where the token goes, readable by the owner only */
export async function startControl(host: Host, faults: HttpFaults, folder: string): Promise<Control> {
  const token = randomBytes(32).toString('hex');
  writeDurably(join(folder, 'control-token'), Buffer.from(token));
  const server = createServer((request, response) => {
    const answer = (status: number, value: unknown): void => {
      const text = JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one));
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${text}\n`);
    };
    if (!permitted(request, token))
      return answer(401, { error: 'Send the token of the file control-token as "Authorization: Bearer …".' });
    const action = ACTIONS[`${request.method} ${request.url}`];
    if (!action)
      return answer(404, {
        error: `There is no ${request.method} ${request.url}; there are ${Object.keys(ACTIONS).join(', ')}.`,
      });
    bodyOf(request)
      .then((body) => action(host, faults, body))
      .then(
        (value) => answer(200, value),
        (failure: unknown) => {
          answer(failure instanceof IcError || failure instanceof SyntaxError ? 400 : 500, {
            error: (failure as Error).message,
          });
        },
      );
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** Pages of a browser are kept out too: they cannot know the token, and nothing here allows other origins. */
function permitted({ headers }: IncomingMessage, token: string): boolean {
  const given = Buffer.from(headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY) throw new IcError('usage', { size }, `A request has at most ${MAX_BODY} bytes.`);
    parts.push(part);
  }
  return size === 0 ? {} : (JSON.parse(Buffer.concat(parts).toString()) as Body);
}
