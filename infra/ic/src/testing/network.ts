import { Actor, HttpAgent, type ActorSubclass } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import { Ed25519KeyIdentity } from '@dfinity/identity';
import { Principal } from '@dfinity/principal';
import { IC_PROGRAM } from '../program.js';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { METHODS } from '../management/candid.js';
import { testCanister, type TestCanister } from './test-canister.js';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const WASM = process.env.LIVEPOD_IC_TEST_CANISTER ?? join(ROOT, '.cache/wasm/test-canister.wasm');
/** Any canister id: the create methods take every one. */
export const ANY = Principal.fromText('rwlgt-iiaaa-aaaaa-aaaaa-cai');

/** The two forms that a network's certificates have, and the option for each. */
export const FORMS: [form: string, options: string[]][] = [
  ['under a root key of its own', []],
  ['under a root that delegates', ['--delegated']],
];

/** Instruction limits that cut an endless loop off within a second or two. */
export const SHORT_LIMITS = ['--update-instructions', '2000000000', '--query-instructions', '1000000000'];

/** For canisters that write more than 75 MiB a second. */
export const UNLIMITED_RATES = ['--no-rate-limits'];

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- Candid decides the shape of each argument and result
export type Management = ActorSubclass<Record<keyof typeof METHODS, (...args: any[]) => Promise<any>>>;

/** A host in a process of its own, as `npm run ic` starts it, with a fresh identity talking to it. */
export class TestNetwork {
  readonly folder: string;
  readonly identity = Ed25519KeyIdentity.generate();
  url = '';
  rootKey = '';
  /** Empty unless it was started with `--control`. */
  controlUrl = '';
  agent!: HttpAgent;
  #process?: ChildProcess;

  /** @param folder  of its state; a new one if not given */
  constructor(folder = mkdtempSync(join(tmpdir(), 'livepod-ic-'))) {
    this.folder = folder;
  }

  async start(options: string[] = []): Promise<this> {
    const started = spawn(
      process.execPath,
      [IC_PROGRAM, '--port', '0', '--state', this.folder, '--quiet', ...options],
      {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#process = started;
    let complaint = '';
    started.stderr!.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    const first = await Promise.race([
      once(createInterface(started.stdout!), 'line'),
      once(started, 'exit').then(() => undefined),
    ]);
    if (!first) throw new Error(`The host did not start: ${complaint}`);
    Object.assign(this, JSON.parse(first[0] as string));
    this.agent = await this.agentOf(this.identity);
    return this;
  }

  agentOf(identity: Ed25519KeyIdentity): Promise<HttpAgent> {
    return HttpAgent.create({
      host: this.url,
      identity,
      shouldFetchRootKey: true,
      verifyQuerySignatures: true,
      retryTimes: 0,
    });
  }

  get management(): Management {
    return managementOf(this.agent);
  }

  /** Stops the process; SIGKILL leaves it no time for anything. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill(signal);
    await gone;
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async create(): Promise<Principal> {
    return (
      await this.management.provisional_create_canister_with_cycles({
        amount: [],
        settings: [],
        specified_id: [],
        sender_canister_version: [],
      })
    ).canister_id;
  }

  async install(canister: Principal, mode: object = { install: null }, wasm: Uint8Array = testWasm()): Promise<void> {
    await this.management.install_code({
      mode,
      canister_id: canister,
      wasm_module: wasm,
      arg: new Uint8Array(IDL.encode([], [])),
      sender_canister_version: [],
    });
  }

  /** A new test canister. */
  async deploy(): Promise<TestCanister> {
    const id = await this.create();
    await this.install(id);
    return this.canister(id);
  }

  canister(id: Principal, agent: HttpAgent = this.agent): TestCanister {
    return Object.assign(Actor.createActor(testCanister, { agent, canisterId: id }), { id }) as unknown as TestCanister;
  }
}

export function managementOf(agent: HttpAgent): Management {
  const service: IDL.InterfaceFactory = () =>
    IDL.Service(
      Object.fromEntries(
        Object.entries(METHODS).map(([name, [args, results]]) => [
          name,
          IDL.Func(
            args as never,
            results as never,
            ['fetch_canister_logs', 'list_canisters'].includes(name) ? ['query'] : [],
          ),
        ]),
      ),
    );
  return Actor.createActor(service, {
    agent,
    canisterId: Principal.managementCanister(),
    callTransform: (_method, args) => ({ effectiveCanisterId: effective(args[0]) }),
    queryTransform: (_method, args) => ({ effectiveCanisterId: effective(args[0]) }),
  }) as unknown as Management;
}

function effective(argument: unknown): Principal {
  const { canister_id, target_canister } = (argument ?? {}) as { canister_id?: Principal; target_canister?: Principal };
  return target_canister ?? canister_id ?? ANY;
}

export function testWasm(): Uint8Array {
  return new Uint8Array(readFileSync(testWasmPath()));
}

export function testWasmPath(): string {
  if (existsSync(WASM)) return WASM;
  throw new Error(
    `The test canister is not at ${WASM}; build it with infra/ic/test-canister/build.sh OUTPUT, or let ` +
      'LIVEPOD_IC_TEST_CANISTER name it.',
  );
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export async function until(what: string, met: () => Promise<boolean>, seconds = 20): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    if (await met()) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  throw new Error(`After ${seconds} s this is still not so: ${what}.`);
}
