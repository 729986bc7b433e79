import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clients } from '@livepod/client';
import { cache } from '@livepod/stack';
import type { BenchOptions, BenchRow } from '../benchmark.js';
import { median, takeTurns } from '../measuring.js';
import { installedClients } from './canisters.js';
import { bareS3, throughBucket, throughS3, type Trip } from './paths.js';
import { startIc, startS3 } from './servers.js';

export const name = 'transfer';
export const what =
  'encrypted upload and verified download of 64 MiB, through S3 and through bucket canisters, against ' +
  '@aws-sdk/client-s3 alone';

const FILES = 16;
const FILE_BYTES = 4 << 20;
const MIB = (FILES * FILE_BYTES) / 2 ** 20;
const ROUNDS = 5;
const BUCKET_ROUNDS = 2;

/** Servers of its own, on free ports and with empty state; a stack that runs beside it is not touched. */
export async function run(options: BenchOptions): Promise<BenchRow[]> {
  const missing = ['bin/versitygw', 'wasm/bucket.wasm', 'wasm/instrument.wasm'].filter(
    (part) => !existsSync(cache(part)),
  );
  if (missing.length > 0) {
    options.note(`Skipped: ${missing.join(', ')} is not built yet; npm start builds it.`);
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), 'livepod-bench-'));
  const s3 = await startS3(folder);
  const ic = await startIc(folder);
  try {
    options.progress('installing canisters');
    const { clients, seed } = await installedClients(ic, BigInt(4 * MIB * 2 ** 20));
    const trips = new Trips(s3, clients, seed, join(folder, 'down'));
    await trips.warmUp();

    options.progress(`${ROUNDS} times ${MIB} MiB through S3, with and without us`);
    const [bare, ours] = (await takeTurns(ROUNDS, [
      (round) => trips.bare(`bare-${round}`),
      (round) => trips.ours(`ours-${round}`),
    ])) as [Trip[], Trip[]];

    options.progress(`${BUCKET_ROUNDS} times ${MIB} MiB through a bucket canister`);
    const before = await ic.facts();
    const [bucket] = (await takeTurns(BUCKET_ROUNDS, [(round) => trips.bucket(`bucket-${round}`)])) as [Trip[]];
    const after = await ic.facts();

    explain(options.note);
    return [
      ...rates('S3', ours, bare, 0.7),
      processor('S3', ours, bare),
      ...rates('buckets', bucket, bare, null),
      processor('buckets', bucket, bare),
      perMegabyte('instructions', after.instructions - before.instructions),
      perMegabyte('cycles', before.cycles - after.cycles),
    ];
  } finally {
    await Promise.all([s3.stop(), ic.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Recordings of their own on their way up and down, by each path; what came down is removed at once. */
class Trips {
  private readonly files = Array.from({ length: FILES }, (_, index) => ({
    name: `${index}.csv`,
    bytes: new Uint8Array(randomBytes(FILE_BYTES)),
  }));

  constructor(
    private readonly s3: Awaited<ReturnType<typeof startS3>>,
    private readonly clients: Clients,
    private readonly seed: Uint8Array,
    private readonly down: string,
  ) {}

  /** Once each, and little; it creates the bucket canister, too. */
  async warmUp(): Promise<void> {
    const small = this.files.slice(0, 2).map((file) => ({ ...file, bytes: file.bytes.subarray(0, 1 << 20) }));
    await this.bare('first-bare', small);
    await this.ours('first-s3', small);
    await this.bucket('first-bucket', small);
  }

  bare = (name: string, files = this.files): Promise<Trip> =>
    this.cleanly(bareS3(this.s3, files, name, join(this.down, name)));

  ours = (name: string, files = this.files): Promise<Trip> =>
    this.cleanly(throughS3(this.s3, this.clients, this.seed, files, name, join(this.down, name)));

  bucket = (name: string, files = this.files): Promise<Trip> =>
    this.cleanly(throughBucket(this.clients, this.seed, files, name, join(this.down, name)));

  private async cleanly(trip: Promise<Trip>): Promise<Trip> {
    return trip.finally(() => rmSync(this.down, { recursive: true, force: true }));
  }
}

function explain(note: (line: string) => void): void {
  note(
    `Rates in MiB of recordings per second, ${FILES} files of ${FILE_BYTES >> 20} MiB. Ours encrypts, ` +
      'hashes and, on the way down, checks every chunk before it is written; the peer does neither.',
  );
  note(
    'Where cores are few, the client’s encryption and hashing compete with the server for them; on loopback ' +
      'nothing else limits the way up.',
  );
  note(
    'Cycles as a subnet of 13 nodes charges them, for messages, executed instructions and storage ' +
      'meanwhile; reading is free.',
  );
}

function perMegabyte(what: string, total: bigint): BenchRow {
  return {
    name: `buckets: ${what}`,
    value: Number(total) / ((BUCKET_ROUNDS * FILES * FILE_BYTES) / 1e6) / 1e6,
    unit: 'M per MB up',
    peer: null,
    peerValue: null,
    ratio: null,
    target: null,
  };
}

/** Up, down, and both: what the target is about is a dataset's whole way. */
function rates(path: string, ours: Trip[], bare: Trip[], target: number | null): BenchRow[] {
  const ways: [string, (trip: Trip) => number][] = [
    ['up', ({ up }) => up],
    ['down', ({ down }) => down],
    ['up and down', ({ up, down }) => (up + down) / 2],
  ];
  return ways.map(([way, of]) => {
    const value = MIB / (median(ours.map(of)) / 1000);
    const peerValue = MIB / (median(bare.map(of)) / 1000);
    return {
      name: `${path}: ${way}`,
      value,
      unit: 'MiB/s',
      peer: '@aws-sdk/client-s3',
      peerValue,
      ratio: value / peerValue,
      target,
    };
  });
}

/** Of the client, for both ways. */
function processor(path: string, ours: Trip[], bare: Trip[]): BenchRow {
  const value = median(ours.map((trip) => trip.processor));
  const peerValue = median(bare.map((trip) => trip.processor));
  return {
    name: `${path}: client’s processor time`,
    value,
    unit: `ms for ${MIB} MiB`,
    peer: '@aws-sdk/client-s3',
    peerValue,
    ratio: value / peerValue,
    target: null,
  };
}
