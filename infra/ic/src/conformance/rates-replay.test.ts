import { IDL } from '@dfinity/candid';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Host } from '../host.js';
import { METHODS, type MethodName } from '../management/candid.js';
import { canisterId, MANAGEMENT, principalOf, type Id } from '../subnet/principals.js';
import type { Limits } from '../subnet/subnet.js';
import { CALLER } from '../testing/little-subnet.js';
import { IMPORTS, importIndex, SYSTEM_API } from '../testing/system-api-table.js';
import { callWith, i32, i64, op, wasmModule } from '../testing/wasm-writer.js';

const ic0 = (name: string, args: readonly (number | bigint)[] = []): number[] =>
  callWith(importIndex(name), SYSTEM_API[name]![0], args);
const ID = canisterId(0x0200_0000n);
const MIB = 1 << 20;
/** Writes 64 MiB, page by page. */
const writing = [
  ...i32(0),
  0x24,
  0,
  0x03,
  0x40,
  0x23,
  0,
  0xad,
  ...i64(65_536n),
  0x7e,
  ...i64(0n),
  ...i64(65_536n),
  ...op.call(importIndex('stable64_write')),
  0x23,
  0,
  ...i32(1),
  0x6a,
  0x24,
  0,
  0x23,
  0,
  ...i32(1024),
  0x49,
  0x0d,
  0,
  0x0b,
];
const wasm = wasmModule({
  imports: IMPORTS,
  memory: 1,
  globals: 1,
  functions: [
    { exports: ['canister_init'], code: ic0('stable64_grow', [1024n]) },
    { exports: ['canister_update w'], code: [...writing, ...ic0('msg_reply')] },
    { exports: ['canister_update u'], code: [...ic0('global_timer_set', [0n]), ...ic0('msg_reply')] },
  ],
});

describe('rates and the journal', () => {
  const folders: string[] = [];
  const hosts: Host[] = [];
  const folder = (): string => folders[folders.push(mkdtempSync(join(tmpdir(), 'livepod-ic-rates-'))) - 1]!;
  afterAll(async () => {
    for (const host of hosts) await host.close();
    for (const one of folders) rmSync(one, { recursive: true, force: true });
  });

  /** A paused host whose clock stands still: rounds by hand. */
  function open(state: string, limits: Partial<Limits> = {}): Host {
    const host = Host.open({ state, limits });
    host.pause();
    host.clock.stop();
    hosts.push(host);
    return host;
  }

  /** Another host on what the disk has now, as after SIGKILL. */
  function again(host: Host, limits: Partial<Limits> = {}): Host {
    const copy = folder();
    cpSync(host.folder, copy, { recursive: true, filter: (path) => !path.endsWith('/lock') });
    return open(copy, limits);
  }

  const send = (host: Host, to: Id, method: string, arg = new Uint8Array()): void =>
    void host.call(
      {
        requestId: randomBytes(32).toString('hex'),
        sender: CALLER.toUint8Array(),
        to,
        effective: to === MANAGEMENT ? ID : to,
        method,
        arg,
        expiry: host.now() + 100_000_000_000n,
      },
      0,
    );
  const manage = (host: Host, method: MethodName, argument: unknown): void =>
    send(host, MANAGEMENT, method, new Uint8Array(IDL.encode(METHODS[method][0] as IDL.Type[], [argument])));

  async function withWriter(limits: Partial<Limits> = {}): Promise<Host> {
    const host = open(folder(), limits);
    manage(host, 'provisional_create_canister_with_cycles', {
      amount: [10n ** 17n],
      settings: [],
      specified_id: [principalOf(ID)],
      sender_canister_version: [],
    });
    manage(host, 'install_code', {
      mode: { install: null },
      canister_id: principalOf(ID),
      wasm_module: wasm,
      arg: new Uint8Array(),
      sender_canister_version: [],
    });
    await host.step();
    expect(host.subnet.canisters.get(ID)?.module).toBeDefined();
    return host;
  }

  const seen = ({ subnet: { state, canisters } }: Host): unknown => {
    const { limits: _, ...rest } = state;
    const { instance: __, ...canister } = canisters.get(ID)!;
    return { rest, state: canister.state };
  };

  it('come to the same debts and the same waiting messages after a kill', async () => {
    const host = await withWriter();
    for (const method of ['w', 'w', 'w', 'u']) send(host, ID, method);
    await host.step();
    const { subnet } = host;
    expect(subnet.canisters.get(ID)!.state.debits).toEqual({ heapDelta: 53 * MIB, install: 0n });
    expect(subnet.state.queue.length).toBe(2);
    expect(subnet.state.heapDelta?.bytes).toEqual(128 * MIB);
    expect(seen(again(host))).toEqual(seen(host));
    host.clock.set(host.now() + 700_000_000n, subnet.state.time);
    await host.step();
    expect(subnet.canisters.get(ID)!.state.debits).toEqual({ heapDelta: expect.any(Number), install: 0n });
    expect(subnet.state.queue.length).toBe(0);
    expect(seen(again(host))).toEqual(seen(host));
  });

  it('are those that held when a round was executed, whatever a later start asks for', async () => {
    const host = await withWriter({ rates: 'off' });
    for (const method of ['w', 'w', 'w', 'u']) send(host, ID, method);
    await host.step();
    expect(host.subnet.state.queue).toHaveLength(0);
    const limited = again(host);
    expect(seen(limited)).toEqual(seen(host));
    expect(limited.subnet.state.limits.rates).toBe('seconds');
    for (const method of ['w', 'w', 'u']) send(limited, ID, method);
    await limited.step();
    expect(limited.subnet.state.queue).toHaveLength(1);
    expect(seen(again(limited, { rates: 'off' }))).toEqual(seen(limited));
  });
});
