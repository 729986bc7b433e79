/** Writes the test vectors that other implementations of the protocol are held to: `npm run vectors -w protocol`. */
import { writeFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519';
import {
  BLAMES,
  blameOf,
  canonicalJson,
  cohortPosition,
  figuresInWords,
  parseCheckpointManifest,
  ranBy,
  parseEvaluation,
  parseRecipe,
  contentId,
  DEFAULT_PLAN,
  DEFAULT_TEST,
  deviceFaultOf,
  FAILURE_CODES,
  failureOf,
  datasetUid,
  documentId,
  ed25519Der,
  forHtml,
  GOVERNED,
  GOVERNED_METHODS,
  hex,
  isCarried,
  isFailure,
  isSettled,
  laneOf,
  isWorse,
  jobState,
  merkleRoot,
  openChunk,
  MOTION,
  OPERATOR_ACTIONS,
  operatorTokenOf,
  operatorTokenText,
  outcomeOf,
  outcomeOfVote,
  parsePlan,
  planInWords,
  podsOfWave,
  principalOfDer,
  principalText,
  sealFile,
  sha256,
  signDocument,
  releaseState,
  signOperatorToken,
  utf8,
  validatorOf,
  vetkdInput,
  wavesOf,
  WITHDRAWN_ERROR,
  type OperatorAction,
} from '../src/index.js';
import * as limits from '../src/limits.js';
import { COUNT, makeMutants, SEED } from './mutants.js';

const write = (name: string, vectors: unknown): void =>
  writeFileSync(new URL(`./${name}.json`, import.meta.url), `${JSON.stringify(vectors, null, 1)}\n`);

const seeds = [1, 2, 3].map((number) => sha256(utf8(`seed ${number}`)));
const people = seeds.map((seed) => {
  const der = ed25519Der(ed25519.getPublicKey(seed));
  return { seed, der, principal: principalOfDer(der) };
});

write('canonical', [
  ...[
    '{"b":1,"a":[true,null,"é\\u0007\\"\\\\/"]}',
    '{}',
    '[]',
    '"\\u20ac"',
    '9007199254740991',
    '-1',
    '{"z":{"y":{"x":0}}}',
  ].map((input) => ({ input, canonical: new TextDecoder().decode(canonicalJson(JSON.parse(input))) })),
  ...['1.5', '1e300', '9007199254740992', '{"é":1}'].map((input) => ({ input, canonical: null })),
]);

write(
  'documents',
  people.map(({ seed, der, principal }, index) => {
    const document = canonicalJson({
      type: `livepod.example/v${index + 1}`,
      by: principalText(principal),
      amount: '100000000',
      list: [3, 2, 1],
      note: 'Zoë ☂',
    });
    return {
      document: new TextDecoder().decode(document),
      id: documentId(document),
      publicKey: hex(der),
      signature: hex(signDocument(document, seed)),
      principal: principalText(principal),
    };
  }),
);

write(
  'html',
  [
    'Walking & sitting',
    '<script>alert("x")</script>',
    "it's\ta title\nof two lines",
    '\u202eexe.txt \u2066 \u200b \ufeff \u00ad \u{e0041} 👨‍👩‍👧',
    '\u001b[2J \u009b \u0000 \u007f \r',
  ].map((text) => ({ text, html: forHtml(text) })),
);

const audience = principalText(people[2]!.principal);
const operatorTimes = { notBefore: 1_800_000_000_000_000_000n, expires: 1_800_003_600_000_000_000n };
const operatorVector = (token: string, index: number, more: object) => {
  const { document, signature } = operatorTokenOf(token);
  return {
    token,
    document: new TextDecoder().decode(document),
    signature: hex(signature),
    operator: principalText(people[index]!.principal),
    audience,
    ...more,
  };
};
write('operator', [
  // The first version: read, and allowed nothing.
  ...people.map(({ seed, der, principal }, index) => {
    const actions = [['pause'], ['pause', 'resume', 'skipSoak'], ['extendDeadline']][index]!;
    const document = canonicalJson({
      type: 'livepod.operator/v1',
      operator: principalText(principal),
      publicKey: hex(der),
      actions,
      workflow: index === 1 ? '*' : `lifecycle-round-${index}`,
      audience,
      notBefore: String(operatorTimes.notBefore),
      expires: String(operatorTimes.expires),
      nonce: hex(sha256(utf8(`nonce ${index}`)).subarray(0, 16)),
    });
    const token = operatorTokenText({ document, signature: signDocument(document, seed) });
    return operatorVector(token, index, { action: actions.at(-1) });
  }),
  ...people.map(({ seed }, index) => {
    const asked = [
      { action: 'approve', object: 'workflow', state: 'awaitingApproval/1/0' },
      { action: 'skipSoak', object: 'release/7', state: releaseState('rolling', 1, 2) },
      { action: 'extendDeadline', object: 'job/12', state: jobState('granted', operatorTimes.expires) },
    ][index] as { action: OperatorAction; object: string; state: string };
    const token = signOperatorToken(seed, {
      ...asked,
      ...operatorTimes,
      workflow: `lifecycle-round-${index}`,
      audience,
      nonce: sha256(utf8(`nonce ${index}`)).subarray(0, 16),
    });
    return operatorVector(token, index, asked);
  }),
]);

write(
  'merkle',
  [0, 1, 2, 3, 4, 5, 7, 8, 9].map((count) => {
    const leaves = Array.from({ length: count }, (_, index) => sha256(utf8(`chunk ${index}`)));
    return { leaves: leaves.map(hex), root: hex(merkleRoot(leaves)) };
  }),
);

write(
  'uid',
  people.map(({ principal }, index) => {
    const salt = sha256(utf8(`salt ${index}`)).subarray(0, 16);
    const uid = datasetUid(principal, salt);
    return {
      principal: principalText(principal),
      salt: hex(salt),
      uid: hex(uid),
      epoch: index,
      vetkdInput: hex(vetkdInput(uid, index)),
    };
  }),
);

write(
  'cohort',
  people.flatMap(({ principal }) =>
    [0n, 7n, 2n ** 63n].flatMap((release) =>
      [undefined, new Uint8Array(32), sha256(utf8('a seed'))].map((seed) => ({
        release: String(release),
        principal: principalText(principal),
        ...(seed && { seed: hex(seed) }),
        position: String(cohortPosition(release, principal, seed)),
      })),
    ),
  ),
);

const id = (name: string): string => contentId(utf8(name));
const evaluator = people[0]!;
const measured = {
  checkpoint: id('checkpoint'),
  evaluator: principalText(evaluator.principal),
  publicKey: hex(evaluator.der),
  people: 5,
  windows: 700,
  at: '1800000000000000000',
};
const report = {
  type: 'livepod.evaluation/v2',
  ...measured,
  task: 'regression',
  figures: [
    { name: 'meanError', value: '7.200000', unit: 'bpm', parent: '8.100000' },
    { name: 'rootMeanSquare', value: '9.500000', unit: 'bpm', parent: null },
    { name: 'shareWithin5', value: '0.510000', unit: null, parent: null },
  ],
  deciding: { figure: 'meanError', better: 'lower' },
  worstPerson: 'rootMeanSquare',
};
const thirdReport = {
  ...report,
  type: 'livepod.evaluation/v3',
  ran: id('what was run'),
  vectors: { seed: hex(sha256(utf8('drawn'))), outputs: [['61.5'], ['-0.000001']] },
};
const firstReport = {
  type: 'livepod.evaluation/v1',
  ...measured,
  accuracy: '0.951',
  macroF1: '0.93',
  worstPerson: '0.88',
  parentAccuracy: null,
};
const read = <T>(parse: (bytes: Uint8Array) => T, document: object): { document: string; reads: T | null } => {
  const bytes = canonicalJson(document as never);
  try {
    return { document: new TextDecoder().decode(bytes), reads: parse(bytes) };
  } catch {
    return { document: new TextDecoder().decode(bytes), reads: null };
  }
};
write(
  'evaluation',
  [
    firstReport,
    report,
    { ...report, deciding: { figure: 'accuracy', better: 'higher' } },
    { ...report, figures: [...report.figures, report.figures[0]] },
    { ...report, figures: [{ name: 'accuracy', value: '1.01', unit: null, parent: null }] },
    { ...report, accuracy: '0.9' },
    { ...firstReport, type: 'livepod.evaluation/v3' },
    thirdReport,
    { ...thirdReport, type: 'livepod.evaluation/v2' },
    { ...report, type: 'livepod.evaluation/v3' },
    { ...report, ran: null },
    { ...thirdReport, ran: 'sha256:7' },
    { ...thirdReport, vectors: null },
    { ...thirdReport, vectors: { ...thirdReport.vectors, outputs: [] } },
    { ...thirdReport, vectors: { ...thirdReport.vectors, outputs: [[]] } },
    { ...thirdReport, vectors: { ...thirdReport.vectors, outputs: [['1e3']] } },
    { ...thirdReport, vectors: { ...thirdReport.vectors, outputs: new Array(17).fill(['1']) } },
    { ...thirdReport, vectors: { ...thirdReport.vectors, seed: '07' } },
    { ...thirdReport, type: 'livepod.evaluation/v4' },
  ].map((document) => {
    const vector = read(parseEvaluation, document);
    return { ...vector, inWords: vector.reads && figuresInWords(vector.reads.figures) };
  }),
);

const origin = {
  model: 'heart-rate',
  parent: null,
  recipe: id('recipe'),
  job: 1,
  approvalDigest: id('approval'),
  datasets: [id('dataset')],
  arguments: { epochs: 3 },
  seed: 7,
  metrics: {},
  files: [
    {
      name: 'model.onnx',
      bytes: 9,
      sha256: hex(sha256(utf8('m'))),
      chunks: [{ sha256: hex(sha256(utf8('m'))), bytes: 9 }],
    },
  ],
  provider: principalText(evaluator.principal),
  publicKey: hex(evaluator.der),
};
const target = { name: 'heart_rate', unit: 'bpm', tolerance: '15' };
const window = { before: 20, judged: 10, after: 0, step: 10 };
const checkpoint = {
  type: 'livepod.checkpoint/v2',
  ...origin,
  task: { kind: 'regression', target },
  input: {
    modality: 'activity',
    rateMilliHz: 1000,
    window,
    tensors: [{ name: 'activity', type: 'float32', shape: [30, 1], channels: [{ name: 'speed', unit: 'm/s' }] }],
  },
  runtime: { format: 'onnx', opset: 17, outputs: [{ name: 'value', type: 'float32', shape: [1] }] },
};
const firstCheckpoint = {
  type: 'livepod.checkpoint/v1',
  ...origin,
  runtime: { format: 'onnx', opset: 17, input: [100, 6], labels: ['WALKING', 'STILL'] },
};
write(
  'checkpoint',
  [
    firstCheckpoint,
    checkpoint,
    { ...checkpoint, input: { ...checkpoint.input, window: { ...window, after: 5 } } },
    {
      ...checkpoint,
      input: {
        ...checkpoint.input,
        window: { ...window, after: 5 },
        tensors: [{ ...checkpoint.input.tensors[0], shape: [35, 1] }],
      },
    },
    { ...checkpoint, runtime: firstCheckpoint.runtime },
    { ...firstCheckpoint, runtime: checkpoint.runtime },
    { ...firstCheckpoint, task: checkpoint.task },
  ].map((document) => {
    const vector = read(parseCheckpointManifest, document);
    return vector.reads ? { ...vector, ran: ranBy(utf8(vector.document)) } : vector;
  }),
);

const firstRecipe = {
  type: 'livepod.recipe/v1',
  name: 'heart-rate',
  version: '1.0.0',
  bundle: id('bundle'),
  hyperparameters: { epochs: { kind: 'integer', min: 1, max: 9, default: 3 } },
  resources: { memoryMiB: 512, seconds: 60 },
  outputs: ['model.onnx'],
  purposes: ['heart-rate'],
};
const recipe = {
  ...firstRecipe,
  type: 'livepod.recipe/v2',
  task: { kind: 'regression', target },
  input: { modality: 'activity', window, tensors: [{ name: 'activity', type: 'float32', channels: ['speed'] }] },
};
write(
  'recipe',
  [
    firstRecipe,
    recipe,
    { ...recipe, input: { ...recipe.input, tensors: [{ name: 'motion', type: 'float32', channels: null }] } },
    { ...firstRecipe, task: recipe.task },
    { ...firstRecipe, type: 'livepod.recipe/v2' },
    { ...recipe, input: { ...recipe.input, tensors: [{ name: 'motion', type: 'float64', channels: null }] } },
  ].map((document) => read(parseRecipe, document)),
);

const place = { uid: sha256(utf8('uid')), dataKey: sha256(utf8('data key')), fileIndex: 2 };
const chunks = [];
for (const plain of [new Uint8Array(), utf8('heart rate 61'), new Uint8Array(960_001)]) {
  const stored = await sealFile(plain, place);
  await openChunk(stored[0] as Uint8Array, { ...place, chunkIndex: 0, eof: stored.length === 1 });
  chunks.push({
    uid: hex(place.uid),
    dataKey: hex(place.dataKey),
    fileIndex: 2,
    plainBytes: plain.length,
    plainSha256: contentId(plain),
    stored: stored.map((chunk) => ({
      bytes: chunk.length,
      sha256: contentId(chunk),
      head: hex(chunk.subarray(0, 32)),
    })),
  });
}
write('chunks', chunks);

write(
  'limits',
  Object.entries(limits).map(([name, value]) => ({ name, value })),
);

write('governed', [
  { id: MOTION, method: 'motion' },
  ...GOVERNED_METHODS.map((method) => {
    const { id, canister } = GOVERNED[method];
    return { id, method, canister, validator: validatorOf(method), lane: laneOf(method) };
  }),
]);

write(
  'operations',
  OPERATOR_ACTIONS.map((action) => ({ action })),
);

/** Power for and against of all there is, the quorum, and how far the proposal has come. */
const ballots = [
  [501, 499, 1000, 300],
  [500, 500, 1000, 300],
  [500, 0, 1000, 300],
  [30, 29, 1000, 300],
  [29, 0, 1000, 300],
  [400, 400, 1000, 300],
  [1, 0, 1000, 0],
  [0, 0, 1000, 0],
  [299, 500, 1000, 300],
  [250, 249, 1000, 2500],
  [249, 1, 1000, 2500],
  [0, 0, 0, 300],
  [2 ** 53 - 1, 1, 2 ** 53 - 1, 10_000],
] as const;
const stages = [[], ['decided'], ['decided', 'executed'], ['decided', 'failed'], ['decided', 'failed', 'withdrawn']];
write(
  'votes',
  ballots.flatMap(([yes, no, total, quorum]) => {
    const count = { yes: BigInt(yes), no: BigInt(no), total: BigInt(total), quorumBasisPoints: BigInt(quorum) };
    return stages.map((stage) => {
      const [decided, executed, failed, withdrawn] = ['decided', 'executed', 'failed', 'withdrawn'].map((name) =>
        stage.includes(name),
      ) as [boolean, boolean, boolean, boolean];
      return {
        yes: String(yes),
        no: String(no),
        total: String(total),
        quorum: String(quorum),
        ...{ decided, executed, failed, withdrawn },
        withdrawnError: WITHDRAWN_ERROR,
        carried: isCarried(count),
        settled: isSettled(count),
        outcome: outcomeOfVote({ ...count, decided, executed, failed, withdrawn }),
      };
    });
  }),
);

const gate = { minWindows: 40, maxCorrectionPermille: 250, maxErrors: 0 };
const fast = { soakSeconds: 8, gate };
const fleets = [0, 1, 4, 6, 7, 99, 50_000];
write('blame', [
  ...[
    ...FAILURE_CODES.map((code) => failureOf(code)),
    ...BLAMES.map((code) => failureOf(code, 'errors 3')),
    'corrected: corrections 40, windows 60',
    ...['', 'diskFull', 'diskFull: /home/ada', 'diskFull:', 'diskFull: errors', 'diskFull: errors 1,', 'x: errors 1'],
    ...['corrected: errors 1234567890', 'corrected: errors 1 of hers', 'corrected: errors +1', ' diskFull: '],
    ...['ENOSPC: no space left', 'runtimeDied', 'runtimeDied it did', 'a: runtimeDied: x', ' runtimeDied: x'],
  ].map((text) => ({
    text,
    code: blameOf(text) ?? null,
    device: deviceFaultOf(text) ?? null,
    isFailure: isFailure(text),
  })),
]);
const strict = { ...DEFAULT_TEST, healthyPermille: 1, unhealthyPermille: 999, falseAlarmPermille: 1, minPodSeconds: 0 };
const close = { ...DEFAULT_TEST, healthyPermille: 300, unhealthyPermille: 301, missPermille: 500, marginPermille: 0 };
const counts = [0, 1, 2, 3, 7, 100, 4_000];
write('podTests', [
  ...[DEFAULT_TEST, strict, close].flatMap((test) => [
    ...[1, 2, 20].flatMap((wave) =>
      counts.flatMap((well) =>
        counts.map((worse) => ({ test, wave, well, worse, outcome: outcomeOf(test, wave, well, worse) })),
      ),
    ),
    ...[0, 1, 35, 36, 100].flatMap((corrections) =>
      [undefined, { windows: 200, corrections: 60 }, { windows: 1, corrections: 0 }].map((before) => ({
        test,
        now: { windows: 100, corrections },
        before: before ?? null,
        most: 350,
        worse: isWorse(test, { windows: 100, corrections }, before, 350),
      })),
    ),
  ]),
]);
write('plans', [
  ...[
    DEFAULT_PLAN,
    { waves: [1, 3, 6], ...fast },
    { waves: [1], soakSeconds: 0, gate, skippableSoak: true },
    { waves: [2, 50], soakSeconds: 5400, gate: { minWindows: 0, maxCorrectionPermille: 1000, maxErrors: 9 } },
    { shares: [1, 15, 1000], soakSeconds: 7200, gate },
    { shares: [1000], soakSeconds: limits.MAX_SOAK_SECONDS, gate },
    { shares: [1000], soakSeconds: 0, gate: { ...gate, minPods: 1, minPodWindows: 1, maxBadPermille: 0 } },
    { shares: [1000], soakSeconds: 0, gate: { ...gate, minPods: 7, maxErrors: 1 } },
    { waves: [1, 3, 9, 50], soakSeconds: 60, gate: { ...gate, test: { ...DEFAULT_TEST, minPodSeconds: 60 } } },
  ].map((given) => {
    const plan = parsePlan(given);
    return {
      plan,
      default: given === DEFAULT_PLAN,
      words: planInWords(plan),
      pods: fleets.flatMap((fleet) =>
        Array.from({ length: wavesOf(plan) }, (_, index) => ({
          fleet,
          wave: index + 1,
          reaches: podsOfWave(plan, index + 1, fleet),
        })),
      ),
    };
  }),
  ...(
    [
      ['waves', { waves: [], ...fast }],
      ['waves', { waves: Array.from({ length: limits.MAX_WAVES + 1 }, (_, index) => index + 1), ...fast }],
      ['waves', { waves: [0, 1], ...fast }],
      ['waves', { waves: [3, 3], ...fast }],
      ['waves', { waves: [3, 1], ...fast }],
      ['waves', { waves: [1], shares: [1000], ...fast }],
      ['shares', { shares: [], ...fast }],
      ['shares', { shares: [10, 500], ...fast }],
      ['shares', { shares: [500, 10, 1000], ...fast }],
      ['shares', { shares: [0, 1000], ...fast }],
      ['shares', { shares: [1000, 1001], ...fast }],
      ['soakSeconds', { waves: [1], soakSeconds: limits.MAX_SOAK_SECONDS + 1, gate }],
      ['gate.minPods', { waves: [1], soakSeconds: 8, gate: { ...gate, minPods: 0 } }],
      ['gate.maxBadPermille', { waves: [1], soakSeconds: 8, gate: { ...gate, maxBadPermille: 1001 } }],
      ['gate.minPods', { waves: [1], soakSeconds: 8, gate: { ...gate, minPods: 3, test: DEFAULT_TEST } }],
      ['gate.maxBadPermille', { waves: [1], soakSeconds: 8, gate: { ...gate, maxBadPermille: 3, test: DEFAULT_TEST } }],
      ...(
        [
          ['healthyPermille', 0],
          ['unhealthyPermille', 20],
          ['falseAlarmPermille', 0],
          ['missPermille', 501],
          ['marginPermille', 1001],
          ['minNewPods', 0],
          ['minPodSeconds', limits.MAX_SOAK_SECONDS + 1],
        ] as const
      ).map(
        ([field, value]) =>
          [
            `gate.test.${field}`,
            { waves: [1], soakSeconds: 8, gate: { ...gate, test: { ...DEFAULT_TEST, [field]: value } } },
          ] as const,
      ),
      ['gate.maxCorrectionPermille', { waves: [1], soakSeconds: 8, gate: { ...gate, maxCorrectionPermille: 1001 } }],
    ] as const
  ).map(([wrong, plan]) => ({ plan, wrong })),
]);

// The last: its bases are documents of the vectors above.
const [seed = SEED, count = COUNT] = process.argv.slice(2).map(Number);
const { bases, mutants } = makeMutants(seed, count);
const lines = (rows: unknown[]): string => rows.map((row) => `\n  ${JSON.stringify(row)}`).join(',');
writeFileSync(
  new URL('./mutants.json', import.meta.url),
  `{\n "bases": [${lines(bases)}\n ],\n "mutants": [${lines(mutants)}\n ]\n}\n`,
);
