import { blob, COST, INVALID_PRINCIPAL, MAX_PRINCIPAL, strictText, type Access, type Functions } from './access.js';
import { ALL, wrongContext } from './contexts.js';
import { Trap } from './trap.js';

const UNREPLICATED = ['NRQ', 'CQ', 'CRy', 'CRt', 'CC', 'F', 'TQ'];
const MAX_CERTIFIED = 32;
/** Bytes of an environment variable's name. */
const MAX_VARIABLE_NAME = 128;

/** The canister itself: who and where it is, its time and counters, what it certifies, and its environment. */
export function canisterApi(access: Access): Functions {
  return { ...selfApi(access), ...timeApi(access), ...certifiedApi(access), ...environmentApi(access) };
}

function selfApi(access: Access): Functions {
  const { message, around } = access;
  const isController = (address: number, length: number): number => {
    const principal = access.bytes('ic0.is_controller', address, length);
    if (principal.length > MAX_PRINCIPAL) throw new Trap('invalidPrincipal', INVALID_PRINCIPAL);
    return around.isController(principal) ? 1 : 0;
  };
  return {
    ...blob(access, ALL, 'canister_self', 'id', () => around.self),
    ...blob(access, ALL, 'subnet_self', 'id', () => around.subnetId),
    ...blob(access, 'I G U RQ Ry Rt C T', 'root_key', 'bytes', () => around.rootKey),
    subnet_self_node_count: [ALL, COST, () => 1],
    canister_status: [ALL, COST, () => around.status()],
    canister_version: [ALL, COST, () => around.version()],
    is_controller: ['* s', 1000, isController],
    in_replicated_execution: ['* s', COST, () => (UNREPLICATED.includes(message().role) ? 0 : 1)],
  };
}

function timeApi({ message, around, instance }: Access): Functions {
  const setTimer = (timestamp: bigint): bigint => {
    const before = message().timer ?? around.timer();
    message().timer = BigInt.asUintN(64, timestamp);
    return before;
  };
  const counter = (type: number): bigint => {
    if (type === 0) return instance.used();
    if (type === 1) return instance.used() + message().contextInstructions;
    throw new Trap('contractViolation', `Error getting performance counter type ${type}`);
  };
  return {
    time: [ALL, COST, () => message().time],
    global_timer_set: ['I G U Ry Rt C T', COST, setTimer],
    performance_counter: ['* s', 200, counter],
  };
}

function certifiedApi({ message, instance, copy }: Access): Functions {
  const certificate = (name: string): Uint8Array => {
    const made = message().certificate?.();
    if (!made) throw wrongContext(name, message());
    return made;
  };
  const copyCertificate = (target: number, offset: number, length: number): void => {
    const name = 'data_certificate_copy';
    copy(name, 'certificate', target, offset, length, certificate(name));
  };
  const set = (from: number, size: number): void => {
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
  };
  return {
    data_certificate_present: [ALL, COST, () => (message().certificate ? 1 : 0)],
    data_certificate_size: ['NRQ CQ', COST, () => certificate('data_certificate_size').length],
    data_certificate_copy: ['NRQ CQ', COST, copyCertificate],
    certified_data_set: ['I G U Ry Rt T', COST, set],
  };
}

function environmentApi({ around, bytes, copy }: Access): Functions {
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
  const name = (by: string, address: number, length: number): string => {
    if (length > MAX_VARIABLE_NAME) throw new Trap('contractViolation', `ic0.${by}: Variable name is too large.`);
    const given = bytes(`ic0.${by} ${by === 'env_var_value_copy' ? 'name' : 'heap'}`, address, length);
    return strictText(given, `ic0.${by}: Variable name is not a valid UTF-8 string.`);
  };
  const value = (by: string, address: number, length: number): Uint8Array => {
    const wanted = name(by, address, length);
    const found = around.environment().find((one) => one.name === wanted);
    if (!found) throw new Trap('environment', `Environment variable ${wanted} not found.`);
    return new TextEncoder().encode(found.value);
  };
  const exists = (address: number, length: number): number => {
    const wanted = name('env_var_name_exists', address, length);
    return around.environment().some((one) => one.name === wanted) ? 1 : 0;
  };
  const copyName = (index: number, target: number, offset: number, length: number): void =>
    copy('env_var_name_copy', 'name', target, offset, length, nameAt(index));
  const valueSize = (address: number, length: number): number => value('env_var_value_size', address, length).length;
  const copyValue = (address: number, nameLength: number, target: number, offset: number, length: number): void => {
    const by = 'env_var_value_copy';
    copy(by, 'value', target, offset, length, value(by, address, nameLength));
  };
  return {
    env_var_count: [ALL, COST, () => around.environment().length],
    env_var_name_size: [ALL, COST, (index: number) => nameAt(index).length],
    env_var_name_copy: [ALL, COST, copyName],
    env_var_name_exists: [ALL, COST, exists],
    env_var_value_size: [ALL, COST, valueSize],
    env_var_value_copy: [ALL, COST, copyValue],
  };
}
