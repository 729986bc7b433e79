import { findingInWords, findingsInWords, foundBesides, instead, nearest, notCompared, type Finding } from './index.js';

const finding = (path: string, found = 'is so'): Finding => ({ path, found, expected: 'b', remedy: 'Give another' });

describe('what is wrong with an input', () => {
  it('is a sentence about its place, or about the whole', () => {
    expect(findingInWords(finding('plan.shares'))).toBe('"plan.shares" is so. Give another.');
    expect(findingInWords(finding(''))).toBe('The input is so. Give another.');
  });

  it('is one plain sentence alone, and a list otherwise', () => {
    expect(findingsInWords([finding('a')])).toBe('"a" is so. Give another.');
    expect(findingsInWords([finding('a'), finding('')])).toBe(
      '2 things are wrong.\n- "a" is so. Give another.\n- The input is so. Give another.',
    );
    expect(findingsInWords([])).toBe('0 things are wrong.');
  });

  it('is said once of each place: what the second reader adds is of other places', () => {
    const first = [finding('a'), finding('b')];
    expect(foundBesides(first, [finding('b', 'is other'), finding('c')])).toEqual([...first, finding('c')]);
    expect(foundBesides([], first)).toEqual(first);
    expect(foundBesides(first, [])).toEqual(first);
  });

  it('says that there is more to find where nobody answered, in one sentence', () => {
    expect(findingInWords(notCompared('No answer.'))).toBe(
      'The input could not be compared with what is there: No answer. Check it again when that answers.',
    );
    expect(notCompared('3.5 s without an answer').found).toContain(': 3.5 s without an answer');
  });
});

describe('the name that was meant', () => {
  it.each([
    ['recepie', ['recipe', 'provider'], 'recipe'],
    ['RECIPE', ['recipe'], 'recipe'],
    ['recipe', ['Recipe'], 'Recipe'],
    ['recip', ['recipe'], 'recipe'],
    ['recipes', ['recipe'], 'recipe'],
    ['b', ['a'], 'a'],
    ['ab', ['ba'], undefined],
    ['abc', ['abx'], 'abx'],
    ['abc', ['axx'], undefined],
    ['abcdef', ['abcdxx'], 'abcdxx'],
    ['abcdef', ['abcxxx'], undefined],
    ['abcdx', ['abcdefg'], undefined],
    ['abcde', ['abcdefg'], 'abcdefg'],
    ['abcdefghi', ['abcdefxxx'], 'abcdefxxx'],
    ['kitten', ['sitting'], undefined],
    ['kitten', ['mitten', 'kitten'], 'kitten'],
    ['mittex', ['kitten', 'mitten'], 'mitten'],
    ['', ['a'], 'a'],
    ['', ['ab'], undefined],
    ['a', [], undefined],
    ['cat', ['bat', 'hat'], 'bat'],
  ])('by %j of %j is %s', (name, known, meant) => expect(nearest(name, known)).toBe(meant));

  it('comes first, then what there is, at most twenty of them', () => {
    expect(instead('recepie', ['recipe', 'provider'])).toBe('did you mean recipe? there is recipe, provider');
    expect(instead('x', ['recipe', 'provider'])).toBe('there is recipe, provider');
    expect(instead('x', [])).toBe('there is none');
    const many = Array.from({ length: 21 }, (_, at) => `name-${at}`);
    expect(instead('x', many)).toBe(`there is ${many.slice(0, 20).join(', ')}`);
  });
});
