import type { Principal } from '@dfinity/principal';
import type { Canister, Visibility } from '../subnet/canister.js';
import { principalOf } from '../subnet/principals.js';

export type CandidVisibility = { controllers: null } | { public: null } | { allowed_viewers: Principal[] };

export function candidVisibility(value: Visibility): CandidVisibility {
  if (typeof value === 'object') return { allowed_viewers: value.allowed_viewers.map(principalOf) };
  return value === 'public' ? { public: null } : { controllers: null };
}

export function maySee(canister: Canister, caller: string, who: Visibility): boolean {
  if (canister.isControlledBy(caller) || who === 'public') return true;
  return typeof who === 'object' && who.allowed_viewers.includes(caller);
}
