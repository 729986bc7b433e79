import { fileURLToPath } from 'node:url';

/** What the project's set-up has built. */
export const CACHE = fileURLToPath(new URL('../../../.cache/', import.meta.url));
