import { RuntimeError } from '../errors.js';

/**
 * A model that the reader does not let through. The place names fields and numbers of the file, the rest says what is
 * allowed; nothing of what stands there is repeated, since a stranger wrote it.
 */
export const refused = (place: string, allowed: string): RuntimeError =>
  new RuntimeError(
    'modelRefused',
    { place },
    `The model is refused at ${place}: ${allowed}. Ask its provider for one that runtime/README.md allows.`,
  );
