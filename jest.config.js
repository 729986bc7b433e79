/** One configuration for every package: tests sit beside what they test. */
export default {
  testEnvironment: '<rootDir>/test/jest/environment.cjs',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testMatch: ['**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/\\.cache/', '<rootDir>/\\.state/', '/dist/', '/target/'],
  testPathIgnorePatterns: ['/node_modules/', '\\.slow\\.test\\.ts$', '\\.e2e\\.test\\.ts$'],
  testTimeout: 180_000, // for what hangs: a machine that does much else may take three times as long
  /** Kept between runs: what was compiled, and how long each file took, by which the longest begin first. */
  cacheDirectory: '<rootDir>/.cache/jest',
};
