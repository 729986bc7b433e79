import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Host } from '@livepod/ic';
import { median } from '../measuring.js';

export interface RoundCosts {
  /** Milliseconds of a round with nothing in it: journal, fdatasync, time. */
  empty: number;
  /** Milliseconds of a state tree and its signature. */
  certificate: number;
}

/** What a round costs apart from its messages, medians; on a host of its own in this process. */
export async function roundCosts(rounds: number): Promise<RoundCosts> {
  const state = mkdtempSync(join(tmpdir(), 'livepod-bench-ic-'));
  const host = Host.open({ state });
  try {
    const empty: number[] = [];
    const certificate: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const begun = performance.now();
      await host.step();
      const stepped = performance.now();
      (await host.statusOf([])).certificate([]);
      empty.push(stepped - begun);
      certificate.push(performance.now() - stepped);
    }
    return { empty: median(empty), certificate: median(certificate) };
  } finally {
    await host.close();
    rmSync(state, { recursive: true, force: true });
  }
}
