/**
 * What needs the running parts or more than some seconds: `*.slow.test.ts`. LIVEPOD_SUITE=together leaves out what has
 * to run alone, LIVEPOD_SUITE=alone all else. The fault matrix's sample has a script of its own: `npm run test:faults`.
 */
import quick from './jest.config.js';

/** These measure time, processor or memory, and would measure what runs beside them. */
const ALONE = ['/bench/', '/infra/ic/src/durability/stable-memory\\.', '/workflows/src/constantEvents\\.'];
const suite = process.env.LIVEPOD_SUITE;
const elsewhere = [
  ...(suite === 'faults' ? [] : ['/faults\\.slow\\.test\\.ts$']),
  ...(suite === 'together' ? ALONE : []),
];
export default {
  ...quick,
  testMatch: ['**/*.slow.test.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    ...elsewhere,
    ...(suite === 'alone' ? [`^(?!.*(${ALONE.join('|')}))`] : []),
  ],
  testTimeout: 900_000,
};
