import type { Access, Functions, Surroundings } from './access.js';
import { mustBeAnswerable, type Role } from './message.js';
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

/** The `ic0` imports of one instance (IC spec: System API). */
export function systemApi(instance: Instance, around: Surroundings): WebAssembly.Imports {
  const functions = functionsOf(accessTo(instance, around));
  const ic0: Record<string, (...args: never[]) => unknown> = {};
  for (const [name, [roles, cost, act]] of Object.entries(functions)) {
    const allowed = new Set((roles === '*' ? ALL : roles === '* s' ? `${ALL} s` : roles).split(' ') as Role[]);
    ic0[name] = (...args) => {
      const { role } = instance.message;
      if (!allowed.has(role)) throw new Trap('contractViolation', `"ic0_${name}" cannot be executed in ${WHERE[role]}`);
      instance.charge(cost);
      return act(...args);
    };
  }
  return { ic0: ic0 as WebAssembly.ModuleImports };
}

function functionsOf(access: Access): Functions {
  return { ...messageApi(access), ...canisterApi(access), ...callApi(access), ...stableApi(access), ...costApi(access) };
}

let names: Set<string> | undefined;

/** The first import of a module that the System API does not have. */
export function unknownImport(module: WebAssembly.Module): string | undefined {
  names ??= new Set(Object.keys(functionsOf({} as Access))); // the functions look at their access only when they run
  return WebAssembly.Module.imports(module).find(({ name }) => !names!.has(name))?.name;
}

const WHERE: Record<Role, string> = {
  I: 'init', G: 'pre_upgrade', U: 'update', RQ: 'replicated query', NRQ: 'non replicated query', TQ: 'transform', CQ: 'composite query',
  Ry: 'reply callback', Rt: 'reject callback', CRy: 'reply callback of a composite query', CRt: 'reject callback of a composite query',
  C: 'cleanup', CC: 'cleanup of a composite query', F: 'inspect message', T: 'system task', s: 'start',
};

function accessTo(instance: Instance, around: Surroundings): Access {
  const bytes = (address: number, length: number): Uint8Array => {
    const from = address >>> 0;
    const to = from + (length >>> 0);
    if (to > instance.bytes.length) throw new Trap('trapped', 'heap out of bounds');
    return instance.bytes.subarray(from, to);
  };
  return {
    instance,
    around,
    bytes,
    message: () => instance.message,
    text: (address, length) => new TextDecoder().decode(bytes(address, length)),
    copy: (target, offset, length, source) => {
      const from = offset >>> 0;
      const to = from + (length >>> 0);
      if (to > source.length) throw new Trap('contractViolation', `copy from offset ${from} of ${length >>> 0} bytes is beyond the ${source.length} there are`);
      instance.charge(length >>> 0);
      bytes(target, length).set(source.subarray(from, to));
    },
    amount: (target, value) => {
      const to = bytes(target, 16);
      const view = new DataView(to.buffer, to.byteOffset, 16);
      view.setBigUint64(0, value & 0xffff_ffff_ffff_ffffn, true);
      view.setBigUint64(8, value >> 64n, true);
    },
  };
}

function blob(access: Access, roles: string, name: string, read: () => Uint8Array): Functions {
  return {
    [`${name}_size`]: [roles, COST, () => read().length],
    [`${name}_copy`]: [roles, COST, (target: number, offset: number, length: number) => access.copy(target, offset, length, read())],
  };
}

function messageApi(access: Access): Functions {
  const { message } = access;
  const withInfo = 'U RQ NRQ CQ Ry Rt CRy CRt C CC F';
  const nothing = new Uint8Array();
  return {
    ...blob(access, 'I U RQ NRQ TQ CQ Ry CRy F', 'msg_arg_data', () => message().arg),
    ...blob(access, ALL, 'msg_caller', () => message().caller),
    ...blob(access, withInfo, 'msg_caller_info_data', () => message().callerInfo?.info ?? nothing),
    ...blob(access, withInfo, 'msg_caller_info_signer', () => message().callerInfo?.signer ?? nothing),
    ...blob(access, 'Rt CRt', 'msg_reject_msg', () => new TextEncoder().encode(message().rejectMessage)),
    ...blob(access, 'F', 'msg_method_name', () => new TextEncoder().encode(message().method)),
    msg_reject_code: ['Ry Rt CRy CRt C', COST, () => message().rejectCode],
    msg_deadline: ['U RQ NRQ CQ Ry Rt CRy CRt', COST, () => message().deadline],
    accept_message: ['F', COST, () => {
      if (message().accepted) throw new Trap('contractViolation', 'ic0.accept_message called more than once');
      message().accepted = true;
    }],
    msg_reply_data_append: [ANSWERING, COST, (address: number, length: number) => {
      const { reply, role } = message();
      mustBeAnswerable(message());
      access.instance.charge(length >>> 0);
      reply.push(access.bytes(address, length).slice());
      const most = role === 'NRQ' || role.startsWith('CQ') || role.startsWith('CR') ? MAX_QUERY_REPLY : MAX_REPLY;
      if (reply.reduce((sum, part) => sum + part.length, 0) > most) throw new Trap('contractViolation', `a reply must not exceed ${most} bytes`);
    }],
    msg_reply: [ANSWERING, COST, () => {
      mustBeAnswerable(message());
      message().answer = { kind: 'reply', data: new Uint8Array(Buffer.concat(message().reply)) };
    }],
    msg_reject: [ANSWERING, COST, (address: number, length: number) => {
      mustBeAnswerable(message());
      message().answer = { kind: 'reject', message: access.text(address, length) };
    }],
    debug_print: ['* s', 100, (address: number, length: number) => { message().log.push(access.text(address, length)); }],
    trap: ['* s', COST, (address: number, length: number) => { throw new Trap('calledTrap', access.text(address, length)); }],
  };
}

function canisterApi(access: Access): Functions {
  const { message, around, instance } = access;
  const variable = (name: string): { name: string; value: string } => {
    const found = around.environment().find((one) => one.name === name);
    if (!found) throw new Trap('contractViolation', `there is no environment variable '${name}'`);
    return found;
  };
  const nameAt = (index: number): Uint8Array => {
    const found = around.environment()[index >>> 0];
    if (!found) throw new Trap('contractViolation', `there is no environment variable ${index >>> 0}`);
    return new TextEncoder().encode(found.name);
  };
  const certificate = (): Uint8Array => {
    const made = message().certificate?.();
    if (!made) throw new Trap('contractViolation', 'there is no data certificate here: ask ic0.data_certificate_present first');
    return made;
  };
  return {
    ...blob(access, ALL, 'canister_self', () => around.self),
    ...blob(access, ALL, 'subnet_self', () => around.subnetId),
    ...blob(access, 'I G U RQ Ry Rt C T', 'root_key', () => around.rootKey),
    ...blob(access, 'NRQ CQ', 'data_certificate', certificate),
    subnet_self_node_count: [ALL, COST, () => 1],
    data_certificate_present: [ALL, COST, () => (message().certificate ? 1 : 0)],
    certified_data_set: ['I G U Ry Rt T', COST, (address: number, length: number) => {
      if (length >>> 0 > 32) throw new Trap('contractViolation', 'certified data must not exceed 32 bytes');
      message().certified = access.bytes(address, length).slice();
    }],
    canister_status: [ALL, COST, () => around.status()],
    canister_version: [ALL, COST, () => around.version()],
    time: [ALL, COST, () => message().time],
    global_timer_set: ['I G U Ry Rt C T', COST, (timestamp: bigint) => {
      const before = message().timer ?? around.timer();
      message().timer = BigInt.asUintN(64, timestamp);
      return before;
    }],
    performance_counter: ['* s', 200, (type: number) => {
      if (type === 0) return instance.used();
      if (type === 1) return instance.used() + message().contextInstructions;
      throw new Trap('contractViolation', `there is no performance counter of type ${type}`);
    }],
    is_controller: ['* s', 1000, (address: number, length: number) => (around.isController(access.bytes(address, length)) ? 1 : 0)],
    in_replicated_execution: ['* s', COST, () => (['NRQ', 'CQ', 'CRy', 'CRt', 'CC', 'F', 'TQ'].includes(message().role) ? 0 : 1)],
    env_var_count: [ALL, COST, () => around.environment().length],
    env_var_name_size: [ALL, COST, (index: number) => nameAt(index).length],
    env_var_name_copy: [ALL, COST, (index: number, target: number, offset: number, length: number) => access.copy(target, offset, length, nameAt(index))],
    env_var_name_exists: [ALL, COST, (address: number, length: number) => {
      const name = access.text(address, length);
      return around.environment().some((one) => one.name === name) ? 1 : 0;
    }],
    env_var_value_size: [ALL, COST, (address: number, length: number) => Buffer.byteLength(variable(access.text(address, length)).value)],
    env_var_value_copy: [ALL, COST, (address: number, nameLength: number, target: number, offset: number, length: number) =>
      access.copy(target, offset, length, new TextEncoder().encode(variable(access.text(address, nameLength)).value))],
  };
}
