/** TensorProto.DataType, as far as models may compute with them. */
export const TYPES = { float: 1, int64: 7, bool: 9 } as const;
export type ElementType = (typeof TYPES)[keyof typeof TYPES];

const BYTES: Record<ElementType, number> = { 1: 4, 7: 8, 9: 1 };

/** What is known of a tensor before the model runs: a batch is one window, so every size is known. */
export interface Value {
  type: ElementType;
  dims: readonly number[];
  /** Its numbers, where they are whole, few, and in the file: they say shapes, axes and places. */
  ints?: readonly number[];
}

export const isElementType = (type: unknown): type is ElementType => type === 1 || type === 7 || type === 9;

/** Stays exact far beyond every limit. */
export const countOf = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);

export const bytesOf = ({ type, dims }: Value): number => countOf(dims) * BYTES[type];

export const floats = (dims: readonly number[]): Value => ({ type: TYPES.float, dims });

/** As NumPy broadcasts (ONNX, Broadcasting.md); undefined where the shapes do not go together. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const dims: number[] = [];
  for (let at = 0; at < rank; at += 1) {
    const x = a[a.length - rank + at] ?? 1;
    const y = b[b.length - rank + at] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    dims.push(x === 1 ? y : x);
  }
  return dims;
}
