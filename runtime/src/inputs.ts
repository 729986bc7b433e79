import { taskOf, type Input, type TaskDescription } from '@livepod/protocol';
import type { Recording, Track, Wanted } from './recordings/index.js';
import { modalityOf, readRecording } from './recordings/index.js';
import { fill, judgedStretches, truthOf, type Judged } from './windows.js';

/** The two things a checkpoint's manifest says that decide what its model is given. */
export interface Contract {
  task: TaskDescription;
  input: Input;
}

/** What a contract reads from a recording: its channels, its target's, and its labels. */
export function wantedBy({ task, input }: Contract): Wanted {
  const named = input.tensors.map(({ channels }) => channels);
  const target = task.kind === 'regression' ? task.target.name : undefined;
  const channels = named.includes(null) ? null : named.flatMap((each) => (each ?? []).map(({ name }) => name));
  return {
    channels: channels && [...new Set([...channels, ...(target === undefined ? [] : [target])])],
    ...(target === undefined ? {} : { target }),
    labels: task.kind === 'classification' ? task.labels : [],
    ...(input.rateMilliHz === null ? {} : { rateMilliHz: input.rateMilliHz }),
  };
}

/** @throws RuntimeError `unknownModality` · `badRecording` · `unknownLabel` */
export async function readTracks(
  recordings: readonly Recording[],
  contract: Contract,
  source: Wanted['source'] = 'dataset',
): Promise<Track[]> {
  const modality = modalityOf(contract.input.modality);
  const wanted = { ...wantedBy(contract), source };
  const tracks: Track[] = [];
  for (const recording of recordings) tracks.push(...(await readRecording(modality, recording, wanted)));
  return tracks;
}

/** What a model answers for in these tracks. */
export const examplesOf = (tracks: Track[], { task, input }: Contract): Judged[] =>
  judgedStretches(tracks, input.window, truthOf(task));

/** The model's tensors for one stretch, each written into the array given for it. */
export function tensorsOf(stretch: Judged, { input }: Contract, into: readonly Float32Array[]): void {
  input.tensors.forEach(({ shape, channels }, index) => {
    const { columns } = stretch.track;
    const wanted = channels
      ? channels.map(({ name }) => columns.indexOf(name))
      : Array.from({ length: shape[1]! }, (_, column) => column);
    fill(into[index]!, 0, stretch, input.window, wanted);
  });
}

/** Arrays of the sizes of a contract's tensors. */
export const emptyTensors = ({ input }: Contract): Float32Array[] =>
  input.tensors.map(({ shape }) => new Float32Array(shape.reduce((product, size) => product * size, 1)));

/** How many numbers a model of this contract gives for one window. */
export const outputsOf = ({ task }: Contract): number => taskOf(task).outputs(task);
