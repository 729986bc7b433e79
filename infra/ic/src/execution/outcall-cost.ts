import { IDL } from '@dfinity/candid';
import { decodeCandid } from '../candid.js';

const { Nat32, Nat64, Opt, Record, Reserved, Variant } = IDL;
const Counts = Record({ total_requests: Nat32, min_responses: Nat32, max_responses: Nat32 });
const Parameters = Record({
  request_bytes: Nat64,
  http_roundtrip_time_ms: Nat64,
  raw_response_bytes: Nat64,
  transformed_response_bytes: Nat64,
  transform_instructions: Nat64,
  outcall_type: Opt(Variant({ fully_replicated: Reserved, non_replicated: Reserved, flexible: Opt(Counts) })),
});
type Kind =
  | { fully_replicated: unknown }
  | { non_replicated: unknown }
  | { flexible: [] | [{ total_requests: number; min_responses: number; max_responses: number }] };
interface Given {
  request_bytes: bigint;
  http_roundtrip_time_ms: bigint;
  raw_response_bytes: bigint;
  transformed_response_bytes: bigint;
  transform_instructions: bigint;
  outcall_type: [] | [Kind];
}

/** Nodes of the subnet that prices are for, and how many of them must agree on a response. */
const N = 13n;
const AGREEING = 9n;
/** Bytes that a reject in a response's place may have, and those that a node says of itself beside its own response. */
const MOST_REJECT = 1025n;
const SHARE = 181n;
/** To put one byte before all nodes. */
const CONSENSUS_BYTE = (10n * N + 600n) * N;

/**
 * What an HTTP outcall priced by what it uses has to be sent with (dfinity/ic: `cost_http_request_v2`, pay as you go;
 * in no published specification yet).
 *
 * @param parameters  Candid
 * @throws Error when they are not such
 */
export function outcallCost(parameters: Uint8Array): bigint {
  const given = decodeCandid([Parameters], parameters)[0] as Given;
  const [kind] = given.outcall_type;
  const bytes = given.transformed_response_bytes > MOST_REJECT ? given.transformed_response_bytes : MOST_REJECT;
  const request = 1_000_000n + 50n * given.request_bytes;
  const usage =
    50n * given.raw_response_bytes + 300n * given.http_roundtrip_time_ms + given.transform_instructions / 13n;
  const gossip = 50n * bytes * N;
  const some = (least: bigint): bigint => N * (request + 90_000n * N + least * (2000n * N + 100_000n));
  if (!kind || 'fully_replicated' in kind) {
    return (
      N * (request + 140_000n * N + 800n * N * N) +
      N * usage +
      N * ((CONSENSUS_BYTE * bytes + AGREEING - 1n) / AGREEING)
    );
  }
  if ('non_replicated' in kind) return some(1n) + usage + gossip + CONSENSUS_BYTE * bytes;
  const [counts = { total_requests: Number(N), min_responses: Number(AGREEING), max_responses: Number(N) }] =
    kind.flexible;
  const total = BigInt(counts.total_requests);
  const least = BigInt(counts.min_responses);
  const beyond = total > least ? (total - least) * N * (2000n * N + 100_000n) : 0n;
  const delivered = counts.max_responses === 0 ? 0n : CONSENSUS_BYTE * total * (SHARE + bytes) + beyond;
  return some(least) + total * (usage + gossip) + delivered;
}
