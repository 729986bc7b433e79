import { StableMemory } from '../execution/stable-memory.js';
import type { Canister } from './canister.js';
import type { Subnet } from './subnet.js';

/** Takes a canister's code and data away; who called it is told when its calls come back (IC spec: uninstall_code). */
export function removeCode(subnet: Subnet, canister: Canister): void {
  canister.instance = undefined;
  canister.stable = new StableMemory(canister.pages);
  canister.state.certified = new Uint8Array();
  canister.state.timer = 0n;
  canister.state.lowMemory = undefined;
  canister.state.log = [];
  canister.state.chunks.clear();
  subnet.abandonCalls(canister);
}
