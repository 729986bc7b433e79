import { RuntimeError } from '../errors.js';
import { raw, wholes } from '../attacks/onnx.js';
import { LIMITS } from './limits.js';
import type { TensorMessage } from './schema.js';
import { readTensor } from './tensors.js';
import { broadcast } from './values.js';

const outcome = (message: TensorMessage): unknown => {
  try {
    return readTensor(message, 'here');
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'modelRefused') return error.details['place'];
    throw error;
  }
};

describe('a tensor of the file', () => {
  it.each<[string, TensorMessage, object]>([
    ['float32 in bytes', { data_type: 1, dims: [2], raw_data: raw([1, 2]) }, { type: 1, dims: [2] }],
    ['float32 one by one', { data_type: 1, dims: [2], float_data: [1, 2] }, { type: 1, dims: [2] }],
    ['a single number', { data_type: 1, raw_data: raw([1]) }, { type: 1, dims: [] }],
    ['int64 in bytes', { data_type: 7, dims: [2], raw_data: wholes([-1, 5]) }, { type: 7, dims: [2], ints: [-1, 5] }],
    ['int64 one by one', { data_type: 7, dims: [2], int64_data: [3, 4] }, { type: 7, dims: [2], ints: [3, 4] }],
    ['a single int64', { data_type: 7, raw_data: wholes([9]) }, { type: 7, dims: [], ints: [9] }],
    [
      'a matrix of int64, whose numbers are none of a shape',
      { data_type: 7, dims: [1, 2], int64_data: [3, 4] },
      { type: 7, dims: [1, 2] },
    ],
    ['bools', { data_type: 9, dims: [2], raw_data: Uint8Array.of(0, 1) }, { type: 9, dims: [2] }],
  ])('is %s', (_, message, value) => expect(outcome(message)).toEqual(value));

  it('says its numbers where they are few', () => {
    const of = (count: number) => outcome({ data_type: 7, dims: [count], raw_data: new Uint8Array(count * 8) });
    expect(of(LIMITS.listed)).toHaveProperty('ints');
    expect(of(LIMITS.listed + 1)).not.toHaveProperty('ints');
  });

  it('is read from a view into other bytes', () => {
    const around = Uint8Array.of(1, 2, 3, ...wholes([7, 8]));
    expect(outcome({ data_type: 7, dims: [2], raw_data: around.subarray(3) })).toMatchObject({ ints: [7, 8] });
  });

  it.each<[string, TensorMessage, string]>([
    ['without a type', { dims: [1], raw_data: raw([1]) }, 'here.data_type'],
    ['of text', { data_type: 8, dims: [1] }, 'here.data_type'],
    ['of float64', { data_type: 11, dims: [1], raw_data: new Uint8Array(8) }, 'here.data_type'],
    ['of size 0', { data_type: 1, dims: [0], raw_data: new Uint8Array() }, 'here.dims'],
    ['of a size below', { data_type: 1, dims: [2, -1], raw_data: raw([1, 2]) }, 'here.dims'],
    [
      'of more than a model may have',
      { data_type: 1, dims: [LIMITS.modelBytes / 4 + 1], raw_data: raw([1]) },
      'here.dims',
    ],
    ['without contents', { data_type: 1, dims: [1] }, 'here'],
    ['of two kinds of contents', { data_type: 1, dims: [1], raw_data: raw([1]), float_data: [1] }, 'here'],
    ['of too few bytes', { data_type: 1, dims: [2], raw_data: raw([1]) }, 'here'],
    ['of too many bytes', { data_type: 1, dims: [1], raw_data: raw([1, 2]) }, 'here'],
    ['of too few numbers', { data_type: 1, dims: [2], float_data: [1] }, 'here'],
    ['of too many whole numbers', { data_type: 7, dims: [1], int64_data: [1, 2] }, 'here'],
    ['of floats that are called whole', { data_type: 7, dims: [1], float_data: [1] }, 'here'],
    ['of whole numbers that are called floats', { data_type: 1, dims: [1], int64_data: [1] }, 'here'],
    ['of a bool of 2', { data_type: 9, dims: [2], raw_data: Uint8Array.of(1, 2) }, 'here'],
  ])('%s is refused', (_, message, place) => expect(outcome(message)).toBe(place));
});

it('shapes are broadcast as NumPy does it', () => {
  expect(broadcast([2, 1, 3], [4, 1])).toEqual([2, 4, 3]);
  expect(broadcast([], [2])).toEqual([2]);
  expect(broadcast([1], [1])).toEqual([1]);
  expect(broadcast([2], [3])).toBeUndefined();
  expect(broadcast([2, 3], [2, 1, 1])).toEqual([2, 2, 3]);
});
