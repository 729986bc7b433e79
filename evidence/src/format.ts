import type { CanonicalValue } from '@livepod/protocol';
import { refuse } from './errors.js';

/** The canisters whose logs make up a file, in the order in which they are read. */
export const LOGS = ['governance', 'datasets', 'access', 'models', 'fleet', 'treasury', 'ledger'] as const;
export type LogName = (typeof LOGS)[number];

export type Json = CanonicalValue;
export type JsonObject = { [key: string]: CanonicalValue };

/** One entry of a canister's audit log. `at` in nanoseconds since 1970. */
export interface Entry {
  index: number;
  at: string;
  caller: string;
  event: JsonObject;
  /** Hex; covers the entry and, through the hash before it, all earlier ones. */
  hash: string;
}

/** A certified point of a log: after `length` entries its last hash was what the witness shows. Hex. */
export interface Tip {
  certificate: string;
  witness: string;
}

export interface CanisterEvidence {
  id: string;
  /** The log before its first entry here; null when it is here from its beginning. */
  start: (Tip & { length: number; hash: string }) | null;
  log: Entry[];
  tip: Tip;
  /** What code the canister runs and who may change it, at about the tip's time. */
  code: { certificate: string; moduleHash: string; controllers: string[] };
}

export interface SignedDocument {
  id: string;
  document: JsonObject;
  /** Hex, 64 bytes of Ed25519. */
  signature: string;
}

/** What the logs name by its hash, in order of id. */
export interface Documents {
  /**
   * What was put to the vote: the governed method's Candid argument in hex (a motion's text likewise), and the words
   * voters read.
   */
  proposals: { proposal: number; payload: string; rendering: string }[];
  datasets: SignedDocument[];
  recipes: { id: string; document: JsonObject }[];
  approvals: { id: string; document: JsonObject }[];
  checkpoints: SignedDocument[];
  evaluations: SignedDocument[];
}

/** What a file of type livepod.evidence/v1 is read from. The rest of the file (see account/) follows from it. */
export interface Basis {
  type: 'livepod.evidence/v1';
  round: string;
  rootKey: string;
  canisters: Record<LogName, CanisterEvidence>;
  documents: Documents;
}

type Check = (value: Json | undefined, path: string) => void;

const matching =
  (pattern: RegExp, what: string): Check =>
  (value, path) => {
    if (typeof value !== 'string' || !pattern.test(value)) refuse('wrongShape', path, `it must be ${what}`);
  };
const text: Check = (value, path) => {
  if (typeof value !== 'string') refuse('wrongShape', path, 'it must be text');
};
const number: Check = (value, path) => {
  if (typeof value !== 'number' || value < 0) refuse('wrongShape', path, 'it must be a number of 0 or more');
};
const hexText = matching(/^([0-9a-f]{2})*$/, 'hexadecimal, two lower-case digits a byte');
const hash = matching(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal');
const id = matching(/^sha256:[0-9a-f]{64}$/, 'an id, sha256: and 64 hexadecimal digits');
const principal = matching(/^[a-z0-9]{1,5}(-[a-z0-9]{1,5})*$/, 'a principal');
const list =
  (item: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) return refuse('wrongShape', path, 'it must be a list');
    value.forEach((entry, index) => item(entry, `${path}[${index}]`));
  };
const nullable =
  (inner: Check): Check =>
  (value, path) => {
    if (value !== null) inner(value, path);
  };
const anyObject: Check = (value, path) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse('wrongShape', path, 'it must be an object');
};
const object =
  (fields: Record<string, Check>, more = false): Check =>
  (value, path) => {
    anyObject(value, path);
    const given = value as JsonObject;
    const within = (name: string): string => (path === '$' ? name : `${path}.${name}`);
    for (const name of Object.keys(given))
      if (!more && !(name in fields)) refuse('wrongShape', within(name), 'there is no such field');
    for (const [name, check] of Object.entries(fields)) {
      if (given[name] === undefined) refuse('missing', within(name), 'it is missing');
      check(given[name], within(name));
    }
  };

const tip = { certificate: hexText, witness: hexText };
const canister = object({
  id: principal,
  start: nullable(object({ ...tip, length: number, hash })),
  log: list(
    object({
      index: number,
      at: matching(/^(0|[1-9][0-9]{0,19})$/, 'nanoseconds, in digits'),
      caller: principal,
      event: anyObject,
      hash,
    }),
  ),
  tip: object(tip),
  code: object({ certificate: hexText, moduleHash: hash, controllers: list(principal) }),
});
const signed = object({
  id,
  document: anyObject,
  signature: matching(/^[0-9a-f]{128}$/, 'a signature, 128 hexadecimal digits'),
});
const unsigned = object({ id, document: anyObject });
const basis = object(
  {
    type: matching(/^livepod\.evidence\/v1$/, '"livepod.evidence/v1"'),
    round: matching(/^[a-z0-9][a-z0-9-]{0,23}$/, 'the name of a round'),
    rootKey: matching(/^[0-9a-f]{266}$/, 'a root key: 133 bytes of DER in hexadecimal'),
    canisters: object(Object.fromEntries(LOGS.map((name) => [name, canister]))),
    documents: object({
      proposals: list(object({ proposal: number, payload: hexText, rendering: text })),
      datasets: list(signed),
      recipes: list(unsigned),
      approvals: list(unsigned),
      checkpoints: list(signed),
      evaluations: list(signed),
    }),
  },
  true,
);

/** @throws EvidenceError `wrongShape` · `missing` naming the place */
export function readBasis(value: Json): Basis {
  basis(value, '$');
  return value as unknown as Basis;
}
