import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where what was built lies, and where bundles of the sources are kept: LIVEPOD_IC_CACHE, else `.cache` three folders
 * up, which is the clone's, or that of node_modules where the package is installed. JavaScript, as `bundle.mjs` is.
 */
export const CACHE = process.env.LIVEPOD_IC_CACHE
  ? resolve(process.env.LIVEPOD_IC_CACHE) + sep
  : fileURLToPath(new URL('../../../.cache/', import.meta.url));
