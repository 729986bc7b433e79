import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { METHODS, type MethodName } from '../management/candid.js';
import { SERVICES } from '../services.js';
import type { Canister } from '../subnet/canister.js';
import { evaluateQuery } from '../subnet/queries.js';
import { MANAGEMENT, principalOf, type Id } from '../subnet/principals.js';
import type { Rejection } from '../subnet/reject.js';
import { executeRound, type RoundInput } from '../subnet/rounds.js';
import { MAIN_NETWORK_LIMITS, Subnet, type Limits, type Response } from '../subnet/subnet.js';
import { Instrumenter } from '../wasm/instrumenter.js';
import { ModuleStore } from '../wasm/module-store.js';

/** The principal that calls. */
export const CALLER = Principal.selfAuthenticating(new Uint8Array(44));
const START = 1_800_000_000_000_000_000n;
const FIVE_MINUTES = 300_000_000_000n;

/** A subnet without a host around it: rounds by hand, nothing on a network, nothing signed. */
export class LittleSubnet {
  readonly subnet: Subnet;
  /** What canisters printed, and what ended their tasks. */
  readonly log: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'livepod-ic-little-'));
  #requests = 0;

  constructor(limits: Partial<Limits> = {}) {
    const network = {
      subnetId: new Uint8Array(29).fill(1),
      nodeId: new Uint8Array(29).fill(2),
      rootKey: new Uint8Array(133).fill(3),
    };
    const modules = new ModuleStore(this.#folder, new Instrumenter());
    this.subnet = new Subnet(network, modules, { ...MAIN_NETWORK_LIMITS, ...limits }, undefined, SERVICES);
    this.subnet.state.time = START;
    this.subnet.onLog = (_, line) => this.log.push(line);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** One round; a second later than the last one unless told otherwise. */
  round(input: Partial<RoundInput> = {}): void {
    const { round, time } = this.subnet.state;
    executeRound(this.subnet, {
      round: round + 1,
      time: time + 1_000_000_000n,
      seed: new Uint8Array(32),
      ingress: [],
      ...input,
    });
  }

  create(cycles = 100_000_000_000_000n, id?: Id): Canister {
    return this.subnet.createCanister([Buffer.from(CALLER.toUint8Array()).toString('hex')], cycles, id);
  }

  /** Sends a call, and executes a round with it. @returns its id */
  submit(to: Id, method: string, arg: Uint8Array = new Uint8Array(), sender = CALLER): string {
    const requestId = (this.#requests += 1).toString(16).padStart(64, '0');
    const expiry = this.subnet.state.time + FIVE_MINUTES;
    this.round({ ingress: [{ requestId, sender: sender.toUint8Array(), to, effective: to, method, arg, expiry }] });
    return requestId;
  }

  /** The answer that a call has had, if it has had one. */
  answerOf(requestId: string): Response | undefined {
    const { state } = this.subnet.state.ingress.get(requestId)!;
    if (state.status === 'replied') return { kind: 'reply', data: state.data };
    return state.status === 'rejected' ? { kind: 'reject', rejection: state.rejection } : undefined;
  }

  /** Calls, and goes on until there is an answer. */
  call(to: Id, method: string, arg: Uint8Array = new Uint8Array(), sender = CALLER): Response {
    const requestId = this.submit(to, method, arg, sender);
    for (let rounds = 0; rounds < 20; rounds += 1) {
      const answer = this.answerOf(requestId);
      if (answer) return answer;
      this.round();
    }
    throw new Error(`After 20 rounds ${method} is not answered.`);
  }

  /** The same, of a call that must be refused. */
  refusal(to: Id, method: string, arg?: Uint8Array): Rejection {
    return refusalIn(this.call(to, method, arg), method);
  }

  query(to: Id, method: string, arg: Uint8Array = new Uint8Array()): Response {
    const context = { time: this.subnet.state.time, certificate: () => new Uint8Array(8) };
    return evaluateQuery(this.subnet, context, { caller: CALLER.toUint8Array(), to, method, arg });
  }

  manage(method: MethodName, argument: unknown, sender = CALLER): Response {
    return this.call(MANAGEMENT, method, argumentsOf(method, argument), sender);
  }

  install(
    canister: Canister,
    wasm: Uint8Array,
    mode: object = { install: null },
    arg: Uint8Array = new Uint8Array(),
  ): Response {
    return this.manage('install_code', {
      mode,
      canister_id: principalOf(canister.id),
      wasm_module: wasm,
      arg,
      sender_canister_version: [],
    });
  }

  /** A new canister with this module. */
  deploy(wasm: Uint8Array, cycles?: bigint): Canister {
    const canister = this.create(cycles);
    const answer = this.install(canister, wasm);
    if (answer.kind === 'reject') throw new Error(answer.rejection.message);
    return canister;
  }
}

/** What a method of the management canister is given, in Candid. */
export function argumentsOf(method: MethodName, argument: unknown): Uint8Array {
  return new Uint8Array(IDL.encode(METHODS[method][0] as IDL.Type[], [argument]));
}

export function refusalIn(response: Response, what: string): Rejection {
  if (response.kind === 'reply') throw new Error(`${what} was replied to instead of refused.`);
  return response.rejection;
}

/** A response on a line: the reply as Latin-1 text, or `reject` and its code. */
export function shown(response: Response | undefined): string {
  if (!response) return 'none yet';
  return response.kind === 'reply'
    ? Buffer.from(response.data).toString('latin1')
    : `reject ${response.rejection.code}`;
}
