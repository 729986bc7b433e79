/** Where trust lives: what is changed there, the tests that have to notice, and how many of the changes. */
export interface Room {
  /** globs of sources; tests and fixtures among them are left out */
  mutate: readonly string[];
  /** as Jest takes them */
  tests: readonly string[];
  /** they are `*.slow.test.ts`: minutes for each mutant */
  slow?: boolean;
  /** per cent of the mutants that have to be caught */
  wanted: number;
}

export const ROOMS: Readonly<Record<string, Room>> = {
  'tuf-client': {
    mutate: ['pod/src/updates/{metadata,roots,trust}.ts'],
    tests: ['pod/src/updates/'],
    wanted: 100,
  },
  'pod-updates': {
    mutate: ['pod/src/updates/{checkpoint,fetcher}.ts', 'pod/src/following/*.ts', 'pod/src/state/state.ts'],
    tests: ['pod/src/updates/', 'pod/src/state/', 'pod/src/pod.test.ts'],
    wanted: 90,
  },
  'pod-slots': {
    mutate: ['pod/src/slots/*.ts'],
    tests: ['pod/src/slots/', 'pod/src/recovery', 'pod/src/blame'],
    slow: true,
    wanted: 90,
  },
  protocol: { mutate: ['protocol/src/**/*.ts'], tests: ['protocol/src/'], wanted: 90 },
  transfer: { mutate: ['transfer/src/**/*.ts'], tests: ['transfer/src/'], wanted: 90 },
  runtime: { mutate: ['runtime/src/**/*.ts'], tests: ['runtime/src/'], wanted: 90 },
  evidence: { mutate: ['evidence/src/**/*.ts'], tests: ['evidence/src/'], wanted: 90 },
  guards: { mutate: ['workflows/src/guards.ts'], tests: ['workflows/src/'], wanted: 90 },
};
