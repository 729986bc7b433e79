import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone's top folder. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A path below the folder that holds downloads and builds; it may be deleted at any time and is made again. */
export const cache = (...parts: string[]): string => join(root, '.cache', ...parts);

/** The default folder of a running stack's state; deleting it starts the network anew. */
export const defaultState = join(root, '.state');

/** A path below this package: pinned hashes, Python scripts. */
export const own = (...parts: string[]): string => join(root, 'infra', 'stack', ...parts);
