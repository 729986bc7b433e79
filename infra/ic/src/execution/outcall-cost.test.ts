import { IDL } from '@dfinity/candid';
import { outcallCost } from './outcall-cost.js';

const { Nat32, Nat64, Null, Opt, Record, Variant } = IDL;
const fields = {
  request_bytes: Nat64,
  http_roundtrip_time_ms: Nat64,
  raw_response_bytes: Nat64,
  transformed_response_bytes: Nat64,
  transform_instructions: Nat64,
};
const usage = {
  request_bytes: 100n,
  http_roundtrip_time_ms: 2000n,
  raw_response_bytes: 1000n,
  transformed_response_bytes: 2000n,
  transform_instructions: 26n,
};
const Counts = Record({ total_requests: Nat32, min_responses: Nat32, max_responses: Nat32 });
const Kind = Variant({ fully_replicated: Null, non_replicated: Null, flexible: Opt(Counts) });
const of = (kind: object, more = {}): bigint =>
  outcallCost(
    new Uint8Array(
      IDL.encode([Record({ ...fields, outcall_type: Opt(Kind) })], [{ ...usage, ...more, outcall_type: [kind] }]),
    ),
  );
const USAGE = 50n * 1000n + 300n * 2000n + 2n;

describe('the cost of an outcall that is paid by use, on 13 nodes', () => {
  // the figures are those of dfinity/ic's own tests of the pricing
  it('is that of a response which all nodes make, unless it says otherwise', () => {
    const expected = 38_482_600n + 13n * USAGE + 27_415_557n;
    expect(of({ fully_replicated: null })).toBe(expected);
    expect(outcallCost(new Uint8Array(IDL.encode([Record(fields)], [usage])))).toBe(expected);
  });

  it('is less for one node alone, and by their number for some', () => {
    expect(of({ non_replicated: null })).toBe(29_913_000n + USAGE + 50n * 2000n * 13n + 18_980_000n);
    expect(of({ flexible: [{ total_requests: 3, min_responses: 2, max_responses: 3 }] })).toBe(
      31_551_000n + 3n * (USAGE + 50n * 2000n * 13n) + 62_093_070n + 1_638_000n,
    );
    expect(of({ flexible: [{ total_requests: 3, min_responses: 0, max_responses: 0 }] })).toBe(
      13n * (1_005_000n + 90_000n * 13n) + 3n * (USAGE + 50n * 2000n * 13n),
    );
  });

  it('allows for a reject in place of a smaller response', () => {
    expect(of({ fully_replicated: null }, { transformed_response_bytes: 100n })).toBe(
      38_482_600n + 13n * USAGE + 14_050_478n,
    );
  });

  it('is refused to what is no Candid, or another record', () => {
    expect(() => outcallCost(Uint8Array.of(1, 2, 3))).toThrow(/magic/);
    expect(() =>
      outcallCost(new Uint8Array(IDL.encode([Record({ request_bytes: Nat64 })], [{ request_bytes: 1n }]))),
    ).toThrow(/required field/);
  });
});
