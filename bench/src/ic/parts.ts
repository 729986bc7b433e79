import { randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSubnetKeys } from '@livepod/ic/certificates';
import { decodeEnvelope, verifyEnvelope } from '@livepod/ic/envelopes';
import type { TestNetwork } from '@livepod/ic/testing';
import { median } from '../measuring.js';
import { bodyOf } from './envelopes.js';

/** Milliseconds that the parts of an update and a query take when each is done alone in this process, medians. */
export interface Parts {
  envelope: number;
  nodeSignature: number;
  subnetSignature: number;
  flush: number;
}

const TIMES = 200;
/** Bytes of a little journal record. */
const RECORD = 512;

export function parts(seed: string, canister: string): Parts {
  const keys = createSubnetKeys(new Uint8Array(randomBytes(32)));
  const bodies = Array.from({ length: TIMES }, () => bodyOf({ seed, canister, kind: 'update' }).body);
  const now = BigInt(Date.now()) * 1_000_000n;
  const one = Buffer.alloc(RECORD, 1);
  const folder = mkdtempSync(join(tmpdir(), 'livepod-bench-ic-'));
  const file = openSync(join(folder, 'journal'), 'w');
  try {
    return {
      envelope: each((at) =>
        verifyEnvelope(decodeEnvelope(bodies[at]!), { now, rootKey: keys.der, expectedType: 'call' }),
      ),
      nodeSignature: each(() => keys.signNode(one.subarray(0, 44))),
      subnetSignature: each((at) => keys.sign(one.subarray(at, at + 32))),
      flush: each(() => {
        writeSync(file, one);
        fdatasyncSync(file);
      }),
    };
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

function each(work: (at: number) => unknown): number {
  return median(
    Array.from({ length: TIMES }, (_, at) => {
      const begun = performance.now();
      work(at);
      return performance.now() - begun;
    }),
  );
}

/** Seconds of processor time that a network's host has used so far, all threads. */
export function processorTime(network: TestNetwork): number {
  const [pid] = readFileSync(join(network.folder, 'lock'), 'utf8').split(' ');
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
