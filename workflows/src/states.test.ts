import { OPERATOR_ACTIONS } from '@livepod/protocol';
import { VISITS } from '../test/visits.js';
import { ALL_STATES, Standing, type States } from './states.js';

const tables = Object.entries(ALL_STATES) as [string, States][];

describe.each(tables)('the states of a %s', (table, states) => {
  const names = Object.keys(states);

  it('lead to one another, and each can be reached', () => {
    const reached = new Set([names[0], ...Object.values(states).flatMap(({ to }) => to)]);
    expect(names.filter((name) => !reached.has(name))).toEqual([]);
    expect([...reached].filter((name) => !names.includes(name!))).toEqual([]);
  });

  it('end in one that takes no update, and no other has nothing after it', () => {
    for (const [name, { over, may, to }] of Object.entries(states)) {
      expect({ name, ends: to.length === 0 }).toEqual({ name, ends: over === true });
      if (over) expect({ name, may }).toEqual({ name, may: [] });
    }
  });

  it('are each visited by the test that compares pages with the world', () => {
    expect(Object.keys(VISITS[table as keyof typeof VISITS]).sort()).toEqual([...names].sort());
  });

  it('say of every update that they do not take why not', () => {
    for (const name of names) {
      const standing = new Standing(states);
      standing.enter(name);
      for (const action of OPERATOR_ACTIONS)
        expect({ name, action, refused: standing.refuses(action) === undefined }).toEqual({
          name,
          action,
          refused: states[name]!.may.includes(action),
        });
    }
  });
});
