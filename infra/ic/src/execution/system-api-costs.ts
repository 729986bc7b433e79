import { KEY_NAMES } from '../chainkey/index.js';
import { callFee, CREATE_CANISTER_FEE, httpRequestFee, signatureFee } from '../subnet/cycles.js';
import type { Access, Functions } from './access.js';

const ROLES = '* s';
const COST = 500;

/** What things will cost, in cycles. Key functions return 0, 1 for an unknown curve or algorithm, 2 for an unknown key name. */
export function costApi(access: Access): Functions {
  const keyCost = (address: number, length: number, kind: number, kinds: number, target: number): number => {
    if (kind >>> 0 >= kinds) return 1;
    const name = access.text(address, length);
    if (!(KEY_NAMES as readonly string[]).includes(name)) return 2;
    access.amount(target, signatureFee(name));
    return 0;
  };
  return {
    cost_call: [ROLES, COST, (nameLength: bigint, length: bigint, target: number) => access.amount(target, callFee(Number(nameLength + length)))],
    cost_create_canister: [ROLES, COST, (target: number) => access.amount(target, CREATE_CANISTER_FEE)],
    cost_http_request: [ROLES, COST, (request: bigint, response: bigint, target: number) => access.amount(target, httpRequestFee(request, response))],
    cost_sign_with_ecdsa: [ROLES, COST, (address: number, length: number, curve: number, target: number) => keyCost(address, length, curve, 1, target)],
    cost_sign_with_schnorr: [ROLES, COST, (address: number, length: number, algorithm: number, target: number) => keyCost(address, length, algorithm, 2, target)],
    cost_vetkd_derive_key: [ROLES, COST, (address: number, length: number, curve: number, target: number) => keyCost(address, length, curve, 1, target)],
  };
}
