/** Types only: what workflows see of the world. Importing this file pulls no code into a workflow bundle. */
export type * from './checks/port.js';
export type * from './governance/port.js';
export type * from './datasets/port.js';
export type * from './access/port.js';
export type * from './training/port.js';
export type * from './evaluation/port.js';
export type * from './models/port.js';
export type * from './fleet/port.js';
export type * from './operators/port.js';
export type * from './treasury/port.js';
export type * from './watch/port.js';
