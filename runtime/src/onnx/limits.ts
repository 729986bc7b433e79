import { MAX_CHECKPOINT_BYTES } from '@livepod/protocol';

/** How large a model may be in each respect. */
export const LIMITS = {
  modelBytes: MAX_CHECKPOINT_BYTES,
  nameBytes: 256,
  noteBytes: 4_096,
  metadata: 32,
  metadataBytes: 16_384,
  nodes: 10_000,
  initializers: 10_000,
  /** Tensors that a model takes, and that it gives. */
  interface: 8,
  operands: 64,
  attributes: 32,
  /** Numbers that are listed one by one: of an attribute, or of a small tensor. */
  listed: 4_096,
  rank: 8,
  /** The largest tensor that is computed on the way, for one window: 64 MiB. */
  intermediateBytes: 64 * 1024 * 1024,
  /** All of them together, for one window: what is alive at a time is far less. */
  allIntermediatesBytes: 1024 * 1024 * 1024,
  /** Multiplications for one window: a second or two of one core. */
  work: 20e9,
} as const;

/** Versions of ONNX's operator set whose operators are known here. */
export const OPSETS = { from: 17, to: 21 } as const;
/** Versions of the file's own form that belong to them. */
export const IR_VERSIONS = { from: 8, to: 10 } as const;
