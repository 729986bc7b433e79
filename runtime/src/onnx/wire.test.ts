import { RuntimeError } from '../errors.js';
import { bytes, float, int, message, text, varint } from '../attacks/onnx.js';
import { clamped, readMessage, type Schema } from './wire.js';

const inner: Schema = { 1: { name: 'n', kind: { of: 'int' } } };
const SCHEMA: Schema = {
  1: { name: 'n', kind: { of: 'int' } },
  2: { name: 'f', kind: { of: 'float' } },
  3: { name: 't', kind: { of: 'text', max: 4 } },
  4: { name: 'note', kind: { of: 'text', max: 4, any: true } },
  5: { name: 'raw', kind: { of: 'bytes', max: 4 } },
  6: { name: 'm', kind: { of: 'message', message: () => inner } },
  7: { name: 'ns', kind: { of: 'int', repeated: 3 } },
  8: { name: 'fs', kind: { of: 'float', repeated: 2 } },
  9: { name: 'ms', kind: { of: 'message', message: () => inner, repeated: 2 } },
};
const file = (...fields: Uint8Array[]): Uint8Array => Uint8Array.from(fields.flatMap((field) => [...field]));
const read = (...fields: Uint8Array[]) => readMessage(file(...fields), SCHEMA);
/** Where it is refused. */
function refused(...fields: Uint8Array[]): unknown {
  try {
    return read(...fields);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'modelRefused') return error.details['place'];
    throw error;
  }
}
const packed = (field: number, ...values: Uint8Array[]): Uint8Array => bytes(field, file(...values));
const four = (value: number): Uint8Array => new Uint8Array(Float32Array.of(value).buffer);

describe('a message', () => {
  it('has each field as the schema names it', () => {
    expect(
      read(
        int(1, 300),
        float(2, 1.5),
        text(3, 'ab~ '),
        text(4, 'é'),
        bytes(5, Uint8Array.of(9)),
        message(6, int(1, 1)),
      ),
    ).toEqual({
      ...{ n: 300, f: 1.5, t: 'ab~ ', note: 'é', raw: Uint8Array.of(9), m: { n: 1 } },
    });
    expect(read()).toEqual({});
  });

  it('has repeated numbers one by one, many at once, or both; messages one by one', () => {
    expect(read(int(7, 1), packed(7, varint(2), varint(3)))).toEqual({ ns: [1, 2, 3] });
    expect(read(packed(8, four(1), four(2)))).toEqual({ fs: [1, 2] });
    expect(read(packed(7))).toEqual({ ns: [] });
    expect(read(message(9, int(1, 1)), message(9))).toEqual({ ms: [{ n: 1 }, {}] });
  });

  it.each<[string, Uint8Array[], string]>([
    ['a field that is not listed', [int(10, 1)], 'the file'],
    ['a field of number 0', [Uint8Array.of(0, 1)], 'the file'],
    ['a field number beyond 32 bits', [varint(2n ** 32n + 8n), varint(1)], 'the file'],
    ['a field that comes twice', [int(1, 1), int(1, 1)], 'n'],
    ['a number as a text', [text(1, 'x')], 'n'],
    ['a float as a number', [int(2, 1)], 'f'],
    ['a text as a number', [int(3, 1)], 't'],
    ['a number of eight bytes', [Uint8Array.of(0x09, 0, 0, 0, 0, 0, 0, 0, 0)], 'n'],
    ['a text of a byte too many', [text(3, 'abcde')], 't'],
    ['a note of a byte too many', [text(4, 'abcdé')], 'note'],
    ['bytes of one too many', [bytes(5, new Uint8Array(5))], 'raw'],
    ['a text with a control character', [bytes(3, Uint8Array.of(0x1f))], 't'],
    ['a text beyond ASCII', [bytes(3, Uint8Array.of(0x7f))], 't'],
    ['a note that is no UTF-8', [bytes(4, Uint8Array.of(0xff))], 'note'],
    ['a float that is cut', [float(2, 1).subarray(0, 4)], 'f'],
    ['a text that is cut', [text(3, 'abc').subarray(0, 4)], 't'],
    ['a number that is cut', [Uint8Array.of(0x08)], 'n'],
    ['a number that goes on', [Uint8Array.of(0x08, 0x80)], 'n'],
    ['a number of a byte too many', [Uint8Array.of(0x08, 0x80, 0x00)], 'n'],
    ['a number of eleven bytes', [Uint8Array.of(0x08, ...new Array<number>(10).fill(0x80), 1)], 'n'],
    ['a number beyond 64 bits', [Uint8Array.of(0x08, ...new Array<number>(9).fill(0x80), 2)], 'n'],
    ['numbers of one too many', [int(7, 1), int(7, 2), int(7, 3), int(7, 4)], 'ns[3]'],
    ['packed numbers of one too many', [packed(7, ...[1, 2, 3, 4].map(varint))], 'ns[0]'],
    ['packed floats of one too many', [packed(8, four(1), four(2), four(3))], 'fs[0]'],
    ['packed floats that are cut', [packed(8, four(1), four(2).subarray(0, 3))], 'fs[0]'],
    ['a packed number that reaches beyond', [packed(7, Uint8Array.of(0x80)), int(1, 1)], 'ns[0]'],
    ['messages of one too many', [message(9), message(9), message(9)], 'ms[2]'],
    ['a message that reaches beyond', [message(6, int(1, 1)).subarray(0, 3)], 'm'],
    ['an inner field that reaches beyond its message', [bytes(6, Uint8Array.of(0x08)), int(1, 1)], 'm.n'],
    ['an inner field that is not listed', [message(9, int(1, 1)), message(9, int(2, 1))], 'ms[1]'],
  ])('with %s is refused there', (_, fields, place) => expect(refused(...fields)).toBe(place));

  it('is read from a view into other bytes', () => {
    const around = file(Uint8Array.of(1, 2, 3), float(2, 1.5), text(3, 'ab'), Uint8Array.of(9));
    expect(readMessage(around.subarray(3, -1), SCHEMA)).toEqual({ f: 1.5, t: 'ab' });
  });
});

describe('a number', () => {
  const number = (value: bigint | number) => read(int(1, value))['n'];
  it.each<[bigint | number, number]>([
    [0, 0],
    [127, 127],
    [128, 128],
    [2 ** 48, 2 ** 48],
    [2 ** 49 - 1, 2 ** 49 - 1],
    [2n ** 53n - 1n, 2 ** 53 - 1],
    [2n ** 53n, 2 ** 53 - 1],
    [2n ** 63n - 1n, 2 ** 53 - 1],
    [-1, -1],
    [-300, -300],
    [-(2n ** 53n), -(2 ** 53 - 1)],
    [-(2n ** 63n), -(2 ** 53 - 1)],
    [123_456_789_012_345n, 123_456_789_012_345],
  ])('%s is exact, or the farthest that is: %s', (value, expected) => expect(number(value)).toBe(expected));

  it('is clamped at both ends', () => {
    expect([clamped(2n ** 53n - 1n), clamped(-(2n ** 53n - 1n)), clamped(7n)]).toEqual([
      2 ** 53 - 1,
      -(2 ** 53 - 1),
      7,
    ]);
  });
});
