import { decodeStrictly, selfDescribed } from './index.js';

const read = (hex: string): unknown => decodeStrictly(Buffer.from(hex, 'hex'));

describe('strict CBOR', () => {
  it('reads maps, large integers and indefinite lengths, tagged or not', () => {
    expect(read('d9d9f7a1616101')).toEqual(new Map([['a', 1]]));
    expect(read('1bffffffffffffffff')).toBe(2n ** 64n - 1n);
    expect(read('9f01ff')).toEqual([1]);
    expect(decodeStrictly(selfDescribed(Uint8Array.of(0x18, 0x2a)))).toBe(42);
  });

  it.each([
    ['a half float that is a whole number', 'f93c00', 'floating-point'],
    ['a double', 'fb3ff0000000000000', 'floating-point'],
    ['not a number', 'f97e00', ''],
    ['a duplicate key', 'a2616101616102', 'repeat map key'],
    ['another tag', 'c11a514b67b0', 'tag'],
    ['undefined', 'f7', ''],
    ['bytes after the end', '0101', ''],
    ['a byte string cut short', '4401', ''],
    ['a break for a value', 'a16161ff', 'break'],
    ['a break for a value within an array without length', '9fa16161ffff', 'break'],
    ['200,001 values', `9a00030d41${'00'.repeat(200_001)}`, '200000 values'],
    ['an array that promises 2^32 entries', '9affffffff01', ''],
  ])('refuses %s', (_, hex, words) => {
    expect(() => read(hex)).toThrow(words);
  });
});
