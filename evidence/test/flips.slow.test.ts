/** One bit turned in every kind of place of the sample: `LIVEPOD_FLIPS=20` for twenty of each kind. */
import { placeIn } from '../src/places.js';
import { flipped, positions, sample, verdict } from './sample.js';

it('finds a flipped bit in every kind of place, and names the place', async () => {
  const text = new TextDecoder().decode(sample);
  const flips = positions(Number(process.env['LIVEPOD_FLIPS'] ?? 1));
  const named = new Set<string>();
  for (const at of flips) {
    const found = await verdict(flipped(at));
    if (found === 'holds') throw new Error(`a bit flipped at byte ${at} (${placeIn(text, at).path}) was not found`);
    named.add(found);
  }
  expect(flips.length).toBeGreaterThan(300);
  expect(named.size).toBeGreaterThan(150);
}, 3_600_000);
