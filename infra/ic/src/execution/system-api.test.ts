import { Instrumenter } from '../wasm/instrumenter.js';
import { readModule } from '../wasm/module.js';
import { Instance } from './instance.js';
import { newMessage, type Role } from './message.js';
import { StableMemory } from './stable-memory.js';
import type { Surroundings } from './access.js';
import { systemApi } from './system-api.js';

const ROLES: Role[] = ['I', 'G', 'U', 'RQ', 'NRQ', 'TQ', 'CQ', 'Ry', 'Rt', 'CRy', 'CRt', 'C', 'CC', 'F', 'T', 's'];
const EVERYWHERE = 'I G U RQ NRQ TQ CQ Ry Rt CRy CRt C CC F T';
const ALSO_AT_START = `${EVERYWHERE} s`;
const ANSWERING = 'U RQ NRQ TQ CQ Ry Rt CRy CRt';
const CALLING = 'U CQ Ry Rt CRy CRt T';
const CHANGING = 'I G U Ry Rt C T';
const INFO = 'U RQ NRQ CQ Ry Rt CRy CRt C CC F';
const SPENDING = 'I G U RQ Ry Rt C T';

/** IC spec: System API imports. Signatures: i is i32, I is i64; the result after the colon. */
const TABLE: Record<string, [signature: string, roles: string]> = {
  msg_arg_data_size: [':i', 'I U RQ NRQ TQ CQ Ry CRy F'], msg_arg_data_copy: ['iii:', 'I U RQ NRQ TQ CQ Ry CRy F'],
  msg_caller_size: [':i', EVERYWHERE], msg_caller_copy: ['iii:', EVERYWHERE],
  msg_caller_info_data_size: [':i', INFO], msg_caller_info_data_copy: ['iii:', INFO], msg_caller_info_signer_size: [':i', INFO], msg_caller_info_signer_copy: ['iii:', INFO],
  msg_reject_code: [':i', 'Ry Rt CRy CRt C'], msg_reject_msg_size: [':i', 'Rt CRt'], msg_reject_msg_copy: ['iii:', 'Rt CRt'], msg_deadline: [':I', 'U RQ NRQ CQ Ry Rt CRy CRt'],
  msg_reply_data_append: ['ii:', ANSWERING], msg_reply: [':', ANSWERING], msg_reject: ['ii:', ANSWERING],
  msg_cycles_available: [':I', 'U RQ Ry Rt'], msg_cycles_available128: ['i:', 'U RQ Ry Rt'], msg_cycles_refunded: [':I', 'Ry Rt'], msg_cycles_refunded128: ['i:', 'Ry Rt'],
  msg_cycles_accept: ['I:I', 'U RQ Ry Rt'], msg_cycles_accept128: ['IIi:', 'U RQ Ry Rt'], cycles_burn128: ['IIi:', SPENDING],
  canister_self_size: [':i', EVERYWHERE], canister_self_copy: ['iii:', EVERYWHERE], subnet_self_size: [':i', EVERYWHERE], subnet_self_copy: ['iii:', EVERYWHERE],
  canister_cycle_balance: [':I', EVERYWHERE], canister_cycle_balance128: ['i:', EVERYWHERE], canister_liquid_cycle_balance128: ['i:', EVERYWHERE],
  canister_status: [':i', EVERYWHERE], canister_version: [':I', EVERYWHERE], root_key_size: [':i', SPENDING], root_key_copy: ['iii:', SPENDING],
  msg_method_name_size: [':i', 'F'], msg_method_name_copy: ['iii:', 'F'], accept_message: [':', 'F'],
  call_new: ['iiiiiiii:', CALLING], call_on_cleanup: ['ii:', CALLING], call_data_append: ['ii:', CALLING], call_with_best_effort_response: ['i:', CALLING],
  call_cycles_add: ['I:', 'U Ry Rt T'], call_cycles_add128: ['II:', 'U Ry Rt T'], call_perform: [':i', CALLING],
  stable64_size: [':I', ALSO_AT_START], stable64_grow: ['I:I', ALSO_AT_START], stable64_read: ['III:', ALSO_AT_START], stable64_write: ['III:', ALSO_AT_START],
  stable_size: [':i', ALSO_AT_START], stable_grow: ['i:i', ALSO_AT_START], stable_read: ['iii:', ALSO_AT_START], stable_write: ['iii:', ALSO_AT_START],
  certified_data_set: ['ii:', 'I G U Ry Rt T'], data_certificate_present: [':i', EVERYWHERE], data_certificate_size: [':i', 'NRQ CQ'], data_certificate_copy: ['iii:', 'NRQ CQ'],
  time: [':I', EVERYWHERE], global_timer_set: ['I:I', CHANGING], performance_counter: ['i:I', ALSO_AT_START], is_controller: ['ii:i', ALSO_AT_START],
  in_replicated_execution: [':i', ALSO_AT_START], env_var_count: [':i', EVERYWHERE], env_var_name_exists: ['ii:i', EVERYWHERE],
  cost_call: ['IIi:', ALSO_AT_START], cost_create_canister: ['i:', ALSO_AT_START], cost_http_request: ['IIi:', ALSO_AT_START],
  cost_sign_with_ecdsa: ['iiii:i', ALSO_AT_START], cost_sign_with_schnorr: ['iiii:i', ALSO_AT_START], cost_vetkd_derive_key: ['iiii:i', ALSO_AT_START],
  debug_print: ['ii:', ALSO_AT_START], trap: ['ii:', ALSO_AT_START],
};

/** A module with one update method per function, which calls it with zeros. */
function callers(): Uint8Array {
  const entries = Object.entries(TABLE);
  const types = entries.map(([, [signature]]) => {
    const [params, results] = signature.split(':').map((part) => [...part!].map((one) => (one === 'i' ? 0x7f : 0x7e)));
    return [0x60, params!.length, ...params!, results!.length, ...results!];
  });
  const nothing = entries.length;
  const bodies = entries.map(([, [signature]], index) => {
    const [params, results] = signature.split(':') as [string, string];
    const code = [0, ...[...params].flatMap((one) => [one === 'i' ? 0x41 : 0x42, 0]), 0x10, ...leb(index), ...(results ? [0x1a] : []), 0x0b];
    return [...leb(code.length), ...code];
  });
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [...types, [0x60, 0, 0]]),
    ...section(2, entries.map(([name], index) => [...text('ic0'), ...text(name), 0, ...leb(index)])),
    ...section(3, entries.map(() => leb(nothing))),
    ...section(5, [[0, 1]]),
    ...section(7, entries.map(([name], index) => [...text(`canister_update ${name}`), 0, ...leb(entries.length + index)])),
    ...section(10, bodies),
  ]);
}

function section(id: number, items: number[][]): number[] {
  const content = [...leb(items.length), ...items.flat()];
  return [id, ...leb(content.length), ...content];
}

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)];
}

function text(value: string): number[] {
  return [value.length, ...Buffer.from(value)];
}

const around: Surroundings = {
  self: new Uint8Array(10), subnetId: new Uint8Array(29), rootKey: new Uint8Array(133), stable: () => new StableMemory(), status: () => 1, version: () => 1n,
  isController: () => false, freezingThreshold: () => 0n, timer: () => 0n, environment: () => [], maySend: () => true,
};

describe('System API', () => {
  const module = readModule(new Uint8Array(32), new Instrumenter().rewrite(callers()), 0);
  const instance = new Instance(module, (one) => systemApi(one, around));
  const outcome = (name: string, role: Role): string =>
    instance.run(newMessage({ role, time: 1n, balance: 10n, instructionLimit: 1_000_000n, answerable: true }), `canister_update ${name}`)?.message ?? 'returned';

  it.each(Object.entries(TABLE))('%s runs in its roles, and traps elsewhere', (name, [, roles]) => {
    const found = ROLES.filter((role) => !outcome(name, role).includes('cannot be executed in'));
    expect(found).toEqual(ROLES.filter((role) => roles.split(' ').includes(role)));
  });

  it('has every function that a module may import, and no others', () => {
    const { ic0 } = systemApi(instance, around);
    const without = ['subnet_self_node_count', 'env_var_name_size', 'env_var_name_copy', 'env_var_value_size', 'env_var_value_copy'];
    expect(Object.keys(ic0!).sort()).toEqual([...Object.keys(TABLE), ...without].sort());
  });
});
