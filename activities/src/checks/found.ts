import type { Finding } from './port.js';

/** What stands at a place of an input, and what should. */
export const found = (path: string, what: string, { expected, remedy }: Omit<Finding, 'path' | 'found'>): Finding => ({
  path,
  found: what,
  expected,
  remedy,
});

/** `sha256:0a1b2c3d…` as people tell datasets apart. */
export const brief = (id: string): string => `${id.slice(0, 15)}…`;
