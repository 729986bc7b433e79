import { RuntimeError } from '../../errors.js';
import { TYPES, type Value } from '../values.js';
import { NodeToInfer, OPERATORS, type AttributeValue } from './index.js';

/** A tensor as its sizes: `2x3` of float32, `i2` of int64, `b.` a single bool, `i2=4,5` a constant of the file. */
function tensor(said: string): Value | undefined {
  if (said === '_') return undefined;
  const [, letter, sizes, ints] = /^([ib]?)([0-9x]+|\.)(?:=(.*))?$/.exec(said)!;
  const type = letter === 'i' ? TYPES.int64 : letter === 'b' ? TYPES.bool : TYPES.float;
  const dims = sizes === '.' ? [] : sizes!.split('x').map(Number);
  return { type, dims, ...(ints === undefined ? {} : { ints: ints.split(',').map(Number) }) };
}
const written = ({ type, dims, ints }: Value): string =>
  `${{ 1: '', 7: 'i', 9: 'b' }[type]}${dims.join('x') || '.'}${ints ? `=${ints.join()}` : ''}`;

function attribute(said: string): AttributeValue {
  if (said.startsWith('[')) return JSON.parse(said) as number[];
  const number = Number(said);
  return Number.isNaN(number) ? said : number;
}

/** One use of an operator: `Conv 1x6x10 8x6x3 | pads=[1,1] outputs=1 opset=17`. */
function use(said: string) {
  const [call, more = ''] = said.split(' | ');
  const [type, ...inputs] = call!.split(' ');
  const given = new Map(more.split(' ').flatMap((one) => (one ? [one.split('=') as [string, string]] : [])));
  const [opset, outputs] = ['opset', 'outputs'].map((name) => Number(given.get(name) ?? (name === 'opset' ? 17 : 1)));
  const attributes = [...given].flatMap(([name, value]): [string, AttributeValue][] =>
    name === 'opset' || name === 'outputs' ? [] : [[name, name === 'value' ? tensor(value)! : attribute(value)]],
  );
  const node = new NodeToInfer('here', opset!, inputs.map(tensor), new Map(attributes), outputs!);
  return { operator: OPERATORS.get(type!)!, node };
}

function outcome(said: string): string {
  const { operator, node } = use(said);
  try {
    return operator.infer(node).map(written).join(' ');
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'modelRefused') return 'refused';
    throw error;
  }
}
const each = (cases: string): void =>
  it.each(cases.trim().split(/\n */))('%s', (line) => {
    const [said, result] = line.split(' -> ') as [string, string];
    expect(outcome(said)).toBe(result);
  });

describe('number by number', () => {
  each(`
    Relu 2x3 -> 2x3
    Relu i2 -> refused
    Relu _ -> refused
    Add 2x3 3 -> 2x3
    Add 1x3 2x1 -> 2x3
    Add . 2x3 -> 2x3
    Add i3 i1 -> i3
    Add 2x3 2 -> refused
    Add 3 i3 -> refused
    Add b3 b3 -> refused
    Add 2 _ -> refused
    Div i3 i3 -> refused
    Sum 3 2x1 1 -> 2x3
    And b3 b1 -> b3
    And 3 3 -> refused
    Less 2x3 3 -> b2x3
    Equal i2 i2 -> b2
    Equal b2 b2 -> refused
    Not b2 -> b2
    Not 2 -> refused
    Identity i2=4,5 -> i2=4,5
    Identity b2 -> b2
    Cast 2 _ | to=7 -> i2
    Cast i2 | to=9 -> b2
    Cast b2 | to=1 -> 2
    Cast 2 | to=6 -> refused
    Cast 2 -> refused
    Clip 2 -> 2
    Clip 2 . . -> 2
    Clip 2 _ . -> 2
    Clip 2 1 -> refused
    Clip 2 . 1 -> refused
    Dropout 2 . -> 2
    PRelu 2x3 3 -> 2x3
    PRelu 2x3 2 -> refused
    PRelu 1x3 2x3 -> refused
    Where b2x1 3 1 -> 2x3
    Where b1 i3 i1 -> i3
    Where b1 3 i3 -> refused
    Where 1 3 3 -> refused
    Where b2 3 3 -> refused
    Softmax 2x3 -> 2x3
    Softmax 2x3 | axis=-2 -> 2x3
    Softmax 2x3 | axis=2 -> refused
    Softmax 2x3 | axis=-3 -> refused
    Softmax 2x3 | axis=0.5 -> refused
    Softmax . -> refused
  `);
});

describe('many numbers to one', () => {
  each(`
    ReduceMean 2x3 -> 1x1
    ReduceMean 2x3 | axes=[1] -> 2x1
    ReduceMean 2x3 | axes=[-1] -> 2x1
    ReduceMean 2x3 | axes=[1] keepdims=0 -> 2
    ReduceMean 2x3 | keepdims=0 -> .
    ReduceMean 2x3 | axes=[1,-1] -> refused
    ReduceMean 2x3 | axes=[2] -> refused
    ReduceMean 2x3 | noop_with_empty_axes=1 -> refused
    ReduceMean 2x3 | noop_with_empty_axes=0 axes=[1] -> 2x1
    ReduceMean 2x3 i1=1 -> refused
    ReduceMean 2x3 i1=1 | opset=18 -> 2x1
    ReduceMean 2x3 | opset=18 -> 1x1
    ReduceMean 2x3 _ | opset=18 -> 1x1
    ReduceMean 2x3 | axes=[1] opset=18 -> refused
    ReduceMean 2x3 i1 | opset=18 -> refused
    ReduceMean 2x3 1 | opset=18 -> refused
    ReduceSum 2x3 i1=1 -> 2x1
    ReduceSum 2x3 | axes=[1] -> refused
    ArgMax 2x3 -> i1x3
    ArgMax 2x3 | axis=1 keepdims=0 -> i2
    ArgMin 2x3 | axis=-1 keepdims=1 -> i2x1
    ArgMax 2x3 | axis=2 -> refused
    ArgMax . -> refused
  `);
});

describe('layers that move over their input', () => {
  each(`
    Conv 1x6x10 8x6x3 -> 1x8x8
    Conv 1x6x10 8x6x3 8 | kernel_shape=[3] -> 1x8x8
    Conv 1x6x10 8x6x3 | pads=[1,1] -> 1x8x10
    Conv 1x6x10 8x6x3 | pads=[0,1] -> 1x8x9
    Conv 1x6x10 8x6x3 | strides=[2] -> 1x8x4
    Conv 1x6x10 8x6x3 | dilations=[2] -> 1x8x6
    Conv 1x6x3 8x6x3 -> 1x8x1
    Conv 1x6x10 8x6x3 | auto_pad=SAME_UPPER -> 1x8x10
    Conv 1x6x10 8x6x3 | auto_pad=SAME_LOWER strides=[2] -> 1x8x5
    Conv 1x6x10 8x6x3 | auto_pad=VALID pads=[1,1] -> 1x8x8
    Conv 1x6x6x7 8x6x3x3 -> 1x8x4x5
    Conv 1x6x10 8x2x3 -> refused
    Conv 1x6x10 9x2x3 | group=3 -> 1x9x8
    Conv 1x6x10 8x2x3 | group=3 -> refused
    Conv 1x6x10 8x6x3 | group=0 -> refused
    Conv 1x6x2 8x6x3 -> refused
    Conv 1x6x10 8x5x3 -> refused
    Conv 1x6x10 8x6x3 7 -> refused
    Conv 1x6x10 8x6x3 8x1 -> refused
    Conv 1x6x10 8x6x3x3 -> refused
    Conv 1x6x10 8x6x3 | kernel_shape=[5] -> refused
    Conv 1x6 8x6 -> refused
    Conv 1x6x2x2x2x2 8x6x1x1x1x1 -> refused
    Conv 1x6x10 8x6x3 | strides=[0] -> refused
    Conv 1x6x10 8x6x3 | strides=[1,1] -> refused
    Conv 1x6x10 8x6x3 | dilations=[0] -> refused
    Conv 1x6x10 8x6x3 | pads=[-1,0] -> refused
    Conv 1x6x10 8x6x3 | pads=[1] -> refused
    Conv 1x6x10 8x6x3 | strides=[65536] -> 1x8x1
    Conv 1x6x10 8x6x3 | strides=[65537] -> refused
    Conv 1x6x10 8x6x3 | auto_pad=SAME -> refused
    ConvTranspose 1x6x10 6x8x3 -> 1x8x12
    ConvTranspose 1x6x10 6x8x3 | strides=[2] pads=[1,1] -> 1x8x19
    ConvTranspose 1x6x10 6x8x3 | dilations=[2] -> 1x8x14
    ConvTranspose 1x6x10 8x6x3 -> refused
    ConvTranspose 1x6x10 6x8x3 | group=2 -> refused
    ConvTranspose 1x6x1 6x8x1 | pads=[1,0] -> refused
    ConvTranspose 1x6x10 6x8x3 6 -> refused
    MaxPool 1x6x10 | kernel_shape=[2] strides=[2] -> 1x6x5
    AveragePool 1x6x10 | kernel_shape=[3] strides=[2] -> 1x6x4
    AveragePool 1x6x10 | kernel_shape=[3] strides=[2] ceil_mode=1 -> 1x6x5
    MaxPool 1x6x10 | kernel_shape=[2] strides=[2] storage_order=0 -> 1x6x5
    MaxPool 1x6x10 | kernel_shape=[2] storage_order=1 -> refused
    MaxPool 1x6x10 -> refused
    MaxPool 1x6x10 | kernel_shape=[0] -> refused
    MaxPool 1x6x10 | kernel_shape=[65537] -> refused
    MaxPool 1x6x10 | kernel_shape=[11] -> refused
    MaxPool 1x6x10 | kernel_shape=[2,2] -> refused
    GlobalMaxPool 1x6x10x4 -> 1x6x1x1
    GlobalAveragePool 1x6 -> refused
  `);

  it('cost what they multiply', () => {
    for (const [said, cost] of [
      ['ReduceMean 2x3', 6],
      ['Conv 1x6x10 8x6x3', 8 * 8 * 18],
      ['ConvTranspose 1x6x10 6x8x3', 60 * 24],
      ['MaxPool 1x6x10 | kernel_shape=[2] strides=[2]', 30 * 2],
      ['MatMul 2x3 3x4', 24],
      ['Gemm 2x3 3x4', 8 * 6],
      ['LSTM 5x1x3 1x8x3 1x8x2 | hidden_size=2 outputs=3', 5 * (24 + 16)],
    ] as const) {
      const { operator, node } = use(said);
      expect([said, operator.work!(node, operator.infer(node))]).toEqual([said, cost]);
    }
  });
});

describe('layers', () => {
  each(`
    BatchNormalization 1x6x10 6 6 6 6 -> 1x6x10
    BatchNormalization 1x6 6 6 6 6 | training_mode=0 -> 1x6
    BatchNormalization 1x6 6 6 6 5 -> refused
    BatchNormalization 1x6 5 6 6 6 -> refused
    BatchNormalization 6 6 6 6 6 -> refused
    BatchNormalization 1x6 6 6 6 6 | training_mode=1 -> refused
    InstanceNormalization 1x6x10 6 6 -> 1x6x10
    InstanceNormalization 1x6x10 6 10 -> refused
    InstanceNormalization 1x6 6 6 -> refused
    LayerNormalization 2x3 3 -> 2x3
    LayerNormalization 2x3 2x3 3 | axis=0 -> 2x3
    LayerNormalization 2x3 2 -> refused
    LayerNormalization 2x3 3 2 -> refused
    LayerNormalization 2x3 2x3 -> refused
    LayerNormalization 2x3 3 | axis=2 -> refused
    MatMul 2x3 3x4 -> 2x4
    MatMul 5x2x3 3x4 -> 5x2x4
    MatMul 5x2x3 1x3x4 -> 5x2x4
    MatMul 5x2x3 4x3x4 -> refused
    MatMul 2x3 4x3 -> refused
    MatMul 3 3x4 -> refused
    Gemm 2x3 3x4 -> 2x4
    Gemm 3x2 4x3 4 | transA=1 transB=1 -> 2x4
    Gemm 2x3 3x4 2x1 -> 2x4
    Gemm 2x3 3x4 _ -> 2x4
    Gemm 2x3 3x4 3 -> refused
    Gemm 1x3 3x4 2x4 -> refused
    Gemm 2x3 4x3 -> refused
    Gemm 2x3x1 3x4 -> refused
    LSTM 5x1x3 1x8x3 1x8x2 | hidden_size=2 -> 5x1x1x2
    LSTM 5x1x3 1x8x3 1x8x2 | hidden_size=2 outputs=3 -> 5x1x1x2 1x1x2 1x1x2
    LSTM 5x1x3 1x8x3 1x8x2 1x16 _ 1x1x2 1x1x2 | hidden_size=2 -> 5x1x1x2
    LSTM 5x1x3 2x8x3 2x8x2 | hidden_size=2 direction=bidirectional -> 5x2x1x2
    LSTM 5x1x3 1x8x3 1x8x2 | hidden_size=2 direction=reverse layout=0 -> 5x1x1x2
    GRU 5x1x3 1x6x3 1x6x2 1x12 | hidden_size=2 -> 5x1x1x2
    GRU 5x1x3 1x8x3 1x8x2 | hidden_size=2 -> refused
    LSTM 5x1x3 1x8x3 1x8x2 | hidden_size=2 layout=1 -> refused
    LSTM 5x1x3 1x8x3 1x8x2 | hidden_size=2 direction=sideways -> refused
    LSTM 5x1x3 1x8x3 1x8x2 | hidden_size=3 -> refused
    LSTM 5x1x3 1x8x3 1x8x2 _ i1 | hidden_size=2 -> refused
    LSTM 5x1x3 1x8x3 1x8x2 1x15 | hidden_size=2 -> refused
    LSTM 5x1x3 1x8x3 1x8x2 _ _ 1x1x3 | hidden_size=2 -> refused
    LSTM 5x1x3 1x8x3 1x8x2 _ _ _ 1x1x3 | hidden_size=2 -> refused
    LSTM 5x1 1x8x3 1x8x2 | hidden_size=2 -> refused
  `);
});

describe('what moves, cuts and repeats', () => {
  each(`
    Constant | value=2 -> 2
    Constant | value_ints=[1,2,3] -> i3=1,2,3
    Constant | value_floats=[1,2] -> 2
    Constant | value_int=4 -> i.=4
    Constant | value_float=4 -> .
    Constant -> refused
    Constant | value_int=4 value=2 -> refused
    Flatten 2x3x4 -> 2x12
    Flatten 2x3x4 | axis=0 -> 1x24
    Flatten 2x3x4 | axis=3 -> 24x1
    Flatten 2x3x4 | axis=-1 -> 6x4
    Flatten 2x3x4 | axis=4 -> refused
    Reshape 2x3 i2=3,2 -> 3x2
    Reshape 6 i2=-1,3 -> 2x3
    Reshape 2x3 i2=0,-1 -> 2x3
    Reshape i2=4,5 i1=2 -> i2=4,5
    Reshape 6 i2=4,2 -> refused
    Reshape 6 i2=-1,4 -> refused
    Reshape 6 i2=-1,-1 -> refused
    Reshape 6 i2=-2,-3 -> refused
    Reshape 6 i2=6,0 -> refused
    Reshape 6 i2=6,1 | allowzero=1 -> refused
    Reshape 6 i8=6,1,1,1,1,1,1,1 -> 6x1x1x1x1x1x1x1
    Reshape 6 i9=6,1,1,1,1,1,1,1,1 -> refused
    Reshape 6 i2 -> refused
    Transpose 2x3x4 -> 4x3x2
    Transpose 2x3x4 | perm=[0,2,1] -> 2x4x3
    Transpose 2x3x4 | perm=[0,2] -> refused
    Transpose 2x3x4 | perm=[0,2,2] -> refused
    Squeeze 1x2x1x3 -> 2x3
    Squeeze 1x2x1x3 i1=0 -> 2x1x3
    Squeeze 1x2x1x3 i1=-2 -> 1x2x3
    Squeeze 1x2x1x3 i1=1 -> refused
    Squeeze 1x2x1x3 i2=0,1 -> refused
    Squeeze i1=4 -> i.=4
    Unsqueeze 2x3 i1=0 -> 1x2x3
    Unsqueeze 2x3 i1=-1 -> 2x3x1
    Unsqueeze 2x3 i2=0,2 -> 1x2x1x3
    Unsqueeze i1=4 i1=0 -> i1x1=4
    Unsqueeze 2x3 i1=3 -> refused
    Unsqueeze 2x3 i2=0,0 -> refused
    Unsqueeze 2x2x2x2x2x2x2 i1=0 -> 1x2x2x2x2x2x2x2
    Unsqueeze 2x2x2x2x2x2x2x2 i1=0 -> refused
    Concat 2x3 2x4 | axis=1 -> 2x7
    Concat 2x3 3x3 | axis=-2 -> 5x3
    Concat i2=4,5 i1=6 | axis=0 -> i3=4,5,6
    Concat i2=4,5 i1 | axis=0 -> i3
    Concat 2x3 3x3 | axis=1 -> refused
    Concat 2x3 2 | axis=1 -> refused
    Concat 2x3 2x3 -> refused
    Concat 2 i2 | axis=0 -> refused
    Slice 2x5 i1=1 i1=3 i1=1 -> 2x2
    Slice 2x5 i1=1 i1=2 -> 1x5
    Slice 2x5 i1=0 i1=5 i1=1 i1=2 -> 2x3
    Slice 2x5 i1=-2 i1=99 i1=-1 -> 2x2
    Slice 2x5 i1=-99 i1=-1 i1=1 -> 2x4
    Slice 2x5 i2=0,1 i2=1,3 -> 1x2
    Slice 2x5 i1=3 i1=3 i1=1 -> refused
    Slice 2x5 i1=4 i1=2 i1=1 -> refused
    Slice 2x5 i1=0 i1=5 i1=1 i1=0 -> refused
    Slice 2x5 i1=0 i1=5 i1=1 i1=-1 -> refused
    Slice 2x5 i1=0 i2=5,5 i1=1 -> refused
    Slice 2x5 i1=0 i1=5 i2=0,1 -> refused
    Slice 2x5 i1=0 i1=5 i1=1 i2=1,1 -> refused
    Slice 2x5 i1=0 i1=5 i1=2 -> refused
    Split 6x4 | outputs=2 -> 3x4 3x4
    Split 6x4 | axis=1 num_outputs=2 outputs=2 -> 6x2 6x2
    Split 7 | outputs=3 -> 3 3 1
    Split 7 i2=1,6 | outputs=2 -> 1 6
    Split 7 i2=1,5 | outputs=2 -> refused
    Split 7 i2=0,7 | outputs=2 -> refused
    Split 7 i1=7 | outputs=2 -> refused
    Split 7 | num_outputs=3 outputs=2 -> refused
    Split 2 | outputs=3 -> refused
    Pad 2x3 i4=0,1,0,2 -> 2x6
    Pad 2x3 i2=1,2 _ i1=0 -> 5x3
    Pad 2x3 i4=0,0,0,0 . | mode=edge -> 2x3
    Pad 2x3 i4=0,0,0,0 1 | mode=reflect -> 2x3
    Pad 2x3 i4=0,0,0,0 2 -> refused
    Pad 2x3 i4=0,0,0,0 | mode=wrap -> refused
    Pad 2x3 i4=0,-1,0,0 -> refused
    Pad 2x3 i2=0,1 -> refused
    Tile 2x3 i2=2,1 -> 4x3
    Tile 2x3 i1=2 -> refused
    Tile 2x3 i2=2,0 -> refused
    Expand 3 i2=2,1 -> 2x3
    Expand 3 i1=2 -> refused
    Expand 3 i1=0 -> refused
    Expand 1 i9=1,1,1,1,1,1,1,1,1 -> refused
    Expand 1 i8=1,1,1,1,1,1,1,1 -> 1x1x1x1x1x1x1x1
    Gather 4x3 i2=0,3 -> 2x3
    Gather 4x3 i2=-3,2 | axis=1 -> 4x2
    Gather 4x3 i.=1 | axis=-1 -> 4
    Gather 4x3 i5 -> 5x3
    Gather i3=7,8,9 i2=-1,0 -> i2=9,7
    Gather i3=7,8,9 i1 -> i1
    Gather 4x3 i1=4 -> refused
    Gather 4x3 i1=-5 -> refused
    Gather 4x3 1 -> refused
    Gather 4x3 i1x1x1x1x1x1x1 -> 1x1x1x1x1x1x1x3
    Gather 4x3 i1x1x1x1x1x1x1x1 -> refused
  `);
});
