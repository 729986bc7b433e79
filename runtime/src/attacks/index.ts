/** Models that nobody should run, and the honest one that they are made from. */
export * from './onnx.js';
export { mutatedCheckpoints, type MutatedCheckpoints } from './checkpoints.js';
export { dice, type Dice } from './random.js';
