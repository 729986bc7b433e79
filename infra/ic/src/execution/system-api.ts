import { SIGNATURES } from '../wasm/imports.js';
import type { Access, Functions, Surroundings } from './access.js';
import { ALL, wrongContext } from './contexts.js';
import type { Instance } from './instance.js';
import type { Role } from './message.js';
import { callApi } from './system-api-calls.js';
import { canisterApi } from './system-api-canister.js';
import { costApi } from './system-api-costs.js';
import { cyclesApi } from './system-api-cycles.js';
import { messageApi } from './system-api-message.js';
import { stableApi } from './system-api-stable.js';
import { Trap } from './trap.js';

/** The `ic0` imports of one instance (IC spec: System API). */
export function systemApi(instance: Instance, around: Surroundings): WebAssembly.Imports {
  const functions = functionsOf(accessTo(instance, around));
  const ic0: Record<string, (...args: never[]) => unknown> = {};
  for (const [name, [roles, cost, act]] of Object.entries(functions)) {
    const allowed = new Set((roles === '*' ? ALL : roles === '* s' ? `${ALL} s` : roles).split(' ') as Role[]);
    const [takes, gives] = conversions(name, instance.module.wide);
    ic0[name] = (...args) => {
      if (!allowed.has(instance.message.role)) throw wrongContext(name, instance.message);
      instance.charge(cost);
      for (let at = 0; at < takes.length; at += 1) args[at] = takes[at]!(args[at]!) as never;
      return gives(act(...args));
    };
  }
  return { ic0: ic0 as WebAssembly.ModuleImports };
}

type Value = number | bigint;

/**
 * From Wasm's values, and back to them. However wide addresses and sizes are to the module, they are numbers without a
 * sign to the functions here; far beyond any memory they lose precision, and are still beyond it.
 */
function conversions(
  name: string,
  wide: boolean,
): [takes: ((value: Value) => Value)[], gives: (result: Value | void) => Value | void] {
  const [params, result] = SIGNATURES[name]!.split(':') as [string, string];
  const same = <T>(value: T): T => value;
  const unsigned = (value: Value): number => (value as number) >>> 0;
  const exact = (value: Value): bigint => (wide ? BigInt.asUintN(64, value as bigint) : BigInt(unsigned(value)));
  const address = wide ? (value: Value): number => Number(exact(value)) : unsigned;
  const takes = { i: unsigned, I: same<Value>, p: address, e: exact };
  return [
    [...params].map((kind) => takes[kind as keyof typeof takes]),
    result === 'p' && wide ? (size) => BigInt(size as number) : same,
  ];
}

function functionsOf(access: Access): Functions {
  return {
    ...messageApi(access),
    ...canisterApi(access),
    ...cyclesApi(access),
    ...callApi(access),
    ...stableApi(access),
    ...costApi(access),
  };
}

function accessTo(instance: Instance, around: Surroundings): Access {
  const bytes = (what: string, address: number, length: number): Uint8Array =>
    part(what, instance.bytes, address, length);
  return {
    instance,
    around,
    bytes,
    message: () => instance.message,
    text: (what, address, length) => new TextDecoder().decode(bytes(what, address, length)),
    copy: (name, called, target, offset, length, source) => {
      instance.charge(length);
      const to = bytes(`ic0.${name} heap`, target, length);
      to.set(part(`ic0.${name} ${called}`, source, offset, length));
      instance.wrote(target, to.length);
    },
    amount: (name, to, value) => {
      const { bytes: heap } = instance;
      if (to + 16 > heap.length) {
        throw new Trap(
          'contractViolation',
          `ic0_${name} failed because dst + size is out of bounds.Found dst = ${to} and size = 16 while must ` +
            `be <= ${heap.length}`,
        );
      }
      const view = new DataView(heap.buffer, heap.byteOffset + to, 16);
      view.setBigUint64(0, value & 0xffff_ffff_ffff_ffffn, true);
      view.setBigUint64(8, value >> 64n, true);
      instance.wrote(to, 16);
    },
  };
}

/** @throws Trap `contractViolation`, in the replica's words, beyond the end */
function part(what: string, source: Uint8Array, from: number, size: number): Uint8Array {
  if (from + size > source.length)
    throw new Trap(
      'contractViolation',
      `${what}: src=${from} + length=${size} exceeds the slice size=${source.length}`,
    );
  return source.subarray(from, from + size);
}
