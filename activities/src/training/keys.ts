import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DerivedPublicKey, EncryptedVetKey, TransportSecretKey } from '@dfinity/vetkeys';
import type { Access, Clients } from '@livepod/client';
import { CodedError, unhex, vetkdInput } from '@livepod/protocol';
import { datasetPublicKey, inFlight, unwrap } from '@livepod/transfer';
import { ActivityError } from '../errors.js';
import type { Workspace } from './workspace.js';

const KEYS_IN_FLIGHT = 4;

/** One asking for a key, for those who measure it. Says nothing of the key. */
export interface KeyRelease {
  job: number;
  dataset: string;
  seconds: number;
  /** `released`, or the code of the refusal. */
  outcome: string;
}

/**
 * Data keys of a job's datasets, in this process's memory only, until the job is forgotten. Each release spends a use
 * of its grant; a repeat with the same transport key does not. So transport keys outlive the process, in the host's
 * memory until the job is wiped: a step that is killed after the release asks for the same release again.
 */
export class DataKeys {
  private readonly kept = new Map<string, Uint8Array>();

  constructor(
    private readonly clients: Clients,
    private readonly workspace: Workspace,
    private readonly tell: (release: KeyRelease) => void = () => {},
  ) {}

  /**
   * @throws CanisterError `grantSpent` · `grantExpired` · `wrongPrincipal` (never retried); ActivityError `notFound`
   */
  async release(job: Access.Job, wrappedKeys: ReadonlyMap<string, string>): Promise<Map<string, Uint8Array>> {
    const grants = await this.clients.certified.access.list_grants({ job: job.id });
    const publicKey = DerivedPublicKey.deserialize(await datasetPublicKey(this.clients));
    const keys = await inFlight(
      job.datasets,
      KEYS_IN_FLIGHT,
      async ({ dataset, uid, epoch }): Promise<[string, Uint8Array]> => {
        const place = `${job.id} ${dataset}`;
        const known = this.kept.get(place);
        if (known) return [dataset, known];
        const grant = grants.find((grant) => grant.dataset === dataset && grant.epoch === epoch);
        if (!grant)
          throw new ActivityError(
            'notFound',
            { job: Number(job.id), dataset },
            `Job ${job.id} has no grant for dataset ${dataset}; ask for access again.`,
          );
        const dataKey = await this.told(job, dataset, async () => {
          const transport = await this.transportKey(Number(job.id), grant.id);
          const { encrypted_key } = await this.clients.access.release_key({
            grant: grant.id,
            transport_public_key: transport.publicKeyBytes(),
          });
          const vetKey = EncryptedVetKey.deserialize(new Uint8Array(encrypted_key)).decryptAndVerify(
            transport,
            publicKey,
            vetkdInput(new Uint8Array(uid), epoch),
          );
          return unwrap(unhex(wrappedKeys.get(dataset)!), vetKey);
        });
        this.kept.set(place, dataKey);
        return [dataset, dataKey];
      },
    );
    return new Map(keys);
  }

  private async told(job: Access.Job, dataset: string, ask: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const began = performance.now();
    const tell = (outcome: string): void =>
      this.tell({ job: Number(job.id), dataset, seconds: (performance.now() - began) / 1000, outcome });
    try {
      const key = await ask();
      tell('released');
      return key;
    } catch (error) {
      tell(error instanceof CodedError ? error.code : 'failed');
      throw error;
    }
  }

  private async transportKey(job: number, grant: bigint): Promise<TransportSecretKey> {
    const folder = this.workspace.transportKeys(job);
    const path = join(folder, String(grant));
    const kept = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    if (kept) return TransportSecretKey.deserialize(new Uint8Array(kept));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const fresh = TransportSecretKey.random();
    // Whole or not at all, and the first one wins: another attempt may be making one at this moment.
    const draft = `${path}.${randomUUID()}`;
    await writeFile(draft, fresh.serialize(), { mode: 0o600 });
    const first = await link(draft, path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
        return false;
      },
    );
    await rm(draft);
    return first ? fresh : this.transportKey(job, grant);
  }

  /** Overwrites and drops a job's keys. */
  forget(job: number): void {
    for (const [place, key] of this.kept) {
      if (!place.startsWith(`${job} `)) continue;
      key.fill(0);
      this.kept.delete(place);
    }
  }
}
