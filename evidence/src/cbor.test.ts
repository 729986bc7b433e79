import { unhex } from '@livepod/protocol';
import { readCbor } from './cbor.js';

const read = (hex: string) => readCbor(unhex(hex.replaceAll(' ', '')));
const lists = (depth: number): string => `${'81'.repeat(depth)}00`;

describe('CBOR', () => {
  it.each<[string, unknown]>([
    ['00', 0n],
    ['17', 23n],
    ['18 18', 24n],
    ['18 ff', 255n],
    ['19 0100', 256n],
    ['19 ffff', 65_535n],
    ['1a 00010000', 65_536n],
    ['1a ffffffff', 4_294_967_295n],
    ['1b 0000000100000000', 4_294_967_296n],
    ['1b ffffffffffffffff', 18_446_744_073_709_551_615n],
    ['40', new Uint8Array()],
    ['42 0102', Uint8Array.of(1, 2)],
    ['61 61', 'a'],
    ['60', ''],
    ['80', []],
    ['82 00 81 01', [0n, [1n]]],
    ['a0', new Map()],
    [
      'a2 61 61 00 61 62 40',
      new Map<string, unknown>([
        ['a', 0n],
        ['b', new Uint8Array()],
      ]),
    ],
    ['d9d9f7 00', 0n],
    ['63 efbbbf', '\uFEFF'],
  ])('%s is read', (bytes, value) => expect(read(bytes)).toEqual(value));

  it('is nested up to two hundred times', () => {
    expect(read(lists(200))).toBeDefined();
    expect(() => read(lists(201))).toThrow('nested too deeply');
    expect(() => read(`${'a160'.repeat(201)}00`)).toThrow('nested too deeply');
  });

  it.each([
    ['', 'cut short'],
    ['d9d9f7', 'cut short'],
    ['00 00', 'bytes follow'],
    ['d9d9f7 00 00', 'bytes follow'],
    ['d9d9f6 00', 'major type 6'],
    ['d9d8f7 00', 'major type 6'],
    ['d8d9f7 00', 'major type 6'],
    ['d9d9f7 d9d9f7 00', 'major type 6'],
    ['20', 'major type 1'],
    ['f6', 'major type 7'],
    ['18 17', 'shortest form'],
    ['19 00ff', 'shortest form'],
    ['1a 0000ffff', 'shortest form'],
    ['1b 00000000ffffffff', 'shortest form'],
    ['58 01 00', 'shortest form'],
    ['1c', 'indefinite or reserved'],
    ['5f', 'indefinite or reserved'],
    ['9f ff', 'indefinite or reserved'],
    ['18', 'cut short'],
    ['1b 00000001000000', 'cut short'],
    ['42 01', 'cut short'],
    ['82 00', 'cut short'],
    ['9b ffffffffffffffff', 'cut short'],
    ['bb ffffffffffffffff', 'cut short'],
    ['5b ffffffffffffffff', 'cut short'],
    ['61 ff', 'valid'],
    ['a1 00 00', 'names, each once'],
    ['a1 41 61 00', 'names, each once'],
    ['a2 61 61 00 61 61 00', 'names, each once'],
  ])('%s is refused: %s', (bytes, why) => expect(() => read(bytes)).toThrow(why));
});
