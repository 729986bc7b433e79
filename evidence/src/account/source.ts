import { canonicalJson, documentId, hex, sha256, unhex, utf8, verifyDocument } from '@livepod/protocol';
import { EvidenceError, refuse } from '../errors.js';
import type { Documents, JsonObject, SignedDocument } from '../format.js';

/** Where documents come from that the logs name by hash alone: the file, or (while one is made) the canisters. */
export interface Source {
  proposal(id: number): Promise<{ payload: string; rendering: string }>;
  dataset(id: string): Promise<SignedDocument>;
  recipe(id: string): Promise<JsonObject>;
  approval(id: string, job: number): Promise<JsonObject>;
  checkpoint(id: string): Promise<SignedDocument>;
  evaluation(id: string, checkpoint: string): Promise<SignedDocument>;
}

/** Where a document lies in its file, for errors. */
const places = new WeakMap<object, string>();

/** Documents out of a file. Each has the id it claims, none is there twice, and none is there for nothing. */
export class FileSource implements Source {
  private readonly used = new Set<string>();

  constructor(private readonly documents: Documents) {
    const ordered = (name: keyof Documents, ids: (string | number)[]): void => {
      ids.forEach((id, index) => {
        if (index > 0 && ids[index - 1]! >= id)
          refuse('wrongShape', `documents.${name}[${index}]`, 'documents are in order of their ids, each once');
      });
    };
    ordered(
      'proposals',
      documents.proposals.map(({ proposal }) => proposal),
    );
    documents.proposals.forEach((entry, index) => places.set(entry, `documents.proposals[${index}]`));
    for (const name of ['datasets', 'recipes', 'approvals', 'checkpoints', 'evaluations'] as const) {
      ordered(
        name,
        documents[name].map(({ id }) => id),
      );
      documents[name].forEach((entry, index) => {
        const path = `documents.${name}[${index}]`;
        const { id, document } = entry;
        places.set(entry, path).set(document, path);
        let found: string;
        try {
          found = documentId(canonicalJson(document));
        } catch (cause) {
          return refuse('wrongDocument', `${path}.document`, 'it is no document of the protocol', cause);
        }
        if (found !== id) refuse('wrongDocument', `${path}.document`, `its id is ${found}, not ${id}: it was changed`);
      });
    }
  }

  async proposal(id: number): Promise<{ payload: string; rendering: string }> {
    return this.take(
      'proposals',
      this.documents.proposals.findIndex(({ proposal }) => proposal === id),
      `proposal ${id}`,
    );
  }
  async dataset(id: string): Promise<SignedDocument> {
    return this.take(
      'datasets',
      this.documents.datasets.findIndex((document) => document.id === id),
      `dataset ${id}`,
    );
  }
  async recipe(id: string): Promise<JsonObject> {
    return this.take(
      'recipes',
      this.documents.recipes.findIndex((document) => document.id === id),
      `recipe ${id}`,
    ).document;
  }
  async approval(id: string): Promise<JsonObject> {
    return this.take(
      'approvals',
      this.documents.approvals.findIndex((document) => document.id === id),
      `approval ${id}`,
    ).document;
  }
  async checkpoint(id: string): Promise<SignedDocument> {
    return this.take(
      'checkpoints',
      this.documents.checkpoints.findIndex((document) => document.id === id),
      `checkpoint ${id}`,
    );
  }
  async evaluation(id: string): Promise<SignedDocument> {
    return this.take(
      'evaluations',
      this.documents.evaluations.findIndex((document) => document.id === id),
      `evaluation ${id}`,
    );
  }

  /** @throws EvidenceError for a document that nothing in the logs asks for */
  nothingElse(): void {
    for (const name of Object.keys(this.documents) as (keyof Documents)[]) {
      this.documents[name].forEach((_, index) => {
        const path = `documents.${name}[${index}]`;
        if (!this.used.has(path)) refuse('contradiction', path, 'nothing in this round names it');
      });
    }
  }

  private take<K extends keyof Documents>(name: K, index: number, what: string): Documents[K][number] {
    if (index < 0) return refuse('missing', `documents.${name}`, `${what} is missing; the logs name it`);
    this.used.add(`documents.${name}[${index}]`);
    return this.documents[name][index]!;
  }
}

/** Keeps what another source gave, as documents of a file. */
export class Collector implements Source {
  private readonly kept = {
    proposals: new Map<number, Documents['proposals'][number]>(),
    datasets: new Map<string, SignedDocument>(),
    recipes: new Map<string, JsonObject>(),
    approvals: new Map<string, JsonObject>(),
    checkpoints: new Map<string, SignedDocument>(),
    evaluations: new Map<string, SignedDocument>(),
  };

  constructor(private readonly from: Source) {}

  proposal = (id: number) =>
    keep(this.kept.proposals, id, async () => ({ proposal: id, ...(await this.from.proposal(id)) }));
  dataset = (id: string) => keep(this.kept.datasets, id, () => this.from.dataset(id));
  recipe = (id: string) => keep(this.kept.recipes, id, () => this.from.recipe(id));
  approval = (id: string, job: number) => keep(this.kept.approvals, id, () => this.from.approval(id, job));
  checkpoint = (id: string) => keep(this.kept.checkpoints, id, () => this.from.checkpoint(id));
  evaluation = (id: string, checkpoint: string) =>
    keep(this.kept.evaluations, id, () => this.from.evaluation(id, checkpoint));

  documents(): Documents {
    const sorted = <T>(map: Map<string, T>): T[] => [...map.keys()].sort().map((id) => map.get(id)!);
    const named = (map: Map<string, JsonObject>): { id: string; document: JsonObject }[] =>
      [...map.keys()].sort().map((id) => ({ id, document: map.get(id)! }));
    const { proposals, datasets, recipes, approvals, checkpoints, evaluations } = this.kept;
    return {
      proposals: [...proposals.values()].sort((a, b) => a.proposal - b.proposal),
      datasets: sorted(datasets),
      recipes: named(recipes),
      approvals: named(approvals),
      checkpoints: sorted(checkpoints),
      evaluations: sorted(evaluations),
    };
  }
}

async function keep<K, T>(map: Map<K, T>, id: K, find: () => Promise<T>): Promise<T> {
  const known = map.get(id) ?? (await find());
  map.set(id, known);
  return known;
}

/** Reads a signed document in its type's shape and checks who signed it. */
export function readSigned<T extends { publicKey: string }>(
  { id, document, signature }: SignedDocument,
  read: (bytes: Uint8Array) => T,
): T {
  const value = readDocument(document, read);
  try {
    verifyDocument(canonicalJson(document), unhex(signature), value.publicKey);
  } catch (cause) {
    refuse(
      'wrongSignature',
      `${placeOfDocument(document)}.signature`,
      `it is no signature of the document's key over ${id}`,
      cause,
    );
  }
  return value;
}

/** Reads a document in its type's shape. */
export function readDocument<T>(document: JsonObject, read: (bytes: Uint8Array) => T): T {
  const path = `${placeOfDocument(document)}.document`;
  try {
    return read(canonicalJson(document));
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause;
    return refuse('wrongDocument', path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

export const placeOfDocument = (document: object): string => places.get(document) ?? 'documents';

export const sha256Hex = (bytes: Uint8Array): string => hex(sha256(bytes));
export const textHash = (text: string): string => sha256Hex(utf8(text));
