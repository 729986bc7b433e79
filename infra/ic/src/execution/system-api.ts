import {
  INVALID_PRINCIPAL,
  MAX_PRINCIPAL,
  strictText,
  type Access,
  type Functions,
  type Surroundings,
} from './access.js';
import { SIGNATURES } from '../wasm/imports.js';
import type { Message, Role } from './message.js';
import type { Instance } from './instance.js';
import { Trap } from './trap.js';
import { callApi } from './system-api-calls.js';
import { costApi } from './system-api-costs.js';
import { stableApi } from './system-api-stable.js';

const ALL = 'I G U RQ NRQ TQ CQ Ry Rt CRy CRt C CC F T';
const ANSWERING = 'U RQ NRQ TQ CQ Ry Rt CRy CRt';
const COST = 500;
const MAX_REPLY = 2 << 20;
const MAX_QUERY_REPLY = 3 << 20;
const MAX_SAID = 32 << 10;
const MAX_CERTIFIED = 32;
/** Bytes of an environment variable's name. */
const MAX_VARIABLE_NAME = 128;

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
    ...callApi(access),
    ...stableApi(access),
    ...costApi(access),
  };
}

/** The replica's names of the contexts. */
const WHERE: Record<Role, string> = {
  I: 'init',
  G: 'pre upgrade',
  U: 'update',
  RQ: 'replicated query',
  NRQ: 'non replicated query',
  TQ: 'non replicated query',
  CQ: 'composite query',
  Ry: 'reply callback',
  Rt: 'reject callback',
  CRy: 'composite reply callback',
  CRt: 'composite reject callback',
  C: 'cleanup',
  CC: 'composite cleanup',
  F: 'inspect message',
  T: 'system task',
  s: 'start',
};
const TASKS: Record<string, string> = {
  canister_heartbeat: 'heartbeat',
  canister_global_timer: 'global timer',
  canister_on_low_wasm_memory: 'on low Wasm memory',
};

function wrongContext(name: string, { role, method }: Message): Trap {
  return new Trap(
    'contractViolation',
    `"ic0_${name}" cannot be executed in ${role === 'T' ? (TASKS[method] ?? WHERE.T) : WHERE[role]} mode`,
  );
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

/** The two functions of a blob. @param called  what it is called when its end is passed */
function blob(access: Access, roles: string, name: string, called: string, read: () => Uint8Array): Functions {
  return {
    [`${name}_size`]: [roles, COST, () => read().length],
    [`${name}_copy`]: [
      roles,
      COST,
      (target: number, offset: number, length: number) =>
        access.copy(`${name}_copy`, called, target, offset, length, read()),
    ],
  };
}

function messageApi(access: Access): Functions {
  const { message } = access;
  /** What is printed or said when trapping: at most 32 KiB, and nothing where there is no memory. */
  const said = (from: number, length: number): string | undefined => {
    const size = Math.min(length, MAX_SAID);
    return from + size > access.instance.bytes.length ? undefined : access.text('', from, size);
  };
  const withInfo = 'U RQ NRQ CQ Ry Rt CRy CRt C CC F';
  const nothing = new Uint8Array();
  return {
    ...blob(access, 'I U RQ NRQ TQ CQ Ry CRy F', 'msg_arg_data', 'payload', () => message().arg),
    ...blob(access, ALL, 'msg_caller', 'id', () => message().caller),
    ...blob(access, withInfo, 'msg_caller_info_data', 'data', () => message().callerInfo?.info ?? nothing),
    ...blob(access, withInfo, 'msg_caller_info_signer', 'signer', () => message().callerInfo?.signer ?? nothing),
    ...blob(access, 'Rt CRt', 'msg_reject_msg', 'msg', () => new TextEncoder().encode(message().rejectMessage)),
    ...blob(access, 'F', 'msg_method_name', 'payload', () => new TextEncoder().encode(message().method)),
    msg_reject_code: ['Ry Rt CRy CRt C', COST, () => message().rejectCode],
    msg_deadline: ['U RQ NRQ CQ Ry Rt CRy CRt', COST, () => message().deadline],
    accept_message: [
      'F',
      COST,
      () => {
        if (message().accepted)
          throw new Trap('contractViolation', 'ic0.accept_message: the function was already called.');
        message().accepted = true;
      },
    ],
    msg_reply_data_append: [
      ANSWERING,
      COST,
      (address: number, length: number) => {
        mustBeAnswerable(message(), 'ic0.msg_reply_data_append: the call is already replied.');
        const { reply } = message();
        const size = reply.reduce((sum, one) => sum + one.length, 0) + length;
        const most = maxReply(message());
        if (size > most)
          throw new Trap(
            'contractViolation',
            `ic0.msg_reply_data_append: application payload size (${size}) cannot be larger than ${most}.`,
          );
        access.instance.charge(length);
        reply.push(access.bytes('msg.reply', address, length).slice());
      },
    ],
    msg_reply: [
      ANSWERING,
      COST,
      () => {
        mustBeAnswerable(message(), 'ic0.msg_reply: the call is already replied');
        message().answer = { kind: 'reply', data: new Uint8Array(Buffer.concat(message().reply)) };
      },
    ],
    msg_reject: [
      ANSWERING,
      COST,
      (address: number, length: number) => {
        mustBeAnswerable(message(), 'ic0.msg_reject: the call is already replied');
        const most = maxReply(message());
        if (length > most)
          throw new Trap(
            'contractViolation',
            `ic0.msg_reject: application payload size (${length}) cannot be larger than ${most}.`,
          );
        access.instance.charge(length);
        const text = strictText(
          access.bytes('ic0.msg_reject', address, length),
          'ic0.msg_reject: invalid UTF-8 string provided',
        );
        message().answer = { kind: 'reject', message: text };
      },
    ],
    debug_print: [
      '* s',
      100,
      (address: number, length: number) => {
        access.instance.charge(length);
        message().log.push(said(address, length) ?? '(debug_print message out of memory bounds)');
      },
    ],
    trap: [
      '* s',
      COST,
      (address: number, length: number) => {
        throw new Trap('calledTrap', said(address, length) ?? '(trap message out of memory bounds)');
      },
    ],
  };
}

/** @throws Trap `contractViolation` unless the message may still answer */
function mustBeAnswerable(message: Message, complaint: string): void {
  if (!message.answerable || message.answer) throw new Trap('contractViolation', complaint);
}

/** Bytes. */
function maxReply({ role }: Message): number {
  return role === 'NRQ' || role.startsWith('CQ') || role.startsWith('CR') ? MAX_QUERY_REPLY : MAX_REPLY;
}

function canisterApi(access: Access): Functions {
  const { message, around, instance } = access;
  const nameOf = (function_: string, address: number, length: number): string => {
    if (length > MAX_VARIABLE_NAME)
      throw new Trap('contractViolation', `ic0.${function_}: Variable name is too large.`);
    const bytes = access.bytes(
      `ic0.${function_} ${function_ === 'env_var_value_copy' ? 'name' : 'heap'}`,
      address,
      length,
    );
    return strictText(bytes, `ic0.${function_}: Variable name is not a valid UTF-8 string.`);
  };
  const valueOf = (name: string): Uint8Array => {
    const found = around.environment().find((one) => one.name === name);
    if (!found) throw new Trap('environment', `Environment variable ${name} not found.`);
    return new TextEncoder().encode(found.value);
  };
  const nameAt = (index: number): Uint8Array => {
    const variables = around.environment();
    const found = variables[index];
    if (!found)
      throw new Trap(
        'environment',
        `Environment variable index ${index} is out of bounds. The number of environment variables is ` +
          `${variables.length}.`,
      );
    return new TextEncoder().encode(found.name);
  };
  const certificate = (name: string): Uint8Array => {
    const made = message().certificate?.();
    if (!made) throw wrongContext(name, message());
    return made;
  };
  return {
    ...blob(access, ALL, 'canister_self', 'id', () => around.self),
    ...blob(access, ALL, 'subnet_self', 'id', () => around.subnetId),
    ...blob(access, 'I G U RQ Ry Rt C T', 'root_key', 'bytes', () => around.rootKey),
    data_certificate_size: ['NRQ CQ', COST, () => certificate('data_certificate_size').length],
    data_certificate_copy: [
      'NRQ CQ',
      COST,
      (target: number, offset: number, length: number) =>
        access.copy(
          'data_certificate_copy',
          'certificate',
          target,
          offset,
          length,
          certificate('data_certificate_copy'),
        ),
    ],
    subnet_self_node_count: [ALL, COST, () => 1],
    data_certificate_present: [ALL, COST, () => (message().certificate ? 1 : 0)],
    certified_data_set: [
      'I G U Ry Rt T',
      COST,
      (from: number, size: number) => {
        if (size > MAX_CERTIFIED) {
          throw new Trap(
            'contractViolation',
            `ic0_certified_data_set failed because the passed data must be no larger than ${MAX_CERTIFIED} ` +
              `bytes. Found ${size} bytes.`,
          );
        }
        const heap = instance.bytes;
        if (from + size > heap.length) {
          throw new Trap(
            'contractViolation',
            `ic0_certified_data_set failed because src + size is out of bounds. Found src = ${from} and size ` +
              `= ${size} while src + size must be <= ${heap.length}`,
          );
        }
        message().certified = heap.slice(from, from + size);
      },
    ],
    canister_status: [ALL, COST, () => around.status()],
    canister_version: [ALL, COST, () => around.version()],
    time: [ALL, COST, () => message().time],
    global_timer_set: [
      'I G U Ry Rt C T',
      COST,
      (timestamp: bigint) => {
        const before = message().timer ?? around.timer();
        message().timer = BigInt.asUintN(64, timestamp);
        return before;
      },
    ],
    performance_counter: [
      '* s',
      200,
      (type: number) => {
        if (type === 0) return instance.used();
        if (type === 1) return instance.used() + message().contextInstructions;
        throw new Trap('contractViolation', `Error getting performance counter type ${type}`);
      },
    ],
    is_controller: [
      '* s',
      1000,
      (address: number, length: number) => {
        const principal = access.bytes('ic0.is_controller', address, length);
        if (principal.length > MAX_PRINCIPAL) throw new Trap('invalidPrincipal', INVALID_PRINCIPAL);
        return around.isController(principal) ? 1 : 0;
      },
    ],
    in_replicated_execution: [
      '* s',
      COST,
      () => (['NRQ', 'CQ', 'CRy', 'CRt', 'CC', 'F', 'TQ'].includes(message().role) ? 0 : 1),
    ],
    env_var_count: [ALL, COST, () => around.environment().length],
    env_var_name_size: [ALL, COST, (index: number) => nameAt(index).length],
    env_var_name_copy: [
      ALL,
      COST,
      (index: number, target: number, offset: number, length: number) =>
        access.copy('env_var_name_copy', 'name', target, offset, length, nameAt(index)),
    ],
    env_var_name_exists: [
      ALL,
      COST,
      (address: number, length: number) => {
        const name = nameOf('env_var_name_exists', address, length);
        return around.environment().some((one) => one.name === name) ? 1 : 0;
      },
    ],
    env_var_value_size: [
      ALL,
      COST,
      (address: number, length: number) => valueOf(nameOf('env_var_value_size', address, length)).length,
    ],
    env_var_value_copy: [
      ALL,
      COST,
      (address: number, nameLength: number, target: number, offset: number, length: number) =>
        access.copy(
          'env_var_value_copy',
          'value',
          target,
          offset,
          length,
          valueOf(nameOf('env_var_value_copy', address, nameLength)),
        ),
    ],
  };
}
