/** A model in a confined process of its own: how every host of this project runs one. */
export { type Confinement } from './confinement.js';
export { bytesOf, float32 } from './frames.js';
export { ModelProcess, refusalIn, type Heard, type Started } from './modelProcess.js';
export { programOf } from './program.js';
