import * as onnx from './attacks/onnx.js';
import { RuntimeError } from './errors.js';
import { Model } from './model.js';

const { attribute, graph, modelOf, node, parts, raw, runnable, tensor } = onnx;

/** A sample that must not be heard of again. */
const PLANTED = 7_654_321;

/** All that an error says, to whoever logs it. */
const told = (error: RuntimeError): string =>
  [error.message, JSON.stringify(error.details), String(error.cause), error.code].join();

async function failing(model: Uint8Array): Promise<RuntimeError> {
  const loaded = await Model.load(model, runnable);
  loaded.tensors[0]!.fill(PLANTED);
  try {
    return await loaded.answer().then(
      () => Promise.reject(new Error('it answered')),
      (error: RuntimeError) => error,
    );
  } finally {
    await loaded.close();
  }
}

describe('an error of a run', () => {
  it('does not carry a sample that a model made an index of, which ONNX Runtime quotes', async () => {
    const fields = graph();
    const error = await failing(
      modelOf(
        parts([
          node('ReduceMax', ['motion'], ['peak'], attribute.ints('axes', [1, 2]), attribute.int('keepdims', 0)),
          node('Cast', ['peak'], ['place'], attribute.int('to', 7)),
          node('Gather', ['shelf', 'place'], ['chosen'], attribute.int('axis', 0)),
          ...fields.slice(0, 8),
          node('Add', ['scores', 'chosen'], ['sum']),
          node('Softmax', ['sum'], ['probabilities']),
          ...fields.slice(9),
          tensor('shelf', [4], raw([1, 2, 3, 4])),
        ]),
      ),
    );
    expect(error.code).toBe('inferenceFails');
    expect(told(error)).not.toMatch(new RegExp(`${PLANTED}|shelf|place`));
  });

  it('does not carry an output that is no finite number', async () => {
    const fields = graph();
    const error = await failing(
      modelOf(
        parts([
          ...fields.slice(0, 8),
          node('Div', ['scores', 'nothing'], ['sum']),
          node('Identity', ['sum'], ['probabilities']),
          ...fields.slice(9),
          tensor('nothing', [1], raw([0])),
        ]),
      ),
    );
    expect(error).toMatchObject({ code: 'outputNotFinite', details: { output: 0 } });
    expect(told(error)).not.toMatch(/Infinity|NaN/);
  });
});

describe('self-test vectors', () => {
  it.each([
    ['none', { input: [], output: [], tolerance: 1 }],
    ['windows of another size', { input: [[1]], output: [[1, 1, 1, 1]], tolerance: 1 }],
    ['text for numbers', { input: [new Array(300).fill('1')], output: [[1, 1, 1, 1]], tolerance: 1 }],
    ['a tolerance that is text', { input: [new Array(300).fill(1)], output: [[1, 1, 1, 1]], tolerance: 'any' }],
    ['no object', null],
  ])('are refused where there are %s', async (_, test) => {
    const model = await Model.load(onnx.honest(), runnable);
    await expect(model.selfTest(test as never)).rejects.toMatchObject({ code: 'selfTestDiffers' });
    await model.close();
  });
});
