import { totalmem } from 'node:os';
import type { Approval, DatasetManifest } from '@livepod/protocol';
import { ActivityError } from '../errors.js';
import { limitsOf } from './sandbox/confine.js';

const MIB = 2 ** 20;

/**
 * Whether a job's records can be held in the memory that its approval gives it, where they lie twice at least: as they
 * came, and as numbers.
 *
 * @throws ActivityError `refused`, with what to change; before anything is paid, or a key is asked for
 */
export function mustHold(resources: Approval['resources'], manifests: Iterable<Pick<DatasetManifest, 'files'>>): void {
  const { memoryMiB, scratchMiB } = limitsOf(resources);
  let bytes = 0;
  for (const { files } of manifests) for (const file of files) bytes += file.bytes;
  const needed = Math.ceil((2 * bytes) / MIB) + scratchMiB;
  if (needed > memoryMiB)
    throw new ActivityError(
      'refused',
      { neededMiB: needed, memoryMiB },
      `The datasets' ${Math.ceil(bytes / MIB)} MiB do not fit into the ${memoryMiB} MiB of memory that the recipe is ` +
        'given; name fewer datasets.',
    );
  const installedMiB = Math.floor(totalmem() / MIB);
  if (memoryMiB > installedMiB)
    throw new ActivityError(
      'refused',
      { memoryMiB, installedMiB },
      `The recipe is given ${memoryMiB} MiB of memory, and this provider has ${installedMiB}; name another provider.`,
    );
}
