import { page } from './page.js';

const state = {
  stage: 'review',
  state: 'working',
  headline: 'Waiting for the vote on proposal 12',
  facts: { round: 'round-1' },
  waitsFor: 'the vote on proposal 12',
  until: '2026-11-02T14:05:00Z',
  possible: ['abort'],
  signs: { abort: { object: 'workflow', state: 'going/0' } },
  links: { 'proposal 12': 'http://127.0.0.1:4943/proposals/12?canisterId=aaaaa-aa' },
};

describe('a workflow’s page', () => {
  it('says what happens, what it waits for and until when, what can be done, and where to look', () => {
    expect(page(state, [{ at: '2026-11-02T14:00:00.000Z', text: 'Evaluating' }])).toBe(
      [
        '**Waiting for the vote on proposal 12**',
        '',
        'Waits for the vote on proposal 12, until 2026-11-02 14:05:00 UTC.',
        '',
        'You can: `abort` (More Actions, Send an Update).',
        '',
        'A token for it names `workflow` in `going/0` (abort).',
        '',
        '- round: round-1',
        '',
        'See [proposal 12](http://127.0.0.1:4943/proposals/12?canisterId=aaaaa-aa)',
        '',
        '- 14:00:00 Evaluating',
      ].join('\n'),
    );
  });

  it('stays under 2 kB, whatever it has to tell, and never ends within a link', () => {
    const past = Array.from({ length: 200 }, (_, index) => ({
      at: new Date(index * 1000).toISOString(),
      text: `Zoë’s step ${index}: ${'☂'.repeat(80)}`,
    }));
    const links = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [
        `proposal ${index}`,
        `http://127.0.0.1:4943/proposals/${index}?canisterId=${'a'.repeat(27)}`,
      ]),
    );
    for (const facts of [
      {},
      Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`fact ${index}`, '☂'.repeat(20)])),
    ]) {
      const text = page({ ...state, facts, links }, past);
      expect(Buffer.byteLength(text)).toBeLessThan(2000);
      expect(text.match(/\[/g)?.length).toBe(text.match(/\]\([^)]*\)/g)?.length);
    }
  });

  it.each([
    ['a link', '[Approve](http://evil.example)'],
    ['a picture', '![x](http://evil.example/p.png)'],
    ['HTML', '<img src=x onerror=alert(1)>'],
    ['code that swallows what follows', '`'],
    ['a line of its own', 'fine\n\n**Approved by the board**\n- '],
    ['a turned direction', '\u202egnihtyna'],
    ['a terminal’s escape', '\u001b]8;;http://evil.example\u0007x'],
  ])('shows what a recipe, a provider or a title put in as text: %s', (_, hostile) => {
    const given = {
      ...state,
      headline: hostile,
      facts: { [hostile]: hostile },
      waitsFor: hostile,
      links: { [hostile]: '/x' },
    };
    const text = page(given, [{ at: '2026-11-02T14:00:00.000Z', text: hostile }]);
    const plain = page({ ...given, headline: 'a', facts: { a: 'a' }, waitsFor: 'a', links: { a: '/x' } }, [
      { at: '2026-11-02T14:00:00.000Z', text: 'a' },
    ]);
    expect(text.split('\n')).toHaveLength(plain.split('\n').length);
    const bare = text.replace(/\\[!-/:-@[-`{-~]/g, '');
    expect(bare.match(/\[[^\]]*\]\([^)]*\)/g)).toHaveLength(1);
    expect(bare.match(/`/g)).toHaveLength(plain.match(/`/g)!.length);
    expect(bare).not.toMatch(/<|!\[|[^\P{Cc}\n]|\p{Bidi_Control}/u);
    expect(bare.match(/\*\*/g)).toHaveLength(2);
  });

  it('shows an update’s name among what it waits for as code', () => {
    expect(page({ ...state, waitsFor: '`resume`, here or on [x](http://y)' }, [])).toContain(
      'Waits for `resume`, here or on \\[x\\](http\\://y), until',
    );
  });

  it('has no table and no picture: this UI shows neither', () => {
    const text = page(state, []);
    expect(text).not.toMatch(/^\|/m);
    expect(text).not.toContain('![');
  });
});
