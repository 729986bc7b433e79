/** A place where strangers' code runs: for those who try it or measure it. */
export { limitsOf } from './confine.js';
export { probeSandbox } from './probe.js';
export { programOf } from './program.js';
export { startConfined, type Running } from './start.js';
export { sandboxWay } from './ways.js';
export { runRecipeProcess } from '../recipeProcess.js';
