const EVERYWHERE = 'I G U RQ NRQ TQ CQ Ry Rt CRy CRt C CC F T';
const ALSO_AT_START = `${EVERYWHERE} s`;
const ANSWERING = 'U RQ NRQ TQ CQ Ry Rt CRy CRt';
const CALLING = 'U CQ Ry Rt CRy CRt T';
const CHANGING = 'I G U Ry Rt C T';
const INFO = 'U RQ NRQ CQ Ry Rt CRy CRt C CC F';
const SPENDING = 'I G U RQ Ry Rt C T';

/**
 * Every import of the System API with its signature and the roles in which it may be called (IC spec: System API imports). i is i32, I is i64; the
 * result after the colon. `subnet_self_node_count` is of the crate ic0 1.2, `mint_cycles128` the replica's own.
 */
export const SYSTEM_API: Record<string, [signature: string, roles: string]> = {
  msg_arg_data_size: [':i', 'I U RQ NRQ TQ CQ Ry CRy F'], msg_arg_data_copy: ['iii:', 'I U RQ NRQ TQ CQ Ry CRy F'],
  msg_caller_size: [':i', EVERYWHERE], msg_caller_copy: ['iii:', EVERYWHERE],
  msg_caller_info_data_size: [':i', INFO], msg_caller_info_data_copy: ['iii:', INFO], msg_caller_info_signer_size: [':i', INFO], msg_caller_info_signer_copy: ['iii:', INFO],
  msg_reject_code: [':i', 'Ry Rt CRy CRt C'], msg_reject_msg_size: [':i', 'Rt CRt'], msg_reject_msg_copy: ['iii:', 'Rt CRt'], msg_deadline: [':I', 'U RQ NRQ CQ Ry Rt CRy CRt'],
  msg_reply_data_append: ['ii:', ANSWERING], msg_reply: [':', ANSWERING], msg_reject: ['ii:', ANSWERING],
  msg_cycles_available: [':I', 'U RQ Ry Rt'], msg_cycles_available128: ['i:', 'U RQ Ry Rt'], msg_cycles_refunded: [':I', 'Ry Rt'], msg_cycles_refunded128: ['i:', 'Ry Rt'],
  msg_cycles_accept: ['I:I', 'U RQ Ry Rt'], msg_cycles_accept128: ['IIi:', 'U RQ Ry Rt'], cycles_burn128: ['IIi:', SPENDING], mint_cycles128: ['IIi:', 'U Ry Rt T'],
  canister_self_size: [':i', EVERYWHERE], canister_self_copy: ['iii:', EVERYWHERE], subnet_self_size: [':i', EVERYWHERE], subnet_self_copy: ['iii:', EVERYWHERE],
  subnet_self_node_count: [':i', EVERYWHERE],
  canister_cycle_balance: [':I', EVERYWHERE], canister_cycle_balance128: ['i:', EVERYWHERE], canister_liquid_cycle_balance128: ['i:', EVERYWHERE],
  canister_status: [':i', EVERYWHERE], canister_version: [':I', EVERYWHERE], root_key_size: [':i', SPENDING], root_key_copy: ['iii:', SPENDING],
  msg_method_name_size: [':i', 'F'], msg_method_name_copy: ['iii:', 'F'], accept_message: [':', 'F'],
  call_new: ['iiiiiiii:', CALLING], call_on_cleanup: ['ii:', CALLING], call_data_append: ['ii:', CALLING], call_with_best_effort_response: ['i:', CALLING],
  call_cycles_add: ['I:', 'U Ry Rt T'], call_cycles_add128: ['II:', 'U Ry Rt T'], call_perform: [':i', CALLING],
  stable64_size: [':I', ALSO_AT_START], stable64_grow: ['I:I', ALSO_AT_START], stable64_read: ['III:', ALSO_AT_START], stable64_write: ['III:', ALSO_AT_START],
  stable_size: [':i', ALSO_AT_START], stable_grow: ['i:i', ALSO_AT_START], stable_read: ['iii:', ALSO_AT_START], stable_write: ['iii:', ALSO_AT_START],
  certified_data_set: ['ii:', 'I G U Ry Rt T'], data_certificate_present: [':i', EVERYWHERE], data_certificate_size: [':i', 'NRQ CQ'], data_certificate_copy: ['iii:', 'NRQ CQ'],
  time: [':I', EVERYWHERE], global_timer_set: ['I:I', CHANGING], performance_counter: ['i:I', ALSO_AT_START], is_controller: ['ii:i', ALSO_AT_START],
  in_replicated_execution: [':i', ALSO_AT_START],
  env_var_count: [':i', EVERYWHERE], env_var_name_size: ['i:i', EVERYWHERE], env_var_name_copy: ['iiii:', EVERYWHERE], env_var_name_exists: ['ii:i', EVERYWHERE],
  env_var_value_size: ['ii:i', EVERYWHERE], env_var_value_copy: ['iiiii:', EVERYWHERE],
  cost_call: ['IIi:', ALSO_AT_START], cost_create_canister: ['i:', ALSO_AT_START], cost_http_request: ['IIi:', ALSO_AT_START],
  cost_sign_with_ecdsa: ['iiii:i', ALSO_AT_START], cost_sign_with_schnorr: ['iiii:i', ALSO_AT_START], cost_vetkd_derive_key: ['iiii:i', ALSO_AT_START],
  debug_print: ['ii:', ALSO_AT_START], trap: ['ii:', ALSO_AT_START],
};

export const IMPORTS: [name: string, signature: string][] = Object.entries(SYSTEM_API).map(([name, [signature]]) => [name, signature]);

/** The index that an import has in a module with all of them. */
export function importIndex(name: string): number {
  return IMPORTS.findIndex(([one]) => one === name);
}
