import type { Message, Role } from './message.js';
import { Trap } from './trap.js';

/** The contexts of almost every function: all but `start`. */
export const ALL = 'I G U RQ NRQ TQ CQ Ry Rt CRy CRt C CC F T';

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

/** What a function says that was called where it must not be. */
export function wrongContext(name: string, { role, method }: Message): Trap {
  return new Trap(
    'contractViolation',
    `"ic0_${name}" cannot be executed in ${role === 'T' ? (TASKS[method] ?? WHERE.T) : WHERE[role]} mode`,
  );
}
