import { createHash } from 'node:crypto';

/** SHA-256 in hex, by the system's own code: models are large. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
