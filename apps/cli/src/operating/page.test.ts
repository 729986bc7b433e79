import { readFileSync } from 'node:fs';
import { argumentsOf, OPERATOR_ACTIONS, optionalOf, type OperatorAction } from '@livepod/protocol';
import { ALL_STATES, INPUT_TYPES, readInput } from '@livepod/workflows';

const page = readFileSync(new URL('../../../../docs/operators.md', import.meta.url), 'utf8');
const id = `sha256:${'1'.repeat(64)}`;

describe('docs/operators.md', () => {
  it.each(INPUT_TYPES)('has an example of %s that the workflow reads', (type) => {
    const [, section] = page.split(`\n### ${type}\n`);
    const [, example] = /```json\n([\s\S]*?)```/.exec(section!)!;
    expect(readInput(type, JSON.parse(example!.replaceAll('sha256:…', id)))).not.toHaveProperty('findings');
  });

  it('lists every field of a round', () => {
    const [, section] = page.split('\n### lifecycle\n');
    const named = new Set([...section!.split('\n#### ')[0]!.matchAll(/`([a-zA-Z]+)`/g)].map(([, name]) => name));
    const read = readInput('lifecycle', { round: 'a', recipe: id, provider: 'p', datasets: [id] });
    expect(Object.keys('value' in read ? read.value : {}).filter((field) => !named.has(field))).toEqual([]);
  });

  describe('its table of updates', () => {
    const rows = new Map(
      [...page.matchAll(/^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/gm)].map(([, name, takes, on]) => [
        name!,
        { takes: [...takes!.matchAll(/"(\w+)"/g)].map(([, argument]) => argument!), on: on! },
      ]),
    );
    it('has each once, and no other', () => expect([...rows.keys()].sort()).toEqual([...OPERATOR_ACTIONS].sort()));

    it.each(OPERATOR_ACTIONS)('says what %s takes besides the token', (action) =>
      expect(rows.get(action)!.takes).toEqual([...argumentsOf(action), ...optionalOf(action)]),
    );

    it.each(OPERATOR_ACTIONS.filter((action) => !['abort', 'resume'].includes(action)))(
      'says on which pages %s is',
      (action) => {
        const pages = { round: 'lifecycle', release: 'rollout', job: 'training' } as const;
        for (const [table, name] of Object.entries(pages))
          expect({ name, named: rows.get(action)!.on.split(', held')[0]!.includes(name) }).toEqual({
            name,
            named: takes(table as keyof typeof pages, action),
          });
      },
    );
  });

  it('has commands that a shell can be given, none of which is half of one', () => {
    for (const [, block] of page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)) expect(block).not.toContain('…');
  });
});

const takes = (table: keyof typeof ALL_STATES, action: OperatorAction): boolean =>
  Object.values(ALL_STATES[table]).some(({ may }) => (may as readonly OperatorAction[]).includes(action));
