/** What things cost, in cycles, on a subnet of 13 nodes (developer-docs: cycle costs). */

export const DEFAULT_BALANCE = 100_000_000_000_000n;
export const CREATE_CANISTER_FEE = 500_000_000_000n;
const UPDATE_BASE = 5_000_000n;
const CALL_BASE = 260_000n;
const CALL_BYTE = 1_000n;
const INGRESS_BASE = 1_200_000n;
const INGRESS_BYTE = 2_000n;
const STORAGE_GIB_SECOND = 127_000n;
const KEY_1 = 26_153_846_153n;
const TEST_KEY = 10_000_000_000n;
const COMPUTE_PERCENT_SECOND = 10_000_000n;
const GIB = 1n << 30n;

/** @param wide  whether the module's addresses have 64 bits: its instructions cost twice as much */
export function executionFee(instructions: bigint, wide = false): bigint {
  return UPDATE_BASE + (wide ? 2n : 1n) * instructions;
}

/** @param bytes  method name and argument */
export function callFee(bytes: bigint): bigint {
  return CALL_BASE + CALL_BYTE * bytes;
}

export function ingressFee(bytes: number): bigint {
  return INGRESS_BASE + INGRESS_BYTE * BigInt(bytes);
}

/** What a canister costs by being there: bytes stored, and percent of compute reserved. */
export function idleFee(bytes: bigint, percent: bigint, seconds: bigint): bigint {
  return (bytes * STORAGE_GIB_SECOND * seconds) / GIB + percent * COMPUTE_PERCENT_SECOND * seconds;
}

/** vetKD derivation and Schnorr or ECDSA signing. */
export function signatureFee(keyName: string): bigint {
  return keyName === 'key_1' ? KEY_1 : TEST_KEY;
}

export function httpRequestFee(request: bigint, response: bigint): bigint {
  return (3_000_000n + 60_000n * 13n) * 13n + 400n * 13n * request + 800n * 13n * response;
}
