import { readFileSync } from 'node:fs';
import { blameOf } from './blame.js';

const vectors = JSON.parse(readFileSync(new URL('../vectors/blame.json', import.meta.url), 'utf8')) as {
  text: string;
  code: string | null;
}[];

describe('what counts against a checkpoint', () => {
  it.each(vectors)('is a listed code before a colon: $text', ({ text, code }) => {
    expect(blameOf(text) ?? null).toBe(code);
  });
});
