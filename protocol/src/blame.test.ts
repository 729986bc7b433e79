import { readFileSync } from 'node:fs';
import { blameOf, deviceFaultOf, isFailure } from './blame.js';

const vectors = JSON.parse(readFileSync(new URL('../vectors/blame.json', import.meta.url), 'utf8')) as {
  text: string;
  code: string | null;
  device: string | null;
  isFailure: boolean;
}[];

describe('what a pod says of a failure', () => {
  it.each(vectors)('counts by a listed code before a colon: $text', ({ text, code, device }) => {
    expect([blameOf(text) ?? null, deviceFaultOf(text) ?? null]).toEqual([code, device]);
  });
  it.each(vectors)('is a code with counts and no other text, or is refused: $text', ({ text, isFailure: is }) => {
    expect(isFailure(text)).toBe(is);
  });
});
