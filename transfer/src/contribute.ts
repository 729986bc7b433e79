import type { Ed25519KeyIdentity } from '@dfinity/identity';
import type { Clients } from '@livepod/client';
import {
  canonicalJson,
  documentId,
  folderOf,
  hex,
  parseDatasetManifest,
  type DatasetManifest,
  type DatasetSchema,
  type Licence,
} from '@livepod/protocol';
import { TransferError } from './errors.js';
import { inspectRecordings, refusalsOf, type Inspection } from './inspect.js';
import { ObjectStore, type ObjectStoreConfig } from './objects.js';
import { rootOf } from './seal.js';
import { deriveSecrets, type DatasetSecrets, type PlainFile } from './secrets.js';
import { signerOf } from './signer.js';
import { uploadToBucket, uploadToObjects, type Uploaded, type UploadProgress } from './upload.js';
import { datasetPublicKey, wrap } from './wrapping.js';

export interface Contribution {
  /** Connected as the contributor. */
  clients: Clients;
  /** The contributor's private key, which signs the manifest: an identity or its 32-byte seed. */
  seed: Ed25519KeyIdentity | Uint8Array;
  /** Files of the modality, as `livepod contribute --dry-run` takes them. */
  recordings: { name: string; bytes: Uint8Array | string }[];
  schema: DatasetSchema;
  /** Default: the one that most of the files can hold. */
  modality?: string;
  /** At most 200 characters; also tells contributions of the same recordings apart. */
  title: string;
  store: 'bucket' | 's3';
  /** Where, for `store: 's3'`; credentials come from the environment when they are not given. */
  s3?: ObjectStoreConfig & { bucket: string };
  licence?: Partial<Licence>;
  tell?: UploadProgress;
  /** Stops it between two chunks or objects. */
  signal?: AbortSignal;
}

export interface Contributed {
  /** The dataset's id, registered and waiting to be proposed. */
  dataset: string;
  uid: string;
  bytes: number;
  chunks: number;
  /** Chunks (bucket) or objects (S3) sent now; the rest was there from an earlier attempt. */
  uploaded: number;
}

/**
 * Checks, encrypts, uploads, signs and registers a dataset. Interrupted, it is simply called again with the same
 * arguments: what is there is not sent again, and a dataset that is registered already is returned.
 *
 * @throws TransferError `unsuitableRecordings` · `storageUnavailable`; CanisterError `bondMissing` (post a
 *   contributor's bond first), …
 */
export async function contribute(contribution: Contribution): Promise<Contributed> {
  const { clients, store } = contribution;
  const signer = signerOf(contribution.seed);
  const { modality, statistics } = await inspected(contribution);
  const files = contribution.recordings.map(bytesOf);
  const secrets = await deriveSecrets(signer, files, `${store}:${contribution.title}`);
  const { storage, files: listed, uploaded } = await upload(contribution, files, secrets);

  const chunks = listed.flatMap((file) => file.chunks);
  const manifest: DatasetManifest = {
    // Version 1 where it says everything: contributed again, the same recordings are the same dataset as ever.
    type: contribution.schema.labels.length > 0 ? 'livepod.dataset/v1' : 'livepod.dataset/v2',
    title: contribution.title,
    modality,
    schema: contribution.schema,
    salt: hex(secrets.salt),
    contributor: signer.principal,
    publicKey: signer.publicKey,
    keyEpoch: 0,
    files: listed,
    merkleRoot: rootOf(chunks),
    storage,
    wrappedKey: hex(wrap(await datasetPublicKey(clients), secrets)),
    licence: {
      fee: '100000000',
      access: 'fee',
      purposes: ['motion-recognition'],
      providerClasses: ['bonded'],
      termDays: 365,
      splits: [{ account: signer.principal, basisPoints: 10_000 }],
      ...contribution.licence,
    },
    statistics,
  };
  const document = canonicalJson(manifest);
  parseDatasetManifest(document);
  await clients.datasets.register({ manifest: document, signature: signer.sign(document) });
  return {
    dataset: documentId(document),
    uid: hex(secrets.uid),
    bytes: chunks.reduce((sum, chunk) => sum + chunk.bytes, 0),
    chunks: chunks.length,
    uploaded,
  };
}

/** The folder of an object store that a contribution goes to: its uploader's role must be allowed to create there. */
export async function folderOfContribution({
  seed,
  recordings,
  title,
}: Pick<Contribution, 'seed' | 'recordings' | 'title'>): Promise<string> {
  const { uid } = await deriveSecrets(signerOf(seed), recordings.map(bytesOf), `s3:${title}`);
  return folderOf(uid);
}

async function upload(
  { clients, store, s3, tell, signal }: Contribution,
  files: PlainFile[],
  secrets: DatasetSecrets,
): Promise<Uploaded> {
  if (store === 'bucket') return uploadToBucket(clients, files, secrets, { tell, signal });
  if (!s3)
    throw new TransferError(
      'storageUnavailable',
      {},
      'store is "s3" but no s3 is given; name its endpoint, region and bucket.',
    );
  const objects = new ObjectStore(s3);
  try {
    return await uploadToObjects(objects, s3.bucket, files, secrets, { tell, signal });
  } finally {
    objects.close();
  }
}

/** Everything is read before anything is sent. */
async function inspected({ recordings, schema, modality }: Contribution): Promise<Inspection> {
  const inspection = await inspectRecordings(recordings.map(bytesOf), schema, modality);
  if (inspection.ok) return inspection;
  throw new TransferError(
    'unsuitableRecordings',
    { files: inspection.files.filter(({ taken }) => !taken).map(({ name }) => name) },
    `${refusalsOf(inspection).join('\n')}\nNothing was sent.`,
  );
}

const bytesOf = ({ name, bytes }: Contribution['recordings'][number]): PlainFile => ({
  name,
  bytes: typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes,
});
