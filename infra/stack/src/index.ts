/** What a stack needs (set-up) and how it is brought up (supervisor). */
export { setUp, steps, type SetUpOptions, type SetUpResult } from './setup.js';
export { bringUp, type Base, type BringUpOptions, type Stack } from './stack.js';
export type { ProcessHandle, ProcessSpec } from './supervised.js';
export { workerProcess, s3Environment, type WorkerName } from './workers.js';
export { searchAttributes, prepareTemporal, type SearchAttributes, type TemporalAddresses } from './temporalServer.js';
export { keyRings, operatorPageFile, signInLinkOf } from './codecServer.js';
export type { S3Addresses, S3Credentials } from './s3Server.js';
export { recordingsIn, type Recordings } from './steps/recordings.js';
export { buildWasm, canisterNames } from './steps/wasm.js';
export { findWasmToolchain, wasmToolchain, type WasmToolchain } from './wasmToolchain.js';
export { doctor } from './doctor.js';
export { StackError, type StackErrorCode } from './errors.js';
export { root, cache, defaultState } from './paths.js';
