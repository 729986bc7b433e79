import { readFileSync } from 'node:fs';
import { canonicalJson, lengthPrefixed, parseApproval, parseCanonical, u32be, u64be, utf8 } from '../index.js';
import { COUNT, makeMutants, SEED, type Mutants } from '../../vectors/mutants.js';
import { fileName, object, text, versions } from './shape.js';

const refused = (code: string) => expect.objectContaining({ code });

describe('documents that are nearly right', () => {
  it('are read or refused as the vectors say that the canisters are held to', () => {
    const file = readFileSync(new URL('../../vectors/mutants.json', import.meta.url), 'utf8');
    const { bases, mutants } = JSON.parse(file) as Mutants;
    const rounds = Number(process.env['LIVEPOD_ROUNDS'] ?? COUNT);
    expect(makeMutants(SEED, rounds)).toEqual({ bases, mutants: mutants.slice(0, rounds) });
  });

  it('cannot exhaust a reader’s stack by lying 100,000 lists deep', () => {
    const deep = utf8(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    expect(() => parseCanonical(deep)).toThrow(refused('notCanonical'));
  });

  it('are refused by their size before they are read', () => {
    expect(() => parseApproval(new Uint8Array(160 * 1024 + 1))).toThrow(refused('tooLong'));
  });
});

describe('what every object inherits', () => {
  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('is no field: %s', (name) => {
    const given: unknown = JSON.parse(`{"title":"a","${name}":"b"}`);
    expect(() => object({ title: text(5) })(given, 'document')).toThrow(refused('invalidManifest'));
    expect(() => versions({ a: text(5) })(JSON.parse(`{"type":"${name}"}`), 'document')).toThrow(
      refused('invalidManifest'),
    );
    expect(() => versions({ a: (value) => value })({ type: ['a'] }, 'document')).toThrow(refused('invalidManifest'));
  });

  it('does not stand in for a field that is missing', () => {
    const asGiven = (value: unknown): unknown => value;
    expect(Object.entries(object({ constructor: asGiven })({}, 'document'))).toEqual([['constructor', undefined]]);
  });
});

describe('a length before bytes', () => {
  it('does not wrap at 256, where a long text would pass for a short one', () => {
    expect(lengthPrefixed(new Uint8Array(255))[0]).toBe(255);
    for (const length of [256, 257, 512])
      expect(() => lengthPrefixed(new Uint8Array(length))).toThrow(refused('tooLong'));
  });

  it('does not wrap in numbers either', () => {
    for (const value of [-1, 0.5, 2 ** 32, Number.NaN]) expect(() => u32be(value)).toThrow(refused('tooLong'));
    for (const value of [-1n, 2n ** 64n]) expect(() => u64be(value)).toThrow(refused('tooLong'));
    expect([...u32be(2 ** 32 - 1)]).toEqual([255, 255, 255, 255]);
  });

  it('is not written for a type longer than 64 characters', async () => {
    const { documentId } = await import('../index.js');
    const typed = (name: string) => canonicalJson({ type: `livepod.${name}/v1` });
    expect(() => documentId(typed('a'.repeat(53)))).not.toThrow();
    expect(() => documentId(typed('a'.repeat(54)))).toThrow(refused('invalidDocument'));
  });
});

describe('a file’s name', () => {
  const read = (name: unknown) => () => fileName(20)(name, 'name');
  it.each(['.', '..', '...', '', 'a/b', '../a', 'a\\b', 'a\0', 'a\n', 'e\u0301', 'é', 'a'.repeat(21), 'a b', 7])(
    'is no way out of its folder: %j',
    (name) => expect(read(name)).toThrow(refused('invalidManifest')),
  );
  it.each(['a', 'a.csv', '.hidden', '..a', '-'])('may be %s', (name) => expect(read(name)()).toBe(name));
});
