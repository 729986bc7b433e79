import { mutatedCheckpoints } from '@livepod/runtime/attacks';
import { broken, nothing, type Attack } from '../attack.js';

const COUNT = 5_000;

export const checkpoint: Attack[] = [
  {
    party: 'checkpoint',
    name: `runs on a pod otherwise than it was measured: ${COUNT} altered checkpoints`,
    test: 'runtime/src/attacks/checkpoints.test.ts',
    async play(_, seed) {
      const { broken: found, kinds } = await mutatedCheckpoints(seed, COUNT);
      const [first] = found;
      if (first) return broken(`${found.length} of them, number ${first.number} (${first.kind}): ${first.why}`);
      const sum = (which: 'refused' | 'alike'): number =>
        Object.values(kinds).reduce((total, kind) => total + kind[which], 0);
      return nothing(
        `${sum('refused')} are run by nobody, ${sum('alike')} as they were measured: ${Object.keys(kinds).join(', ')}`,
      );
    },
  },
];
