/** Models that nobody should run, and the honest one that they are made from. */
export * from './onnx.js';
