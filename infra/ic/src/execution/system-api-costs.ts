import { KEY_NAMES } from '../chainkey/index.js';
import { callFee, CREATE_CANISTER_FEE, httpRequestFee, signatureFee } from '../subnet/cycles.js';
import { COST, strictText, type Access, type Function, type Functions } from './access.js';
import { outcallCost } from './outcall-cost.js';
import { Trap } from './trap.js';

const ROLES = '* s';

/**
 * What things will cost, in cycles. Key functions return 0, 1 for an unknown curve or algorithm, 2 for an unknown key
 * name.
 */
export function costApi(access: Access): Functions {
  const keyCost = (name: string, kinds: number): Function => [
    ROLES,
    COST,
    (address: number, length: number, kind: number, target: number): number => {
      const bytes = access.bytes(`ic0.${name} heap`, address, length);
      const key = strictText(bytes, `Failed to decode key name ${new TextDecoder().decode(bytes)}`);
      if (kind >= kinds) return 1;
      if (!(KEY_NAMES as readonly string[]).includes(key)) return 2;
      access.amount(name, target, signatureFee(key));
      return 0;
    },
  ];
  return {
    cost_call: [
      ROLES,
      COST,
      (nameLength: bigint, length: bigint, target: number) =>
        access.amount('cost_call', target, callFee(wide(nameLength) + wide(length))),
    ],
    cost_create_canister: [
      ROLES,
      COST,
      (target: number) => access.amount('cost_create_canister', target, CREATE_CANISTER_FEE),
    ],
    cost_http_request: [
      ROLES,
      COST,
      (request: bigint, response: bigint, target: number) =>
        access.amount('cost_http_request', target, httpRequestFee(wide(request), wide(response))),
    ],
    cost_http_request_v2: [
      ROLES,
      COST,
      (address: number, length: number, target: number) => {
        const bytes = access.bytes('ic0.cost_http_request_v2 heap', address, length);
        access.instance.charge(length);
        access.amount('cost_http_request_v2', target, costOf(bytes));
      },
    ],
    cost_sign_with_ecdsa: keyCost('cost_sign_with_ecdsa', 1),
    cost_sign_with_schnorr: keyCost('cost_sign_with_schnorr', 2),
    cost_vetkd_derive_key: keyCost('cost_vetkd_derive_key', 1),
  };
}

/** @throws Trap `contractViolation` */
function costOf(parameters: Uint8Array): bigint {
  try {
    return outcallCost(parameters);
  } catch (cause) {
    throw new Trap(
      'contractViolation',
      `Failed to decode HttpRequestV2CostParams from Candid: ${(cause as Error).message}`,
    );
  }
}

function wide(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
