/**
 * Node's environment with the outer realm's typed arrays: native add-ons (onnxruntime-node, tfjs-node) compare
 * constructors.
 */
const { TestEnvironment } = require('jest-environment-node');

const OUTER = {
  ArrayBuffer,
  SharedArrayBuffer,
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
};

module.exports = class OuterTypedArrays extends TestEnvironment {
  async setup() {
    await super.setup();
    Object.assign(this.global, OUTER);
  }
};
