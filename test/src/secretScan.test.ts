import { leaksIn } from './secretScan.js';

const secret = { name: 'seed', value: Buffer.from('a5f00d77c0ffee1234567890abcdef0102030405', 'hex') };
const text = { name: 'canary', value: 'canary "quoted" 7f3a91' };
const around = (middle: string | Buffer, before = ''): Buffer =>
  Buffer.concat([Buffer.from(`${before}x{`), Buffer.from(middle), Buffer.from('}y')]);

describe('the secret scan', () => {
  it.each([0, 1, 2, 3, 4])('finds bytes that were encoded in base64 %i bytes after the beginning', (shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift, 7), secret.value, Buffer.from('and more')]).toString('base64');
    expect(leaksIn('file', around(encoded), [secret])).toEqual([{ secret: 'seed', form: 'base64', where: 'file' }]);
  });
  it.each([0, 1, 2])('finds them at the end of base64url, too (%i)', (shift) => {
    expect(
      leaksIn('file', around(Buffer.concat([Buffer.alloc(shift, 7), secret.value]).toString('base64url')), [secret]),
    ).toHaveLength(1);
  });
  it('finds clear bytes, and hexadecimal in either case', () => {
    for (const form of [secret.value, secret.value.toString('hex'), secret.value.toString('hex').toUpperCase()])
      expect(leaksIn('file', around(form), [secret])).toHaveLength(1);
  });
  it('finds text as JSON and as part of a URL', () => {
    for (const form of [text.value, JSON.stringify({ a: text.value }), encodeURIComponent(text.value)])
      expect(leaksIn('file', around(form), [text])).toHaveLength(1);
  });
  it('finds nothing where nothing is, and takes no short secrets', () => {
    expect(leaksIn('file', around('a5f00d77c0ffee'), [secret, text])).toEqual([]);
    expect(() => leaksIn('file', around(''), [{ name: 'pin', value: '1234' }])).toThrow(/too short/);
  });
});
