import { Frames, bytesOf, float32, frame } from './frames.js';

interface Told {
  head: unknown;
  payload: number[];
}
/** What comes out of bytes that a pipe gives in such parts. */
function taken(parts: readonly Uint8Array[], most = 1_000): Told[] {
  const told: Told[] = [];
  const frames = new Frames(most, (head, payload) => void told.push({ head, payload: [...payload] }));
  for (const part of parts) frames.take(Buffer.from(part));
  return told;
}
const whole = frame({ do: 'x' }, Uint8Array.of(1, 2, 3));
const lengths = (all: number, head: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(all, 0);
  bytes.writeUInt32LE(head, 4);
  return bytes;
};

describe('frames', () => {
  it('come out as they went in, whole or byte by byte, one or many at a time', () => {
    const one = { head: { do: 'x' }, payload: [1, 2, 3] };
    expect(taken([whole])).toEqual([one]);
    expect(taken([...whole].map((byte) => Uint8Array.of(byte)))).toEqual([one]);
    expect(taken([Buffer.concat([whole, whole, whole])])).toEqual([one, one, one]);
    expect(taken([whole.subarray(0, 8), whole.subarray(8)])).toEqual([one]);
    expect(taken([Buffer.concat([whole, whole.subarray(0, 5)]), whole.subarray(5)])).toEqual([one, one]);
    expect(taken([frame({ do: 'x' })])).toEqual([{ head: { do: 'x' }, payload: [] }]);
  });

  it('are told when their last byte is there, and not before', () => {
    expect(taken([whole.subarray(0, 7)])).toEqual([]);
    expect(taken([whole.subarray(0, -1)])).toEqual([]);
  });

  it('may be as long as was said, and no byte longer', () => {
    const length = whole.length - 8;
    expect(taken([whole], length)).toHaveLength(1);
    expect(() => taken([whole], length - 1)).toThrow(RangeError);
    expect(() => taken([lengths(0xffff_ffff, 0)])).toThrow(RangeError);
  });

  it('have a head that is within them', () => {
    expect(() => taken([lengths(2, 3)])).toThrow(RangeError);
    expect(taken([Buffer.concat([lengths(2, 2), Buffer.from('{}')])])).toEqual([{ head: {}, payload: [] }]);
    expect(() => taken([Buffer.concat([lengths(1, 0), Buffer.from('x')])])).toThrow(SyntaxError);
    expect(() => taken([Buffer.concat([lengths(2, 2), Buffer.from('xx')])])).toThrow(SyntaxError);
  });
});

it('numbers are copied out of bytes wherever they lie', () => {
  const bytes = new Uint8Array(9);
  bytes.set(bytesOf(Float32Array.of(1.5, -2)), 1);
  const numbers = float32(bytes.subarray(1));
  bytes.fill(0);
  expect([...numbers]).toEqual([1.5, -2]);
  const own = Float32Array.of(1, 2, 3);
  expect([...float32(bytesOf(own.subarray(1)))]).toEqual([2, 3]);
});
