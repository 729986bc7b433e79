import { callWith } from './wasm-writer.js';

const EVERYWHERE = 'I G U RQ NRQ TQ CQ Ry Rt CRy CRt C CC F T';
const ALSO_AT_START = `${EVERYWHERE} s`;
const ANSWERING = 'U RQ NRQ TQ CQ Ry Rt CRy CRt';
const CALLING = 'U CQ Ry Rt CRy CRt T';
const CHANGING = 'I G U Ry Rt C T';
const INFO = 'U RQ NRQ CQ Ry Rt CRy CRt C CC F';
const SPENDING = 'I G U RQ Ry Rt C T';

/**
 * Every import of the System API with its signature and the roles in which it may be called (IC spec: System API
 * imports). i is i32, I is i64, p is as wide as an address, e too, with all its bits; the result after the colon.
 * `subnet_self_node_count` and `cost_http_request_v2` are of the crate ic0 1.2, `mint_cycles128` the replica's own.
 */
export const SYSTEM_API: Record<string, [signature: string, roles: string]> = {
  msg_arg_data_size: [':p', 'I U RQ NRQ TQ CQ Ry CRy F'],
  msg_arg_data_copy: ['ppp:', 'I U RQ NRQ TQ CQ Ry CRy F'],
  msg_caller_size: [':p', EVERYWHERE],
  msg_caller_copy: ['ppp:', EVERYWHERE],
  msg_caller_info_data_size: [':p', INFO],
  msg_caller_info_data_copy: ['ppp:', INFO],
  msg_caller_info_signer_size: [':p', INFO],
  msg_caller_info_signer_copy: ['ppp:', INFO],
  msg_reject_code: [':i', 'Ry Rt CRy CRt C'],
  msg_reject_msg_size: [':p', 'Rt CRt'],
  msg_reject_msg_copy: ['ppp:', 'Rt CRt'],
  msg_deadline: [':I', 'U RQ NRQ CQ Ry Rt CRy CRt'],
  msg_reply_data_append: ['pp:', ANSWERING],
  msg_reply: [':', ANSWERING],
  msg_reject: ['pp:', ANSWERING],
  msg_cycles_available: [':I', 'U RQ Ry Rt'],
  msg_cycles_available128: ['p:', 'U RQ Ry Rt'],
  msg_cycles_refunded: [':I', 'Ry Rt'],
  msg_cycles_refunded128: ['p:', 'Ry Rt'],
  msg_cycles_accept: ['I:I', 'U RQ Ry Rt'],
  msg_cycles_accept128: ['IIp:', 'U RQ Ry Rt'],
  cycles_burn128: ['IIp:', SPENDING],
  mint_cycles128: ['IIp:', 'U Ry Rt T'],
  canister_self_size: [':p', EVERYWHERE],
  canister_self_copy: ['ppp:', EVERYWHERE],
  subnet_self_size: [':p', EVERYWHERE],
  subnet_self_copy: ['ppp:', EVERYWHERE],
  subnet_self_node_count: [':i', EVERYWHERE],
  canister_cycle_balance: [':I', EVERYWHERE],
  canister_cycle_balance128: ['p:', EVERYWHERE],
  canister_liquid_cycle_balance128: ['p:', EVERYWHERE],
  canister_status: [':i', EVERYWHERE],
  canister_version: [':I', EVERYWHERE],
  root_key_size: [':p', SPENDING],
  root_key_copy: ['ppp:', SPENDING],
  msg_method_name_size: [':p', 'F'],
  msg_method_name_copy: ['ppp:', 'F'],
  accept_message: [':', 'F'],
  call_new: ['pppppepe:', CALLING],
  call_on_cleanup: ['pe:', CALLING],
  call_data_append: ['pp:', CALLING],
  call_with_best_effort_response: ['i:', CALLING],
  call_cycles_add: ['I:', 'U Ry Rt T'],
  call_cycles_add128: ['II:', 'U Ry Rt T'],
  call_perform: [':i', CALLING],
  stable64_size: [':I', ALSO_AT_START],
  stable64_grow: ['I:I', ALSO_AT_START],
  stable64_read: ['III:', ALSO_AT_START],
  stable64_write: ['III:', ALSO_AT_START],
  stable_size: [':i', ALSO_AT_START],
  stable_grow: ['i:i', ALSO_AT_START],
  stable_read: ['iii:', ALSO_AT_START],
  stable_write: ['iii:', ALSO_AT_START],
  certified_data_set: ['pp:', 'I G U Ry Rt T'],
  data_certificate_present: [':i', EVERYWHERE],
  data_certificate_size: [':p', 'NRQ CQ'],
  data_certificate_copy: ['ppp:', 'NRQ CQ'],
  time: [':I', EVERYWHERE],
  global_timer_set: ['I:I', CHANGING],
  performance_counter: ['i:I', ALSO_AT_START],
  is_controller: ['pp:i', ALSO_AT_START],
  in_replicated_execution: [':i', ALSO_AT_START],
  env_var_count: [':p', EVERYWHERE],
  env_var_name_size: ['p:p', EVERYWHERE],
  env_var_name_copy: ['pppp:', EVERYWHERE],
  env_var_name_exists: ['pp:i', EVERYWHERE],
  env_var_value_size: ['pp:p', EVERYWHERE],
  env_var_value_copy: ['ppppp:', EVERYWHERE],
  cost_call: ['IIp:', ALSO_AT_START],
  cost_create_canister: ['p:', ALSO_AT_START],
  cost_http_request: ['IIp:', ALSO_AT_START],
  cost_http_request_v2: ['ppp:', ALSO_AT_START],
  cost_sign_with_ecdsa: ['ppip:i', ALSO_AT_START],
  cost_sign_with_schnorr: ['ppip:i', ALSO_AT_START],
  cost_vetkd_derive_key: ['ppip:i', ALSO_AT_START],
  debug_print: ['pp:', ALSO_AT_START],
  trap: ['pp:', ALSO_AT_START],
};

/** Older forms, for addresses of 32 bits only. */
const NARROW_ONLY = [
  'msg_cycles_available',
  'msg_cycles_refunded',
  'msg_cycles_accept',
  'canister_cycle_balance',
  'call_cycles_add',
].concat(['stable_size', 'stable_grow', 'stable_read', 'stable_write']);

const importsOf = (wide: boolean): [name: string, signature: string][] =>
  Object.entries(SYSTEM_API)
    .filter(([name]) => !wide || !NARROW_ONLY.includes(name))
    .map(([name, [signature]]) => [name, signature.replaceAll(/[pe]/g, wide ? 'I' : 'i')]);

/** As modules with addresses of 32 bits import them. */
export const IMPORTS = importsOf(false);
/** As modules with addresses of 64 bits do. */
export const WIDE_IMPORTS = importsOf(true);

/** The index that an import has in a module with all of them. */
export function importIndex(name: string, imports = IMPORTS): number {
  return imports.findIndex(([one]) => one === name);
}

/** A call of an import in a module with all of them. */
export function calling(name: string, args: readonly (number | bigint)[] = [], imports = IMPORTS): number[] {
  const index = importIndex(name, imports);
  return callWith(index, imports[index]![1], args);
}
