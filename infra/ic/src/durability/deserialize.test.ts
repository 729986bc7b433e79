import { serialize } from 'node:v8';
import { deserialize } from './deserialize.js';

describe('what was serialized', () => {
  it('comes back as it was, each array of bytes with memory of its own', () => {
    const value = {
      small: Uint8Array.of(1, 2, 3),
      words: Uint32Array.of(7, 8),
      large: new Uint8Array(1 << 20).fill(9),
      map: new Map([[1n, { buffer: Buffer.from('text') }]]),
    };
    const back = deserialize(serialize(value)) as typeof value;
    expect(back).toEqual(value);
    expect(Buffer.isBuffer(back.map.get(1n)!.buffer)).toBe(true);
    for (const array of [back.small, back.words, back.large]) expect(array.buffer.byteLength).toBe(array.byteLength);
    expect(serialize(structuredClone(back.small)).length).toBeLessThan(100);
  });
});
