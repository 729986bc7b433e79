/** How a model is read, checked, run and measured: the same in the trainer's check, the evaluator and the pod. */
export { RuntimeError } from './errors.js';
export { emptyTensors, examplesOf, readTracks, tensorsOf, wantedBy, type Contract } from './inputs.js';
export { answersOf, measure, measureIn, type Measurement } from './measure.js';
export { Model, type SelfTest } from './model.js';
export { readModel, type ModelFacts } from './onnx/index.js';
export { ModelProcess, type Confinement } from './process/index.js';
export {
  modalityOf,
  personOf,
  type Finding,
  type Modality,
  type Reading,
  type Recording,
  type Track,
  type Wanted,
} from './recordings/index.js';
export type { Runnable } from './runnable.js';
export { tryOut } from './tryOut.js';
export { checkVectors, vectorsOf, windowsFrom } from './vectors.js';
export {
  cutWindows,
  fill,
  judgedStretches,
  labelWindow,
  plain,
  truthOf,
  type Judged,
  type Windows,
} from './windows.js';
