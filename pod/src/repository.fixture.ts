/**
 * A real TUF repository on loopback, with real signatures and real (tiny) ONNX models, that tests can turn against a
 * pod.
 */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Key, Metadata, MetaFile, Root, Signature, Snapshot, TargetFile, Targets, Timestamp } from '@tufjs/models';
import {
  canonicalJson,
  documentId,
  ed25519Der,
  hex,
  principalOfDer,
  principalText,
  ranBy,
  sha256,
  signDocument,
  utf8,
  type Channel,
} from '@livepod/protocol';
import { ed25519 } from '@noble/curves/ed25519';
import protobuf from 'protobufjs';

const DAY = 24 * 3600 * 1000;
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
/** NaN days are no date. */
const later = (days: number): string =>
  Number.isNaN(days) ? 'never' : `${new Date(Date.now() + days * DAY).toISOString().slice(0, 19)}Z`;

export interface Signer {
  secret: KeyObject;
  key: Key;
}

export function tufSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(12).toString('hex');
  const keyID = sha(utf8(JSON.stringify({ keytype: 'ed25519', keyval: { public: raw }, scheme: 'ed25519' })));
  return {
    secret: privateKey,
    key: new Key({ keyID, keyType: 'ed25519', scheme: 'ed25519', keyVal: { public: raw } }),
  };
}

function signed<T extends Root | Timestamp | Snapshot | Targets>(content: T, ...signers: Signer[]): Buffer {
  const metadata = new Metadata(content);
  for (const { secret, key } of signers)
    metadata.sign((data) => new Signature({ keyID: key.keyID, sig: sign(null, data, secret).toString('hex') }));
  return Buffer.from(JSON.stringify(metadata.toJSON()));
}

/** What metadata says other than it should. */
interface Lie {
  signer?: Signer;
  /** the version that it says it has */
  says?: number;
  /** until it expires */
  days?: number;
}
interface Lies {
  targets?: Lie;
  /** `names`: the version of targets.json in it; `lists`: what it lists in place of that */
  snapshot?: Lie & { names?: number; lists?: (meta: Record<string, MetaFile>) => Record<string, MetaFile> };
}

export class Repository {
  readonly files = new Map<string, Buffer>();
  readonly requests: string[] = [];
  /** Answers in place of the files', by path: what stands between a pod and its repository. */
  readonly instead = new Map<string, { status: number; headers?: Record<string, string>; body?: string }>();
  dao = tufSigner();
  online = tufSigner();
  version = 0;
  expiresInDays = 1;
  /** Metadata names versions alone, as TUF allows it. */
  nameNoLengths = false;
  private targets = new Map<string, { bytes: Buffer; length: number }>();
  private server: Server | undefined;

  /** @param change  keys of the roles other than `online`, and how long it holds */
  root(
    version: number,
    signers = [this.dao],
    change: Partial<Record<'timestamp' | 'snapshot' | 'targets', Signer[]>> & { days?: number; says?: number } = {},
  ): Buffer {
    const root = new Root({
      specVersion: '1.0.31',
      version: change.says ?? version,
      expires: later(change.days ?? 365),
      consistentSnapshot: true,
    });
    root.addKey(this.dao.key, 'root');
    for (const role of ['timestamp', 'snapshot', 'targets'] as const)
      for (const { key } of change[role] ?? [this.online]) root.addKey(key, role);
    return signed(root, ...signers);
  }

  /** Offers a channel and the checkpoints it names. */
  publish(channel: Channel, checkpoints: { id: string; target: Buffer; chunks: Buffer[] }[]): void {
    this.offer(`channels/${channel.channel}.json`, Buffer.from(canonicalJson(channel)));
    for (const { id, target, chunks } of checkpoints) {
      this.offer(`checkpoints/${id.slice(7)}.json`, target);
      for (const chunk of chunks) this.files.set(`/chunks/${sha(chunk)}`, chunk);
    }
    this.sign();
  }

  /** A target, from the next signing on. @param length  the one that is named */
  offer(path: string, bytes: Buffer, length = bytes.length): void {
    this.targets.set(path, { bytes, length });
  }

  /** Signs everything anew. @param lies  what one who has the keys, or a mirror, may make of it */
  sign(signer = this.online, lies: Lies = {}): void {
    this.version += 1;
    const of = (role: 'targets' | 'snapshot'): { specVersion: string; version: number; expires: string } => ({
      specVersion: '1.0.31',
      version: lies[role]?.says ?? this.version,
      expires: later(lies[role]?.days ?? 30),
    });
    const targets = new Targets(of('targets'));
    for (const [path, { bytes, length }] of this.targets) {
      targets.addTarget(new TargetFile({ path, length, hashes: { sha256: sha(bytes) } }));
      const slash = path.lastIndexOf('/') + 1;
      this.files.set(`/targets/${path.slice(0, slash)}${sha(bytes)}.${path.slice(slash)}`, bytes);
    }
    const targetsBytes = signed(targets, lies.targets?.signer ?? signer);
    const listed = { 'targets.json': this.meta(lies.snapshot?.names ?? this.version, targetsBytes) };
    const snapshotBytes = signed(
      new Snapshot({ ...of('snapshot'), meta: lies.snapshot?.lists?.(listed) ?? listed }),
      lies.snapshot?.signer ?? signer,
    );
    this.files
      .set(`/tuf/${lies.snapshot?.names ?? this.version}.targets.json`, targetsBytes)
      .set(`/tuf/${this.version}.snapshot.json`, snapshotBytes);
    this.resignTimestamp(this.version, signer);
  }

  /** A timestamp of the present snapshot, under any version. @param names  the snapshot's version in it */
  resignTimestamp(version: number, signer = this.online, days = this.expiresInDays, names = this.version): void {
    const snapshot = this.files.get(`/tuf/${this.version}.snapshot.json`)!;
    this.files.set(`/tuf/${names}.snapshot.json`, snapshot);
    const timestamp = new Timestamp({
      specVersion: '1.0.31',
      version,
      expires: later(days),
      snapshotMeta: this.meta(names, snapshot),
    });
    this.files.set('/tuf/timestamp.json', signed(timestamp, signer));
  }

  private meta(version: number, bytes: Buffer): MetaFile {
    return new MetaFile({
      version,
      ...(this.nameNoLengths ? {} : { length: bytes.length, hashes: { sha256: sha(bytes) } }),
    });
  }

  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      const path = (request.url ?? '').split('?')[0] as string;
      this.requests.push(path);
      const instead = this.instead.get(path) ?? this.instead.get('*');
      if (instead) {
        response.writeHead(instead.status, instead.headers);
        response.end(instead.body);
        return;
      }
      const bytes = this.files.get(path);
      response.writeHead(bytes ? 200 : 404);
      response.end(bytes);
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}

const person = (name: string): { seed: Uint8Array; der: Uint8Array; text: string } => {
  const seed = sha256(utf8(name));
  const der = ed25519Der(ed25519.getPublicKey(seed));
  return { seed, der, text: principalText(principalOfDer(der)) };
};

const CHANNELS = ['x', 'y'].map((name) => ({ name, unit: 'm/s2' }));

/** A checkpoint whose model always says `label`, signed by its provider and measured by an evaluator. */
export function checkpointSaying(
  label: 0 | 1,
  change: {
    signer?: string;
    selfTest?: number;
    model?: Buffer;
    evaluator?: string;
    evaluated?: boolean;
    /** Right on the self-test, and not a number on samples of 1e38. */
    explodes?: boolean;
    /** Of the documents: 3 is of the evaluation alone. */
    version?: 1 | 2 | 3;
    /** What the evaluator says that it ran. */
    ran?: string;
    /** What the evaluator says that the model gave for its own windows. */
    gave?: string[];
  } = {},
): { id: string; manifest: Record<string, unknown>; target: Buffer; chunks: Buffer[] } {
  const provider = person('provider');
  const evaluator = person(change.evaluator ?? 'evaluator');
  const model = change.model ?? constantModel(label, change.explodes ? 10 : 0);
  const output = change.explodes ? [1, 0] : label === 0 ? [0.9526, 0.0474] : [0.0474, 0.9526];
  const selfTest = Buffer.from(
    JSON.stringify({
      input: [new Array(8).fill(0.5)],
      output: [output.map((value) => value + (change.selfTest ?? 0))],
      tolerance: 0.001,
    }),
  );
  const files = Object.entries({ 'model.onnx': model, 'selftest.json': selfTest });
  const origin = {
    model: 'constant',
    parent: null,
    recipe: `sha256:${'1'.repeat(64)}`,
    job: 1,
    approvalDigest: `sha256:${'2'.repeat(64)}`,
    datasets: [`sha256:${'3'.repeat(64)}`],
    arguments: {},
    seed: label,
    metrics: {},
    files: files.map(([name, bytes]) => ({
      name,
      bytes: bytes.length,
      sha256: sha(bytes),
      chunks: [{ sha256: sha(bytes), bytes: bytes.length }],
    })),
    provider: provider.text,
    publicKey: hex(provider.der),
  };
  const labels = ['STILL', 'MOVING'];
  const today = {
    ...origin,
    type: 'livepod.checkpoint/v2',
    task: { kind: 'classification', labels },
    input: {
      modality: 'motion',
      rateMilliHz: 50_000,
      window: { before: 0, judged: 4, after: 0, step: 2 },
      tensors: [{ name: 'motion', type: 'float32', shape: [4, 2], channels: CHANNELS }],
    },
    runtime: { format: 'onnx', opset: 17, outputs: [{ name: 'probabilities', type: 'float32', shape: [2] }] },
  };
  const before = {
    ...origin,
    type: 'livepod.checkpoint/v1',
    runtime: { format: 'onnx', opset: 17, input: [4, 2], labels },
  };
  const manifest = change.version === 1 ? before : today;
  const document = canonicalJson(manifest);
  const share = (name: string) => ({ name, value: '0.9', unit: null, parent: null });
  const measured = {
    checkpoint: documentId(document),
    evaluator: evaluator.text,
    publicKey: hex(evaluator.der),
    people: 1,
    windows: 1,
    at: '1',
  };
  const evaluation =
    change.version === 1
      ? {
          ...measured,
          type: 'livepod.evaluation/v1',
          accuracy: '0.9',
          macroF1: '0.9',
          worstPerson: '0.9',
          parentAccuracy: null,
        }
      : {
          ...measured,
          task: 'classification',
          figures: [share('accuracy'), share('worstPerson')],
          deciding: { figure: 'accuracy', better: 'higher' },
          worstPerson: 'worstPerson',
          ...(change.version === 2 || change.explodes
            ? { type: 'livepod.evaluation/v2' }
            : {
                type: 'livepod.evaluation/v3',
                ran: change.ran ?? ranBy(document),
                vectors: {
                  seed: '5'.repeat(64),
                  outputs: [change.gave ?? output.map((value) => value.toFixed(6))],
                },
              }),
        };
  const target = canonicalJson({
    manifest,
    signature: hex(signDocument(document, person(change.signer ?? 'provider').seed)),
    evaluation: change.evaluated === false ? null : evaluation,
    evaluationSignature:
      change.evaluated === false ? null : hex(signDocument(canonicalJson(evaluation), evaluator.seed)),
  });
  return { id: documentId(document), manifest, target: Buffer.from(target), chunks: files.map(([, bytes]) => bytes) };
}

/** softmax(window · weights + bias): an ONNX graph (opset 17); with weights of 0 it always prefers one class. */
function constantModel(label: 0 | 1, weight: number): Buffer {
  const { root } = protobuf.parse(`syntax = "proto2";
    message Attribute { optional string name = 1; optional int64 i = 3; repeated int64 ints = 8; optional int32 type =
    20; }
    message Node { repeated string input = 1; repeated string output = 2; optional string op_type = 4; repeated
    Attribute attribute = 5; }
    message TensorP { repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8; optional bytes
    raw_data = 9; }
    message Dim { optional int64 dim_value = 1; } message Shape { repeated Dim dim = 1; } message TT { optional int32
    elem_type = 1; optional Shape shape = 2; } message Ty { optional TT tensor_type = 1; }
    message Val { optional string name = 1; optional Ty type = 2; }
    message Graph { repeated Node node = 1; optional string name = 2; repeated TensorP initializer = 5; repeated Val
    input = 11; repeated Val output = 12; }
    message Opset { optional string domain = 1; optional int64 version = 2; }
    message Model { optional int64 ir_version = 1; optional Graph graph = 7; repeated Opset opset_import = 8; }`);
  const model = root.lookupType('Model');
  const floats = (name: string, dims: number[], data: number[]) => ({
    name,
    dims,
    dataType: 1,
    rawData: new Uint8Array(Float32Array.from(data).buffer),
  });
  const value = (name: string, dims: number[]) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  const graph = {
    name: 'constant',
    node: [
      { input: ['motion'], output: ['flat'], opType: 'Flatten', attribute: [{ name: 'axis', i: 1, type: 2 }] },
      { input: ['flat', 'weights'], output: ['weighed'], opType: 'MatMul' },
      { input: ['weighed', 'bias'], output: ['scores'], opType: 'Add' },
      { input: ['scores'], output: ['probabilities'], opType: 'Softmax' },
    ],
    initializer: [
      floats('weights', [8, 2], new Array(8).fill([weight, 0]).flat()),
      floats('bias', [1, 2], label === 0 ? [3, 0] : [0, 3]),
    ],
    input: [value('motion', [1, 4, 2])],
    output: [value('probabilities', [1, 2])],
  };
  return Buffer.from(
    model.encode(model.fromObject({ irVersion: 8, graph, opsetImport: [{ domain: '', version: 17 }] })).finish(),
  );
}
