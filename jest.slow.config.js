/** What needs the running parts or more than some seconds: `*.slow.test.ts`. */
import quick from './jest.config.js';

export default { ...quick, testMatch: ['**/*.slow.test.ts'], testPathIgnorePatterns: ['/node_modules/'], testTimeout: 900_000 };
