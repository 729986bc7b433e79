import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    const files = Array.from({ length: FILES }, (_, index) => ({
      name: `${index}.csv`,
      bytes: new Uint8Array(randomBytes(FILE_BYTES)),
    }));
    const fresh = (path: string, round: number) => join(folder, 'down', `${path}-${round}`);
    const cleanly = async (trip: Promise<Trip>): Promise<Trip> =>
      trip.finally(() => rmSync(join(folder, 'down'), { recursive: true, force: true }));

    const small = files.slice(0, 2).map((file) => ({ ...file, bytes: file.bytes.subarray(0, 1 << 20) }));
    await cleanly(bareS3(s3, small, 'first', fresh('bare', -1)));
    await cleanly(throughS3(s3, clients, seed, small, 'first', fresh('s3', -1)));
    // creates the bucket canister, too
    await cleanly(throughBucket(clients, seed, small, 'first', fresh('bucket', -1)));

    options.progress(`${ROUNDS} times ${MIB} MiB through S3, with and without us`);
    const [bare, ours] = (await takeTurns(ROUNDS, [
      (round) => cleanly(bareS3(s3, files, `bare-${round}`, fresh('bare', round))),
      (round) => cleanly(throughS3(s3, clients, seed, files, `ours-${round}`, fresh('s3', round))),
    ])) as [Trip[], Trip[]];

    options.progress(`${BUCKET_ROUNDS} times ${MIB} MiB through a bucket canister`);
    const before = await ic.facts();
    const [bucket] = (await takeTurns(BUCKET_ROUNDS, [
      (round) => cleanly(throughBucket(clients, seed, files, `bucket-${round}`, fresh('bucket', round))),
    ])) as [Trip[]];
    const after = await ic.facts();
    const perMegabyte = (total: bigint) => Number(total) / ((BUCKET_ROUNDS * FILES * FILE_BYTES) / 1e6);

    options.note(
      `Rates in MiB of recordings per second, ${FILES} files of ${FILE_BYTES >> 20} MiB. Ours encrypts, ` +
        'hashes and, on the way down, checks every chunk before it is written; the peer does neither.',
    );
    options.note(
      'Where cores are few, the client’s encryption and hashing compete with the server for them; on loopback ' +
        'nothing else limits the way up.',
    );
    options.note(
      'Cycles as a subnet of 13 nodes charges them, for messages, executed instructions and storage ' +
        'meanwhile; reading is free.',
    );
    return [
      ...rates('S3', ours, bare, 0.7),
      processor('S3', ours, bare),
      ...rates('buckets', bucket, bare, null),
      processor('buckets', bucket, bare),
      {
        name: 'buckets: instructions',
        value: perMegabyte(after.instructions - before.instructions) / 1e6,
        unit: 'M per MB up',
        peer: null,
        peerValue: null,
        ratio: null,
        target: null,
      },
      {
        name: 'buckets: cycles',
        value: perMegabyte(before.cycles - after.cycles) / 1e6,
        unit: 'M per MB up',
        peer: null,
        peerValue: null,
        ratio: null,
        target: null,
      },
    ];
  } finally {
    await Promise.all([s3.stop(), ic.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
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
