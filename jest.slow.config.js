/**
 * What needs the running parts or more than some seconds: `*.slow.test.ts`. The fault matrix's sample has a script of
 * its own: `npm run test:faults`.
 */
import quick from './jest.config.js';

const elsewhere = process.env.LIVEPOD_SUITE === 'faults' ? [] : ['/faults\\.slow\\.test\\.ts$'];
export default {
  ...quick,
  testMatch: ['**/*.slow.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...elsewhere],
  testTimeout: 900_000,
};
