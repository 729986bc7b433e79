import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PAGE } from '../execution/stable-memory.js';
import { Host } from '../host.js';
import { createHttpServer, topologyOf } from '../http/server.js';
import { effectiveCanister } from '../management/manage.js';
import { performOutcall } from '../outcalls.js';
import type { OutcallOutcome } from '../subnet/outcalls.js';
import { bytesOf, idOf, MANAGEMENT, principalOf, type Id } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import { contentOf } from '../subnet/snapshot.js';
import type { Ingress } from '../subnet/subnet.js';
import { base64, bytes, callResult, rejectResponse } from './json.js';

/** The time of a new PocketIC instance: 6 May 2021. */
const GENESIS = 1_620_328_630_000_000_000n;
const MOST_ROUNDS = 100;
const PATIENCE = 300_000;

/** A request that the server answers with an error. */
export class PocketError extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

export interface InstanceConfig {
  subnet_config_set?: Record<string, unknown>;
  state_dir?: string;
  icp_features?: Record<string, unknown>;
  initial_time?: { Timestamp: { nanos_since_epoch: string } } | { AutoProgress: unknown };
  http_gateway_config?: { port?: number };
}

interface RawCall {
  sender: string;
  canister_id: string;
  method: string;
  payload: string;
  sender_info?: { info: string; signer: string };
}
interface Raw {
  canister_id: string;
}
type RawReply =
  | { CanisterHttpReply: { status: number; headers: { name: string; value: string }[]; body: string } }
  | { CanisterHttpReject: { reject_code: number; message: string } };

/** One network of a PocketIC server: this host with time standing still, which makes a step when it is told to. */
export class Instance {
  readonly host: Host;
  readonly server: Server;
  readonly #folder: string;
  readonly #owned: boolean;
  /** Outcalls that wait for a mocked response. */
  readonly #mocks = new Map<number, (outcome: OutcallOutcome) => void>();
  #live = false;

  constructor(config: InstanceConfig) {
    checkConfig(config);
    this.#owned = !config.state_dir;
    this.#folder = config.state_dir ?? mkdtempSync(join(tmpdir(), 'livepod-pocket-ic-'));
    this.host = Host.open({
      state: this.#folder,
      limits: { rates: 'rounds' },
      outcall: (outcall) =>
        this.#live
          ? performOutcall(outcall)
          : new Promise((resolve) => {
              this.#mocks.set(outcall.id, resolve);
            }),
      onLog: (line) => process.stderr.write(`${line}\n`),
    });
    this.server = createHttpServer(this.host);
    this.host.pause();
    this.host.clock.stop();
    const { initial_time } = config;
    const started = this.host.subnet.state.time > 0n ? this.host.subnet.state.time : GENESIS;
    this.host.clock.set(
      initial_time && 'Timestamp' in initial_time ? BigInt(initial_time.Timestamp.nanos_since_epoch) : started,
      this.host.subnet.state.time,
    );
    if (initial_time && 'AutoProgress' in initial_time) this.autoProgress();
  }

  async close(): Promise<void> {
    this.server.close();
    await this.host.close();
    if (this.#owned) rmSync(this.#folder, { recursive: true, force: true });
  }

  get live(): boolean {
    return this.#live;
  }

  autoProgress(): void {
    this.#live = true;
    const machine = BigInt(Date.now()) * 1_000_000n;
    if (machine > this.host.now()) this.host.clock.set(machine, this.host.subnet.state.time);
    this.host.clock.go();
    this.host.resume();
  }

  stopProgress(): void {
    this.#live = false;
    this.host.pause();
    this.host.clock.stop();
  }

  /** What is read and changed below `/instances/<n>/`, by name. */
  readonly actions: Record<string, (body: never, blobs: Map<string, Uint8Array>) => unknown> = {
    'GET read/get_time': () => ({ nanos_since_epoch: this.host.now() }),
    'GET read/topology': () => this.topology(),
    'GET _/topology': () => this.topology(),
    'GET auto_progress': () => this.#live,
    'POST auto_progress': () => this.autoProgress(),
    'POST stop_progress': () => this.stopProgress(),
    'POST update/tick': () => this.host.step(),
    'POST update/set_time': ({ nanos_since_epoch }: { nanos_since_epoch: string }) =>
      this.#setTime(BigInt(nanos_since_epoch)),
    'POST update/set_certified_time': async ({ nanos_since_epoch }: { nanos_since_epoch: string }) => {
      this.#setTime(BigInt(nanos_since_epoch));
      await this.host.step();
    },
    'POST read/get_controllers': (raw: Raw) =>
      this.#canister(raw).state.settings.controllers.map((id) => ({ principal_id: base64(bytesOf(id)) })),
    'POST read/get_cycles': (raw: Raw) => ({ cycles: this.#canister(raw).state.cycles }),
    'POST read/get_subnet': (raw: Raw) =>
      this.host.subnet.canisters.has(idOf(bytes(raw.canister_id)))
        ? { subnet_id: base64(this.host.keys.subnetId) }
        : null,
    'POST read/pub_key': () => [...this.host.keys.der],
    'POST read/get_stable_memory': (raw: Raw) => {
      const { stable } = this.#canister(raw);
      return { blob: base64(contentOf(stable, 0, stable.size * PAGE)) };
    },
    'POST update/set_stable_memory': async (raw: Raw & { blob_id: string }, blobs) => {
      const content = blobs.get(Buffer.from(raw.blob_id, 'base64').toString('hex'));
      if (!content) throw new PocketError('There is no such blob: upload it to /blobstore first.');
      await this.host.step([{ kind: 'setStableMemory', canister: this.#canister(raw).id, content }]);
    },
    'POST update/add_cycles': async (raw: Raw & { amount: string }) => {
      const canister = this.#canister(raw);
      await this.host.step([{ kind: 'addCycles', canister: canister.id, amount: BigInt(raw.amount) }]);
      return { cycles: canister.state.cycles };
    },
    'POST read/query': async (raw: RawCall) =>
      callResult(
        await this.host.query({
          caller: bytes(raw.sender),
          callerInfo: senderInfo(raw),
          to: idOf(bytes(raw.canister_id)),
          method: raw.method,
          arg: bytes(raw.payload),
        }),
        false,
      ),
    'POST update/submit_ingress_message': (raw: RawCall) => this.#submit(raw),
    'POST update/await_ingress_message': ({ message_id }: { message_id: string }) =>
      this.#await(idOf(bytes(message_id))),
    'POST read/ingress_status': (asked: {
      raw_message_id: { message_id: string };
      raw_caller?: { principal_id: string } | null;
    }) => {
      const known = this.host.subnet.state.ingress.get(idOf(bytes(asked.raw_message_id.message_id)));
      if (known && asked.raw_caller && idOf(bytes(asked.raw_caller.principal_id)) !== known.sender) {
        throw new PocketError('The user tries to access Request ID not signed by the caller.', 403);
      }
      return this.#outcome(idOf(bytes(asked.raw_message_id.message_id))) ?? null;
    },
    'GET read/get_canister_http': () =>
      this.#live
        ? []
        : [...(this.host.subnet.state.outcalls?.values() ?? [])]
            .filter(({ id }) => this.#mocks.has(id))
            .map((outcall) => ({
              subnet_id: { subnet_id: base64(this.host.keys.subnetId) },
              request_id: outcall.id,
              http_method: outcall.method,
              url: outcall.url,
              headers: outcall.headers,
              body: base64(outcall.body ?? new Uint8Array()),
              max_response_bytes: outcall.maxResponseBytes,
              replication: outcall.replicated ? 'FullyReplicated' : 'NonReplicated',
              pricing_version: 'Legacy',
            })),
    'POST update/mock_canister_http': async ({ request_id, response }: { request_id: number; response: RawReply }) => {
      const answer = this.#mocks.get(request_id);
      if (!answer) throw new PocketError(`There is no pending canister HTTP request ${request_id}.`);
      this.#mocks.delete(request_id);
      answer(
        'CanisterHttpReject' in response
          ? { code: response.CanisterHttpReject.reject_code, message: response.CanisterHttpReject.message }
          : { ...response.CanisterHttpReply, body: bytes(response.CanisterHttpReply.body) },
      );
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };

  topology(): unknown {
    return topologyOf(this.host);
  }

  #setTime(time: bigint): void {
    if (time < this.host.now())
      throw new PocketError(`SettingTimeIntoPast: the time is ${this.host.now()}, and cannot be set back to ${time}.`);
    this.host.clock.set(time, this.host.subnet.state.time);
  }

  #canister({ canister_id }: Raw): NonNullable<ReturnType<Host['subnet']['canisters']['get']>> {
    const id = idOf(bytes(canister_id));
    const canister = this.host.subnet.canisters.get(id);
    if (!canister) throw new PocketError(`CanisterNotFound(${principalOf(id).toText()})`);
    return canister;
  }

  /** Takes a call in unsigned, as if whoever is named had signed it. */
  async #submit(raw: RawCall): Promise<unknown> {
    const to = idOf(bytes(raw.canister_id));
    const arg = bytes(raw.payload);
    try {
      const effective: Id = to === MANAGEMENT ? (effectiveCanister(raw.method, arg) ?? MANAGEMENT) : to;
      const ingress: Ingress = {
        requestId: randomBytes(32).toString('hex'),
        sender: bytes(raw.sender),
        senderInfo: senderInfo(raw),
        to,
        effective,
        method: raw.method,
        arg,
        expiry: this.host.now() + 300_000_000_000n,
      };
      if (to !== MANAGEMENT) await this.host.inspect(ingress);
      await this.host.call(ingress, 0);
      return {
        Ok: {
          effective_principal: { CanisterId: base64(bytesOf(effective)) },
          message_id: base64(bytesOf(ingress.requestId)),
        },
      };
    } catch (thrown) {
      if (thrown instanceof Reject) return rejectResponse(thrown.rejection, false);
      throw thrown;
    }
  }

  async #await(requestId: string): Promise<unknown> {
    const until = Date.now() + PATIENCE;
    for (let round = 0; this.#live ? Date.now() < until : round < MOST_ROUNDS; round += 1) {
      const outcome = this.#outcome(requestId);
      if (outcome) return outcome;
      if (this.#live)
        await new Promise((resolve) => {
          setTimeout(resolve, 10);
        });
      else await this.host.step();
    }
    throw new PocketError(`PocketIC did not complete the update call within ${MOST_ROUNDS} rounds`);
  }

  #outcome(requestId: string): unknown {
    const state = this.host.subnet.state.ingress.get(requestId)?.state;
    if (state?.status === 'replied') return callResult({ kind: 'reply', data: state.data }, true);
    if (state?.status === 'rejected') return callResult({ kind: 'reject', rejection: state.rejection }, true);
    return undefined;
  }
}

function senderInfo({ sender_info: info }: RawCall): { info: Uint8Array; signer: Uint8Array } | undefined {
  return info && { info: bytes(info.info), signer: bytes(info.signer) };
}

/** The features that built-ins stand for. */
const FEATURES = new Set(['cycles_minting', 'icp_token', 'cycles_token']);

/** @throws PocketError for subnets and features that are not here */
function checkConfig({ subnet_config_set: subnets = {}, icp_features: features = {} }: InstanceConfig): void {
  const count = (kind: string): number =>
    Array.isArray(subnets[kind]) ? (subnets[kind] as unknown[]).length : subnets[kind] ? 1 : 0;
  const named = [
    'nns',
    'sns',
    'ii',
    'fiduciary',
    'bitcoin',
    'test_threshold_keys',
    'system',
    'cloud_engine',
    'verified_application',
  ].find((kind) => count(kind) > 0);
  if (named || count('application') !== 1) {
    throw new PocketError(
      'This host has one application subnet and nothing ' +
        `else${named ? `, no ${named}` : `, not ${count('application')}`}.`,
    );
  }
  const feature = Object.entries(features).find(([name, wanted]) => wanted && !FEATURES.has(name))?.[0];
  if (feature) throw new PocketError(`This host does not have the feature ${feature}.`);
}
