import { deployFiller, fillerAt, residentOf, TestNetwork, UNLIMITED_RATES } from '@livepod/ic/testing';
import { BenchError, type BenchOptions, type BenchRow } from '../benchmark.js';
import { restart } from './network.js';

const GIB = 2 ** 30;
const PAGE = 65_536;
const RESTARTS = 3;
const informs = { peer: null, peerValue: null, ratio: null, target: null } as const;

/**
 * How soon a host with so much written stable memory is ready, and what it holds in RAM. Messages of at most 1 GiB
 * write every page.
 *
 * @param bytes  0 leaves it out; the disk must have room for them
 */
export async function coldStart(bytes: number, { note, progress }: BenchOptions): Promise<BenchRow[]> {
  if (bytes === 0) return [];
  const network = new TestNetwork();
  try {
    await network.start(UNLIMITED_RATES);
    const id = await deployFiller(network);
    const pages = Math.ceil(bytes / PAGE);
    const size = `${(bytes / GIB).toFixed(1)} GiB of stable memory`;
    progress(`writing ${size}`);
    const begun = performance.now();
    for (let first = 0; first < pages; first += GIB / PAGE)
      await fillerAt(network, id).fill(BigInt(first), BigInt(Math.min(GIB / PAGE, pages - first)));
    const seconds = (performance.now() - begun) / 1000;
    const writing = residentOf(network);
    const times: number[] = [];
    for (let time = 0; time < RESTARTS; time += 1) times.push(await restart(network, 'SIGTERM'));
    const filler = fillerAt(network, id);
    for (const page of [0, Math.floor(pages / 2), pages - 1]) {
      const found = await filler.at(BigInt(page));
      if (found !== BigInt(page) + 1n)
        throw new BenchError(
          'wrongResult',
          { page, found },
          `After a restart page ${page} does not hold what was written.`,
        );
    }
    note(
      `The state of the cold start was written by messages at ${(bytes / 2 ** 20 / seconds).toFixed(0)} ` +
        'MiB/s; the start reads its page table, and no page.',
    );
    return [
      {
        ...informs,
        name: `cold start, ${size}`,
        value: times.sort((a, b) => a - b)[Math.floor(RESTARTS / 2)]!,
        unit: 's',
        target: 1,
        bound: 'most',
      },
      { ...informs, name: 'resident memory after the writing', value: writing, unit: 'MiB' },
      { ...informs, name: 'resident memory after the cold start', value: residentOf(network), unit: 'MiB' },
    ];
  } finally {
    await network.remove();
  }
}
