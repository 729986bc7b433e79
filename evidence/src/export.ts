import { Certificate, LookupPathStatus } from '@dfinity/agent';
import { Principal } from '@dfinity/principal';
import { canonicalJson, documentId, hex, parseCanonical, unhex, utf8 } from '@livepod/protocol';
import type { Clients } from '@livepod/client';
import { drawUp } from './account/index.js';
import { Collector, type Source } from './account/source.js';
import { readControllers } from './certificates.js';
import { EvidenceError, refuse } from './errors.js';
import {
  LOGS,
  type Basis,
  type CanisterEvidence,
  type Entry,
  type JsonObject,
  type LogName,
  type SignedDocument,
  type Tip,
} from './format.js';
import { followChain, logsOf } from './logs.js';
import { asFile, verify, type Verification } from './verify.js';

export interface ExportRequest {
  clients: Clients;
  /** `round-2`. */
  round: string;
  /** An earlier file of the same canisters: the logs start where its logs end, and what lies before is left to it. */
  since?: Basis;
  tell?: (what: string) => void;
}

/**
 * Gathers the evidence of a round and verifies it as anybody else would. Reads only, as anybody may.
 *
 * @throws EvidenceError; CanisterError when a canister does not answer
 */
export async function exportEvidence({
  clients,
  round,
  since,
  tell = () => {},
}: ExportRequest): Promise<{ file: Uint8Array; verification: Verification }> {
  const canisters = {} as Record<LogName, CanisterEvidence>;
  tell('certified tips of the logs');
  // All tips first, so that they are of about one moment; entries never change afterwards.
  const tips = await Promise.all(LOGS.map(async (name) => [name, await tipOf(clients, name)] as const));
  for (const [name, { tip, length }] of tips) {
    tell(`log of ${name}, ${length} entries`);
    const id = clients.network.canisters[name];
    const start = since ? startAfter(since, name, id) : null;
    canisters[name] = {
      id,
      start,
      log: await entries(clients, name, start?.length ?? 0, length),
      tip,
      code: await codeOf(clients, name),
    };
    followChain(`canisters.${name}`, canisters[name]);
  }
  tell('documents');
  const collector = new Collector(remote(clients));
  const account = await drawUp({ round, logs: logsOf(canisters), source: collector });
  const basis: Basis = {
    type: 'livepod.evidence/v1',
    round,
    rootKey: clients.network.rootKey,
    canisters,
    documents: collector.documents(),
  };
  const file = canonicalJson(asFile(basis, account));
  tell('verification');
  return { file, verification: await verify(file, { rootKey: clients.network.rootKey }) };
}

export async function tipOf(clients: Clients, name: LogName): Promise<{ tip: Tip; length: number }> {
  const { certificate, witness, length } = await clients[name].audit_tip();
  if (!certificate[0])
    return refuse('notFound', `canisters.${name}.tip`, 'the canister gave no certificate with its tip; ask again');
  return { tip: { certificate: hex(certificate[0]), witness: hex(witness) }, length: Number(length) };
}

function startAfter(since: Basis, name: LogName, id: string): CanisterEvidence['start'] {
  const { id: before, log, start, tip } = since.canisters[name];
  if (before !== id) refuse('contradiction', `canisters.${name}.id`, 'the earlier file is of other canisters');
  const last = log.at(-1);
  if (last) return { ...tip, length: last.index + 1, hash: last.hash };
  return start && { ...tip, length: start.length, hash: start.hash };
}

export async function entries(clients: Clients, name: LogName, start: number, end: number): Promise<Entry[]> {
  const all: Entry[] = [];
  while (start + all.length < end) {
    const page = await clients[name].audit_log({
      start: BigInt(start + all.length),
      length: Math.min(100, end - start - all.length),
    });
    if (page.length === 0)
      return refuse('missing', `canisters.${name}.log[${all.length}]`, 'the canister does not show it');
    all.push(
      ...page.map(({ index, at, caller, event, hash }) => ({
        index: Number(index),
        at: String(at),
        caller: caller.toText(),
        event: parseCanonical(utf8(event)) as JsonObject,
        hash: hex(hash),
      })),
    );
  }
  return all;
}

async function codeOf(clients: Clients, name: LogName): Promise<CanisterEvidence['code']> {
  const canister = Principal.fromText(clients.network.canisters[name]);
  const path = (what: string): Uint8Array[] => [utf8('canister'), canister.toUint8Array(), utf8(what)];
  const { certificate } = await clients.agent.readState(canister, {
    paths: [path('module_hash'), path('controllers')],
  });
  const state = await Certificate.create({
    certificate,
    rootKey: unhex(clients.network.rootKey),
    canisterId: canister,
    agent: clients.agent,
  });
  const value = (what: string): Uint8Array => {
    const found = state.lookup_path(path(what));
    return found.status === LookupPathStatus.Found
      ? (found.value as Uint8Array)
      : refuse('notFound', `canisters.${name}.code`, `the network does not say its ${what}`);
  };
  return {
    certificate: hex(certificate),
    moduleHash: hex(value('module_hash')),
    controllers: readControllers(`canisters.${name}.code`, value('controllers')),
  };
}

/** Documents from the canisters that keep them. */
function remote(clients: Clients): Source {
  const gone = (what: string): never => refuse('notFound', 'documents', `${what} is not kept by its canister any more`);
  const document = (bytes: Uint8Array | number[]): JsonObject => parseCanonical(Uint8Array.from(bytes)) as JsonObject;
  const signed = (id: string, bytes: Uint8Array | number[], signature: Uint8Array | number[]): SignedDocument => ({
    id,
    document: document(bytes),
    signature: hex(Uint8Array.from(signature)),
  });
  return {
    async proposal(id) {
      const { result } = await clients.governance.get_proposal({ proposal_id: [{ id: BigInt(id) }] });
      const [found] = result;
      if (!found || !('Proposal' in found)) return gone(`proposal ${id}`);
      const { proposal, payload_text_rendering } = found.Proposal;
      const [action] = proposal[0]!.action;
      const payload =
        action && 'ExecuteGenericNervousSystemFunction' in action
          ? hex(Uint8Array.from(action.ExecuteGenericNervousSystemFunction.payload))
          : action && 'Motion' in action
            ? hex(utf8(action.Motion.motion_text))
            : '';
      return { payload, rendering: payload_text_rendering[0] ?? '' };
    },
    async dataset(id) {
      const found = await clients.datasets.get_manifest(id);
      return found ? signed(id, found.manifest, found.signature) : gone(`dataset ${id}`);
    },
    async recipe(id) {
      const found = await clients.access.get_recipe(id);
      return found ? document(found.document) : gone(`recipe ${id}`);
    },
    async approval(id, job) {
      const found = await clients.access.get_job(BigInt(job));
      return found ? document(found.approval) : gone(`job ${job} with approval ${id}`);
    },
    async checkpoint(id) {
      const found = await clients.models.get_manifest(id);
      return found ? signed(id, found.manifest, found.signature) : gone(`checkpoint ${id}`);
    },
    async evaluation(id, checkpoint) {
      const [found] = (await clients.models.get_manifest(checkpoint))?.evaluation ?? [];
      if (!found) return gone(`the evaluation of ${checkpoint}`);
      if (documentId(Uint8Array.from(found.report)) !== id)
        throw new EvidenceError('wrongDocument', 'documents', `the canister shows another evaluation than ${id}`);
      return signed(id, found.report, found.signature);
    },
  };
}
