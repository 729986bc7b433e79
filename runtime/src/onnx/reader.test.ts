import { InferenceSession } from 'onnxruntime-node';
import { RuntimeError } from '../errors.js';
import { Model } from '../model.js';
import type { Runnable } from '../runnable.js';
import * as onnx from '../attacks/onnx.js';
import { dice } from '../attacks/random.js';
import { LIMITS, readModel } from './index.js';
import { OPERATORS } from './operators/index.js';

const { attribute, graph, honest, int, message, metadata, modelOf, node, parts, raw, runnable, tensor, text, value } =
  onnx;

/** The network with some fields of its graph changed. */
const withGraph = (change: (fields: Uint8Array[]) => Uint8Array[]): Uint8Array => modelOf(parts(change(graph())));
const withMore = (...more: Uint8Array[]): Uint8Array => modelOf({ ...parts(graph()), more });
/** With one node more before the answer: `hidden` is made and used. */
const withNode = (added: Uint8Array, ...fields: Uint8Array[]): Uint8Array =>
  withGraph((all) => [
    ...all.slice(0, 8),
    added,
    node('Softmax', ['hidden'], ['probabilities'], attribute.int('axis', -1)),
    ...all.slice(9),
    ...fields,
  ]);

const refusal = (model: Uint8Array, manifest: Runnable = runnable): RuntimeError => {
  try {
    readModel(model, manifest);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'modelRefused') return error;
    throw error;
  }
  throw new Error('the reader let it through');
};

describe('the reader of models', () => {
  it('lets an ordinary network through, and ONNX Runtime runs it', async () => {
    const facts = readModel(honest(), runnable);
    expect(facts).toMatchObject({ inputs: [{ name: 'motion', dims: [1, 50, 6] }], outputs: [{ dims: [1, 4] }] });
    expect(facts.largestIntermediateBytes).toBe(8 * 50 * 4);
    const model = await Model.load(honest(), runnable);
    model.tensors[0]!.fill(1);
    expect((await model.run()).reduce((sum, each) => sum + each, 0)).toBeCloseTo(1);
    await model.close();
  });

  it("does not take a file for ONNX Runtime's own format, whatever stands at its front", async () => {
    const polyglot = Buffer.concat([Buffer.from([0x12, 0x82, 0x01, 0x20]), Buffer.from('ORTM'), honest()]);
    expect(refusal(polyglot).message).toContain('its format must be ONNX');
    await expect(Model.load(polyglot, runnable)).rejects.toMatchObject({ code: 'modelRefused' });
    // and if it came to a session, that is told which format it is
    await expect(
      InferenceSession.create(Buffer.from('0000ORTM0000'), { extra: { session: { load_model_format: 'ONNX' } } }),
    ).rejects.toThrow(/protobuf/i);
  });

  const subgraph = message(5, text(1, 'then_branch'), message(6, text(2, 'branch')), int(20, 5));
  const constant = (name: string, ...more: Uint8Array[]): Uint8Array =>
    tensor(name, [4], raw([1, 2, 3, 4]), 1, ...more);
  it.each([
    ['a subgraph in an If', withNode(node('If', ['scores'], ['hidden'], subgraph))],
    ['a subgraph in an operator that is on the list', withNode(node('Relu', ['scores'], ['hidden'], subgraph))],
    [
      'subgraphs in a list',
      withNode(node('Relu', ['scores'], ['hidden'], message(5, text(1, 'g'), message(11), int(20, 10)))),
    ],
    ['a loop', withNode(node('Loop', ['scores'], ['hidden'], subgraph))],
    ['a function of its own', withMore(message(25, text(1, 'Relu')))],
    ['training information', withMore(message(20))],
    ['a domain of its own', withNode(node('Relu', ['scores'], ['hidden'], text(7, 'com.example')))],
    ['a second operator set', withMore(message(8, text(1, 'com.microsoft'), int(2, 1)))],
    ['an operator that sees the batch', withNode(node('Shape', ['scores'], ['hidden']))],
    ['an operator that draws random numbers', withNode(node('RandomUniformLike', ['scores'], ['hidden']))],
    ['data outside of the file', withNode(node('Add', ['scores', 'far'], ['hidden']), constant('far', int(14, 1)))],
    [
      'the place of data outside',
      withNode(
        node('Add', ['scores', 'far'], ['hidden']),
        constant('far', message(13, text(1, 'location'), text(2, '/etc/passwd'))),
      ),
    ],
    ['a sparse tensor', withGraph((all) => [...all, message(15)])],
    [
      'an attribute that refers to another',
      withNode(node('Relu', ['scores'], ['hidden'], message(5, text(1, 'alpha'), text(21, 'x')))),
    ],
    ['an unknown field', withMore(text(99, 'x'))],
    ['an unknown field deep inside', withGraph((all) => [...all, message(5, text(8, 'x'), int(77, 1))])],
    ['bytes after its end', Uint8Array.of(...honest(), 0)],
    ['a second graph', withMore(message(7, ...graph()))],
    ['a group in the wire format', withMore(Uint8Array.of(0x3b, 0x3c))],
    ['a number with a byte too many', Uint8Array.of(0x08, 0x88, 0x00, ...honest().subarray(2))],
    ['a length that wraps', withMore(Uint8Array.of(0x32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01))],
    ['nothing', new Uint8Array()],
    ['a text', new TextEncoder().encode('not a model')],
  ])('refuses %s', (_, model) => void refusal(model));

  it.each([
    [
      'a tensor of fewer bytes than its shape',
      withGraph((all) => [...all.slice(0, 11), tensor('bias', [8], raw([1])), ...all.slice(12)]),
    ],
    [
      'a tensor whose shape overflows',
      withGraph((all) => [...all.slice(0, 11), tensor('bias', [2 ** 31, 2 ** 31, 2], raw([1])), ...all.slice(12)]),
    ],
    [
      'a tensor of a negative size',
      withGraph((all) => [...all.slice(0, 11), tensor('bias', [-8], raw([1])), ...all.slice(12)]),
    ],
    [
      'two kinds of contents',
      withGraph((all) => [
        ...all.slice(0, 11),
        tensor('bias', [8], raw(new Array<number>(8).fill(1)), 1, onnx.bytes(4, raw([1]))),
        ...all.slice(12),
      ]),
    ],
    ['strings in a tensor', withGraph((all) => [...all, message(5, int(1, 1), int(2, 8), text(8, 's'), text(6, 'x'))])],
    [
      'a result that would fill the memory',
      withNode(node('Tile', ['scores', 'times'], ['hidden']), tensor('times', [2], onnx.wholes([1, 2 ** 40]), 7)),
    ],
    [
      'a padding that would fill the memory',
      withNode(node('Pad', ['scores', 'pads'], ['hidden']), tensor('pads', [4], onnx.wholes([0, 2 ** 30, 0, 0]), 7)),
    ],
    ['a shape that is computed', withNode(node('Reshape', ['scores', 'cast'], ['hidden']))],
    ['a value that is made twice', withNode(node('Relu', ['scores'], ['scores']))],
    ['a value that is used before it is made', withNode(node('Relu', ['probabilities'], ['hidden']))],
    ['a tensor that nothing uses', withGraph((all) => [...all, tensor('stowaway', [4], raw([1, 2, 3, 4]))])],
    ['a node that nothing uses', withGraph((all) => [node('Relu', ['motion'], ['stowaway']), ...all])],
    [
      'kernels that do not fit',
      withGraph((all) => [
        ...all.slice(0, 10),
        tensor('kernel', [8, 6, 60], raw(new Array<number>(2880).fill(1))),
        ...all.slice(11),
      ]),
    ],
    [
      'training inside of the model',
      withNode(
        node(
          'BatchNormalization',
          ['scores', 'offset', 'offset', 'offset', 'offset'],
          ['hidden'],
          attribute.int('training_mode', 1),
        ),
      ),
    ],
    ['an answer that no node computes', withGraph((all) => [...all.slice(0, -1), value(12, 'offset', [4])])],
    ['a hint at another shape', withGraph((all) => [...all, value(13, 'scores', [1, 5])])],
  ])('refuses %s', (_, model) => void refusal(model));

  it.each<[string, Runnable]>([
    ['another operator set', { ...runnable, runtime: { ...runnable.runtime, opset: 18 } }],
    [
      'another name of its output',
      { ...runnable, runtime: { opset: 17, outputs: [{ name: 'x', type: 'float32', shape: [4] }] } },
    ],
    [
      'another shape of its output',
      { ...runnable, runtime: { opset: 17, outputs: [{ name: 'probabilities', type: 'float32', shape: [5] }] } },
    ],
    [
      'more labels than it answers with',
      { ...runnable, task: { kind: 'classification', labels: ['A', 'B', 'C', 'D', 'E'] } },
    ],
    [
      'labels in another order',
      { ...runnable, task: { kind: 'classification', labels: ['RUNNING', 'WALKING', 'STILL', 'FALLING'] } },
    ],
    [
      'another name of its input',
      { ...runnable, input: { ...runnable.input, tensors: [{ ...runnable.input.tensors[0]!, name: 'x' }] } },
    ],
    [
      'another window',
      { ...runnable, input: { ...runnable.input, tensors: [{ ...runnable.input.tensors[0]!, shape: [49, 6] }] } },
    ],
    [
      'two inputs',
      { ...runnable, input: { ...runnable.input, tensors: [runnable.input.tensors[0]!, runnable.input.tensors[0]!] } },
    ],
  ])('refuses a model whose manifest says %s', (_, manifest) => void refusal(honest(), manifest));

  it('refuses metadata that the manifest does not say', () => {
    refusal(withMore(metadata(['RUNNING', 'WALKING', 'STILL', 'FALLING'])));
    refusal(withMore(metadata(), metadata()));
    refusal(withMore(message(14, text(1, 'note'), text(2, 'x'))));
    refusal(withMore(message(14, text(1, 'window'), text(2, '51'))));
  });

  it('refuses a batch that is fixed at another size, and more than a model may be', () => {
    refusal(withGraph((all) => [...all.slice(0, -2), value(11, 'motion', [256, 50, 6]), ...all.slice(-1)]));
    expect(refusal(new Uint8Array(LIMITS.modelBytes + 1)).details).toEqual({ place: 'the file' });
  });

  it('names the place and repeats nothing of the file', () => {
    const model = withNode(node('Planted', ['scores'], ['hidden']));
    const { message: said, details } = refusal(model);
    expect(details).toEqual({ place: 'graph.node[8].op_type' });
    expect(said).not.toMatch(/planted/i);
  });

  it('knows no operator that branches, calls, or reads anything else', () => {
    const never = [
      'If',
      'Loop',
      'Scan',
      'Shape',
      'Size',
      'RandomNormal',
      'Multinomial',
      'Bernoulli',
      'SequenceAt',
      'Optional',
    ];
    expect(never.filter((name) => OPERATORS.has(name))).toEqual([]);
  });
});

describe('the reader, given anything', () => {
  const model = honest();
  const { below } = dice(12);
  const outcome = (bytes: Uint8Array): string => {
    const begun = process.cpuUsage();
    try {
      readModel(bytes, runnable);
      return 'through';
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      return error.code;
    } finally {
      expect(process.cpuUsage(begun).user).toBeLessThan(250_000); // microseconds of the processor
    }
  };
  const mutated = (): Uint8Array => {
    let bytes = model.slice();
    for (let times = below(4); times >= 0; times -= 1) {
      const at = below(bytes.length);
      const kind = below(5);
      if (kind === 0) bytes[at]! ^= 1 << below(8);
      else if (kind === 1) bytes[at] = below(256);
      else if (kind === 2) bytes = bytes.slice(0, at);
      else if (kind === 3) bytes = Uint8Array.of(...bytes.subarray(0, at), below(256), ...bytes.subarray(at));
      else bytes.copyWithin(at, below(bytes.length), below(bytes.length));
      if (bytes.length === 0) return bytes;
    }
    return bytes;
  };

  it('throws nothing but its refusal, and is never slow (2,000 mutations, 2,000 files of random bytes)', () => {
    const outcomes = new Map<string, number>();
    for (let run = 0; run < 2_000; run += 1) {
      const noise = Uint8Array.from({ length: below(400) }, () => below(256));
      for (const bytes of [mutated(), noise]) {
        const found = outcome(bytes);
        outcomes.set(found, (outcomes.get(found) ?? 0) + 1);
      }
    }
    expect([...outcomes.keys()].sort()).toEqual(['modelRefused', 'through']);
  });
});
