import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { examplesOf, modalityOf, readTracks, type Contract, type Judged } from '@livepod/runtime';

/**
 * The pod's sensor and its person, played by recordings, over and over: what the model answers for, and what the person
 * or a sensor would say of it. Read in the runtime's own process; it never leaves it.
 *
 * @param directory  holds a folder per person, with files of the contract's modality
 */
export async function* recordsOf(directory: string, person: string, contract: Contract): AsyncGenerator<Judged> {
  const names = modalityOf(contract.input.modality).files(readdirSync(join(directory, person)));
  const recordings = names.map((name) => ({ name, person, bytes: readFileSync(join(directory, person, name)) }));
  const stretches = examplesOf(await readTracks(recordings, contract, 'device'), contract);
  if (stretches.length === 0)
    throw new Error(
      `No records of ${person}: its folder has no ${contract.input.modality} recording of ` +
        `${contract.input.window.judged} samples or more.`,
    );
  for (;;) yield* stretches;
}
