import { ed25519 } from '@noble/curves/ed25519';
import {
  canonicalJson,
  datasetUid,
  ed25519Der,
  hex,
  merkleRoot,
  parseApproval,
  parseChannel,
  parseCheckpointManifest,
  parseDatasetManifest,
  parseRecipe,
  principalOfDer,
  principalText,
  sha256,
  unhex,
  utf8,
} from '../index.js';

const seed = sha256(utf8('contributor'));
const der = ed25519Der(ed25519.getPublicKey(seed));
const contributor = principalText(principalOfDer(der));
const h = (name: string) => hex(sha256(utf8(name)));
const id = (name: string) => `sha256:${h(name)}`;

const dataset = () => ({
  type: 'livepod.dataset/v1',
  title: 'Watch, person 1',
  modality: 'motion',
  schema: { channels: [{ name: 'x_acc', unit: 'm/s2' }], rateMilliHz: 104_000, labels: ['WALKING'], device: 'watch' },
  salt: h('salt').slice(0, 32),
  contributor,
  publicKey: hex(der),
  keyEpoch: 0,
  files: [
    {
      name: 's01_01.csv',
      bytes: 100,
      chunks: [{ sha256: h('chunk'), bytes: 116 }],
      merkleRoot: hex(merkleRoot([unhex(h('chunk'))])),
    },
  ],
  merkleRoot: hex(merkleRoot([unhex(h('chunk'))])),
  storage: {
    kind: 's3',
    bucket: 'livepod',
    prefix: `datasets/${hex(datasetUid(principalOfDer(der), unhex(h('salt').slice(0, 32))))}/`,
  },
  wrappedKey: 'ab'.repeat(168),
  licence: {
    fee: '100000000',
    access: 'fee',
    purposes: ['motion-recognition'],
    providerClasses: ['bonded'],
    termDays: 365,
    splits: [{ account: contributor, basisPoints: 10_000 }],
  },
  statistics: { records: 1, milliseconds: 10, labels: { WALKING: 1 } },
});

const refusal = (field: string) => expect.objectContaining({ code: 'invalidManifest', details: { field } });

describe('a dataset manifest', () => {
  it('is read as it was written', () => {
    expect(parseDatasetManifest(canonicalJson(dataset()))).toEqual(dataset());
  });

  const chunk = (bytes: number) => [
    {
      name: 'a.csv',
      bytes: bytes - 16,
      chunks: [{ sha256: h('chunk'), bytes }],
      merkleRoot: hex(merkleRoot([unhex(h('chunk'))])),
    },
  ];
  it.each([
    ['an unknown field', { surprise: 1 }, 'dataset.surprise'],
    ['no title', { title: '' }, 'dataset.title'],
    ['a chunk over the limit', { files: chunk(1_000_001) }, 'dataset.files[0].chunks[0].bytes'],
    ['a Merkle root of other chunks', { merkleRoot: h('other') }, 'dataset.merkleRoot'],
    ['sizes that do not add up', { files: [{ ...chunk(116)[0], bytes: 99 }] }, 'dataset.files[0].bytes'],
    ['another contributor than its key', { contributor: '2vxsx-fae' }, 'dataset.contributor'],
    [
      'splits of more than the whole',
      { licence: { ...dataset().licence, splits: [{ account: contributor, basisPoints: 9_999 }] } },
      'dataset.licence.splits',
    ],
    ['a fee that is a number', { licence: { ...dataset().licence, fee: 1 } }, 'dataset.licence.fee'],
    ['a file name with a path', { files: [{ ...chunk(116)[0], name: '../a' }] }, 'dataset.files[0].name'],
  ])('is refused with %s', (_, change, field) => {
    expect(() => parseDatasetManifest(canonicalJson({ ...dataset(), ...change }))).toThrow(refusal(field));
  });
});

describe('an approval document', () => {
  const approval = () => ({
    type: 'livepod.approval/v1',
    recipe: id('recipe'),
    arguments: { epochs: 10, learningRate: '0.001' },
    seed: 1,
    datasets: [
      { id: `sha256:${'0'.repeat(64)}`, epoch: 0 },
      { id: `sha256:${'1'.repeat(64)}`, epoch: 0 },
    ],
    base: null,
    resources: { memoryMiB: 2048, seconds: 600 },
    egress: 'none',
    privacy: null,
    provider: contributor,
    reward: '5',
    deadline: '1800000000000000000',
  });
  it('is read as it was written', () => expect(parseApproval(canonicalJson(approval()))).toEqual(approval()));
  it('names its payer and a ceiling from its second version on', () => {
    const second = { ...approval(), type: 'livepod.approval/v2', payer: contributor, ceiling: '105' };
    expect(parseApproval(canonicalJson(second))).toEqual(second);
    const { ceiling: _, ...without } = second;
    expect(() => parseApproval(canonicalJson(without))).toThrow(refusal('approval.ceiling'));
    expect(() => parseApproval(canonicalJson({ ...approval(), payer: contributor }))).toThrow(
      refusal('approval.payer'),
    );
  });
  it('is refused with a dataset named twice', () => {
    const twice = { ...approval(), datasets: [approval().datasets[0], approval().datasets[0]] };
    expect(() => parseApproval(canonicalJson(twice))).toThrow(refusal('approval.datasets[1]'));
  });
  it('is refused with a way out to the network', () => {
    expect(() => parseApproval(canonicalJson({ ...approval(), egress: 'all' }))).toThrow(refusal('approval.egress'));
  });
});

describe('other documents', () => {
  it('refuses a recipe range without a default', () => {
    const recipe = {
      type: 'livepod.recipe/v1',
      name: 'r',
      version: '1',
      bundle: id('b'),
      hyperparameters: { epochs: { kind: 'integer', min: 1, max: 2 } },
      resources: { memoryMiB: 1, seconds: 1 },
      outputs: ['model.onnx'],
      purposes: ['p'],
    };
    expect(() => parseRecipe(canonicalJson(recipe))).toThrow(expect.objectContaining({ code: 'invalidManifest' }));
  });
  it('refuses a checkpoint whose chunks do not add up', () => {
    const checkpoint = {
      type: 'livepod.checkpoint/v1',
      model: 'motion-cnn',
      parent: null,
      recipe: id('r'),
      job: 1,
      approvalDigest: id('a'),
      datasets: [id('d')],
      arguments: {},
      seed: 1,
      metrics: {},
      files: [{ name: 'model.onnx', bytes: 10, sha256: h('m'), chunks: [{ sha256: h('m'), bytes: 9 }] }],
      runtime: { format: 'onnx', opset: 17, input: [100, 6], labels: ['A'] },
      provider: contributor,
      publicKey: hex(der),
    };
    expect(() => parseCheckpointManifest(canonicalJson(checkpoint))).toThrow(refusal('checkpoint.files[0].bytes'));
  });
  it('reads a channel whose order of pods was drawn, and refuses a seed in the first version', () => {
    const candidate = { release: 1, checkpoint: id('c'), version: 1, threshold: 'f'.repeat(16), seed: '0'.repeat(64) };
    const channel = { channel: 'stable', sequence: 1, stable: null, candidate, reason: 'r' };
    const drawn = { type: 'livepod.channel/v2', ...channel };
    expect(parseChannel(canonicalJson(drawn))).toEqual(drawn);
    expect(() => parseChannel(canonicalJson({ type: 'livepod.channel/v1', ...channel }))).toThrow(
      refusal('channel.candidate.seed'),
    );
    expect(() => parseChannel(canonicalJson({ ...drawn, candidate: null }))).toThrow(refusal('channel.candidate'));
  });
  it('refuses a channel whose threshold is not 16 digits', () => {
    const channel = {
      type: 'livepod.channel/v1',
      channel: 'stable',
      sequence: 1,
      stable: null,
      candidate: { release: 1, checkpoint: id('c'), version: 1, threshold: 'ff' },
      reason: 'r',
    };
    expect(() => parseChannel(canonicalJson(channel))).toThrow(refusal('channel.candidate.threshold'));
  });
});
