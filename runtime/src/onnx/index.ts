/** A strict reader of the subset of ONNX that models may use; the first thing that happens to every model. */
export { LIMITS, OPSETS } from './limits.js';
export { OPERATORS } from './operators/index.js';
export { readModel, type ModelFacts } from './reader.js';
