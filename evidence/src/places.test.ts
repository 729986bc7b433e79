import { placeIn } from './places.js';

describe('a place in JSON', () => {
  const text = '{"a":[1,{"b":"x\\"y"}],"c":{"d":true}}';
  it.each([
    [1, '$'],
    [5, 'a'],
    [6, 'a[0]'],
    [8, 'a[1]'],
    [13, 'a[1].b'],
    [15, 'a[1].b'],
    [28, 'c'],
    [32, 'c.d'],
    [text.length - 1, '$'],
  ])('at %i is %s', (offset, path) => expect(placeIn(text, offset)).toMatchObject({ path, offset }));

  it.each([
    ['{"a":[1,2', 'a', 9],
    ['{"a":[1,]}', 'a[1]', 8],
    ['{"a":tru}', 'a', 5],
    ['{"a":"\n"}', 'a', 5],
    ['{"a" 1}', 'a', 4],
    ['', '$', 0],
    ['{"a":01}', '$', 6],
  ])('of the first mistake in %j is %s', (broken, path, offset) =>
    expect(placeIn(broken)).toMatchObject({ path, offset }),
  );
});
