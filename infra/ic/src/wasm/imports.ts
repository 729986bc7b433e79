import { Reject } from '../subnet/reject.js';

/**
 * The types of the System API's functions (IC spec: System API imports): i is i32, I is i64, p is as wide as the
 * module's addresses, e too, which is handed on with all its bits; the result after the colon.
 */
export const SIGNATURES: Readonly<Record<string, string>> = {
  ...of(':', 'msg_reply accept_message'),
  ...of(
    ':p',
    'msg_arg_data_size msg_caller_size msg_caller_info_data_size msg_caller_info_signer_size ' +
      'msg_reject_msg_size msg_method_name_size canister_self_size ' +
      'subnet_self_size root_key_size data_certificate_size env_var_count',
  ),
  ...of(
    ':i',
    'msg_reject_code subnet_self_node_count canister_status data_certificate_present in_replicated_execution ' +
      'call_perform stable_size',
  ),
  ...of(
    ':I',
    'msg_deadline msg_cycles_available msg_cycles_refunded canister_cycle_balance canister_version time stable64_size',
  ),
  ...of(
    'ppp:',
    'cost_http_request_v2 msg_arg_data_copy msg_caller_copy msg_caller_info_data_copy ' +
      'msg_caller_info_signer_copy msg_reject_msg_copy msg_method_name_copy canister_self_copy ' +
      'subnet_self_copy root_key_copy data_certificate_copy',
  ),
  ...of('pe:', 'call_on_cleanup'),
  ...of('pp:', 'msg_reply_data_append msg_reject call_data_append certified_data_set debug_print trap'),
  ...of('pp:i', 'is_controller env_var_name_exists'),
  ...of('pp:p', 'env_var_value_size'),
  ...of('p:p', 'env_var_name_size'),
  ...of(
    'p:',
    'msg_cycles_available128 msg_cycles_refunded128 canister_cycle_balance128 ' +
      'canister_liquid_cycle_balance128 cost_create_canister',
  ),
  ...of('IIp:', 'msg_cycles_accept128 cycles_burn128 mint_cycles128 cost_call cost_http_request'),
  ...of('I:I', 'msg_cycles_accept stable64_grow global_timer_set'),
  ...of('ppip:i', 'cost_sign_with_ecdsa cost_sign_with_schnorr cost_vetkd_derive_key'),
  ...of('pppppepe:', 'call_new'),
  ...of('I:', 'call_cycles_add'),
  ...of('II:', 'call_cycles_add128'),
  ...of('III:', 'stable64_read stable64_write'),
  ...of('i:i', 'stable_grow'),
  ...of('i:', 'call_with_best_effort_response'),
  ...of('i:I', 'performance_counter'),
  ...of('pppp:', 'env_var_name_copy'),
  ...of('ppppp:', 'env_var_value_copy'),
  ...of('iii:', 'stable_read stable_write'),
};

/** Older forms, which modules with 64-bit addresses do not have. */
const NARROW_ONLY = new Set([
  'msg_cycles_available',
  'msg_cycles_refunded',
  'msg_cycles_accept',
  'canister_cycle_balance',
  'call_cycles_add',
  'stable_size',
  'stable_grow',
  'stable_read',
  'stable_write',
]);

/**
 * What a function of the System API looks like to a module; undefined where there is none of the name. @param wide
 * whether its addresses have 64 bits
 */
export function signatureOf(name: string, wide: boolean): string | undefined {
  if (!Object.hasOwn(SIGNATURES, name) || (wide && NARROW_ONLY.has(name))) return undefined;
  return SIGNATURES[name]!.replaceAll(/[pe]/g, wide ? 'I' : 'i');
}

const KINDS: Record<number, string> = { 0x7f: 'i', 0x7e: 'I', 0x7d: 'f32 ', 0x7c: 'f64 ' };
const TYPES = 1;
const IMPORTS = 2;

/**
 * Checks what a valid module imports, all of it functions of `ic0`.
 *
 * @param wide  whether the module's addresses have 64 bits
 * @throws Reject `invalidWasm` at an unknown function, or one of another type
 */
export function checkImports(sections: Iterable<{ id: number; content: Uint8Array }>, wide: boolean): void {
  let types: string[] = [];
  for (const { id, content } of sections) {
    if (id === TYPES) types = new Reader(content).list((reader) => reader.type());
    if (id === IMPORTS)
      for (const [name, type] of new Reader(content).list((reader) => reader.import()))
        checkImport(name, types[type]!, wide);
  }
}

function checkImport(name: string, found: string, wide: boolean): void {
  const expected = signatureOf(name, wide);
  if (expected === found) return;
  const why =
    expected === undefined
      ? `Module imports function '${name}' from 'ic0' that is not exported by the runtime.`
      : `Expected ${expected} for '${name}', got ${found}.`;
  throw new Reject(
    'invalidWasm',
    `Canister's Wasm module is not valid: Wasm module has an invalid import section. ${why}`,
  );
}

function of(signature: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map((name) => [name, signature]));
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  list<T>(one: (reader: this) => T): T[] {
    return Array.from({ length: this.#unsigned() }, () => one(this));
  }

  type(): string {
    this.#at += 1; // 0x60: validated before
    const kinds = (): string => this.list(() => KINDS[this.#bytes[this.#at++]!] ?? '? ').join('');
    return `${kinds()}:${kinds()}`;
  }

  import(): [name: string, type: number] {
    this.#text();
    const name = this.#text();
    this.#at += 1; // a function: validated before
    return [name, this.#unsigned()];
  }

  #text(): string {
    const length = this.#unsigned();
    this.#at += length;
    return new TextDecoder().decode(this.#bytes.subarray(this.#at - length, this.#at));
  }

  #unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }
}
