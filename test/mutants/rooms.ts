/** Where trust lives: what is changed there, the tests that have to notice, and how many of the changes. */
export interface Room {
  /** globs of sources; tests and fixtures among them are left out */
  mutate: readonly string[];
  /** files of tests, or folders (with a slash at the end) */
  tests: readonly string[];
  /** per cent of the mutants that have to be caught */
  wanted: number;
  /** Whether its tests, which keep nothing between them, run in one process (`oneProcess.mjs`), and not by Jest. */
  inOneProcess?: boolean;
}

export const ROOMS: Readonly<Record<string, Room>> = {
  'tuf-client': {
    mutate: ['pod/src/updates/{metadata,roots,trust}.ts'],
    tests: ['pod/src/updates/'],
    wanted: 100,
  },
  'pod-updates': {
    mutate: ['pod/src/updates/{checkpoint,fetcher}.ts', 'pod/src/following/*.ts', 'pod/src/state/*.ts'],
    tests: [
      'pod/src/updates/checkpoint.test.ts',
      'pod/src/updates/fetcher.test.ts',
      'pod/src/following/',
      'pod/src/state/floor.test.ts',
      'pod/src/state/lock.test.ts',
      'pod/src/state/state.test.ts',
    ],
    wanted: 90,
    inOneProcess: true,
  },
  'pod-slots': { mutate: ['pod/src/slots/*.ts'], tests: ['pod/src/slots/'], wanted: 90, inOneProcess: true },
  protocol: { mutate: ['protocol/src/**/*.ts'], tests: ['protocol/src/'], wanted: 90, inOneProcess: true },
  transfer: {
    mutate: ['transfer/src/**/*.ts'],
    // All but objects.test.ts and transfer.test.ts, which begin with a real store.
    tests: [
      'answers',
      'bounded',
      'busy',
      'canisters',
      'files',
      'hostile',
      'inspect',
      'inspection',
      'sending',
      'streams',
    ].map((name) => `transfer/src/${name}.test.ts`),
    wanted: 90,
    inOneProcess: true,
  },
  // what makes the attacks is no part of what is trusted
  runtime: {
    mutate: ['runtime/src/*.ts', 'runtime/src/{onnx,process,recordings}/**/*.ts'],
    tests: ['runtime/src/'],
    wanted: 90,
  },
  evidence: { mutate: ['evidence/src/**/*.ts'], tests: ['evidence/src/'], wanted: 90, inOneProcess: true },
  guards: {
    mutate: ['workflows/src/guards.ts'],
    tests: ['workflows/src/guards.test.ts'],
    wanted: 90,
    inOneProcess: true,
  },
};
