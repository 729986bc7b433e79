import { ELEMENTWISE } from './elementwise.js';
import { LAYERS } from './layers.js';
import { LAYOUT } from './layout.js';
import type { Operator } from './operator.js';
import { REDUCE } from './reduce.js';

/**
 * Every operator that a model may use, by its name in ONNX. None of them branches, loops, draws random numbers, reads
 * anything but its inputs, or sees how large a batch is.
 */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({ ...ELEMENTWISE, ...LAYERS, ...LAYOUT, ...REDUCE }),
);

export { NodeToInfer, type AttributeKind, type AttributeValue, type Operator } from './operator.js';
