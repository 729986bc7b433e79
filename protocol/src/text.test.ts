import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { forHtml, forMarkdown, forTerminal, markdownLink, oneLine } from './text.js';

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      ...'\u001b\u009b\u0007\u0000\u007f\r\n\t\u2028\u202e\u2066\u200b\ufeff\u{e0041}[](){}<>`*_~|\\&!@#+-=:/.1"\' aé☂',
    ),
    fc.constantFrom(
      '](',
      '![',
      '](javascript:',
      '<img src=x onerror=y>',
      '\u001b]8;;x\u0007',
      '\ud800',
      'http://',
      'www.',
      '1. ',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ),
  maxLength: 60,
});
const runs = { seed: 12, numRuns: Number(process.env['LIVEPOD_ROUNDS'] ?? 500) };
/** Written once more and not taken from the code: what no medium may get. */
const dangerous = (text: string): number[] =>
  [...text]
    .map((character) => character.codePointAt(0)!)
    .filter(
      (code) =>
        code < 0x20 ||
        (code >= 0x7f && code <= 0x9f) ||
        [0xad, 0x61c, 0x180e, 0x200b, 0x200e, 0x200f, 0xfeff].includes(code) ||
        (code >= 0x2028 && code <= 0x202e) ||
        (code >= 0x2060 && code <= 0x206f) ||
        (code >= 0xfff9 && code <= 0xfffb) ||
        (code >= 0xd800 && code <= 0xdfff) ||
        (code >= 0xe0000 && code <= 0xe007f),
    );

describe('text of strangers', () => {
  it('moves no cursor and turns no writing in a terminal, and JSON stays the same', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(dangerous(forTerminal(text).replace(/[\n\t]/g, ''))).toEqual([]);
        expect(JSON.parse(forTerminal(JSON.stringify({ text })))).toEqual({ text });
      }),
      runs,
    );
    expect(forTerminal('\u001b[2J\u009b1A\u202etxt.exe')).toBe('\\u001b[2J\\u009b1A\\u202etxt.exe');
  });

  it('is one line where a line is meant', () => {
    fc.assert(
      fc.property(hostile, (text) => expect(dangerous(oneLine(text))).toEqual([])),
      runs,
    );
    expect(oneLine('title\r\nState:     accepted')).toBe('title State:     accepted');
    expect(oneLine('a\vb\fc\td\u0085e\u2028f\u2029g\n\r\nh')).toBe('a b c d e f g h');
  });

  it('closes no tag and no attribute in HTML', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = forHtml(text);
        expect(shown).not.toMatch(/[<>"']/);
        expect(shown.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
        expect(dangerous(shown.replace(/[\n\t]/g, ''))).toEqual([]);
      }),
      runs,
    );
  });

  it('begins nothing in Markdown: every character that could is escaped, none that is not', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = forMarkdown(text);
        const bare = shown.replace(/\\[!-/:-@[-`{-~]/g, 'x');
        expect(bare).not.toMatch(/[\\`*_[\]<>|~&@]/);
        expect(bare).not.toMatch(/:\/\/|www\./i);
        expect(bare).not.toMatch(/^([-+=#]|\d+[.)])/);
        expect(dangerous(shown)).toEqual([]);
        // nothing is lost: without the backslashes it is the line that was given
        expect(shown.replace(/\\([!-/:-@[-`{-~])/g, '$1')).toBe(oneLine(text).trim());
      }),
      runs,
    );
  });

  it.each([
    ['a link', '[here](http://evil.example)', '\\[here\\](http\\://evil.example)'],
    ['a picture', '![x](//evil.example/p.png)', '!\\[x\\](//evil.example/p.png)'],
    ['HTML', '<img src=x>', '\\<img src=x\\>'],
    ['a table', 'a | b\n--|--', 'a \\| b --\\|--'],
    ['code', '`rm`', '\\`rm\\`'],
    ['an address', 'see www.evil.example', 'see www\\.evil.example'],
    ['a heading', '# Approved', '\\# Approved'],
    ['a numbered list', '10. Approved, 2)', '10\\. Approved, 2)'],
    ['a second line', 'ok\n\n- approved by you', 'ok - approved by you'],
    ['nothing', 'accepted, round-1: 0.97', 'accepted, round-1: 0.97'],
  ])('shows %s as it was written', (_, text, shown) => expect(forMarkdown(text)).toBe(shown));

  it('links to web pages and to places on this site alone', () => {
    expect(markdownLink('proposal 1', 'http://127.0.0.1:4943/proposals/1?canisterId=a')).toBe(
      '[proposal 1](http://127.0.0.1:4943/proposals/1?canisterId=a)',
    );
    expect(markdownLink('round', '/namespaces/{namespace}/workflows/a')).toBe(
      '[round](/namespaces/{namespace}/workflows/a)',
    );
    expect(markdownLink('a', '/b c(d)[e]"`|<f>\\')).toBe('[a](/b%20c%28d%29%5Be%5D%22%60%7C%3Cf%3E%5C)');
    for (const address of ['javascript:alert(1)', '//evil.example', 'data:text/html,x', ' http://x'])
      expect(markdownLink('a', address)).toBe('a');
    expect(markdownLink('](x', '/a) [b](http://evil.example "')).not.toMatch(/\)(?!$)/);
  });

  it('reads in HTML as the canisters’ pages show it', () => {
    const vectors = JSON.parse(readFileSync(new URL('../vectors/html.json', import.meta.url), 'utf8')) as {
      text: string;
      html: string;
    }[];
    for (const { text, html } of vectors) expect(forHtml(text)).toBe(html);
  });
});
