import { readdirSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { OPERATIONS, OPERATOR_ACTIONS, optionalOf, type OperatorAction } from '@livepod/protocol';
import { addEvidence } from './evidence.js';
import { addOps } from './ops.js';
import { addDatasets } from './people/datasets.js';
import { addTrail } from './people/trail.js';
import { addVoting } from './people/voting.js';

const folder = new URL('../../../docs/runbooks/', import.meta.url);
const program = new Command('livepod');
for (const add of [addEvidence, addOps, addDatasets, addTrail, addVoting]) add(program);

/** Every command of ours that a runbook has an operator type, with the page that it stands on. */
const commands = readdirSync(folder).flatMap((page) => {
  const text = readFileSync(new URL(page, folder), 'utf8');
  return [...text.matchAll(/`livepod ([^`]+)`/g)].map(([, words]) => ({ page, words: words!.replaceAll(/\s+/g, ' ') }));
});

describe('the runbooks’ commands', () => {
  it('are there', () => expect(commands.length).toBeGreaterThan(8));

  it.each(commands)('$page: livepod $words', ({ words }) => {
    const parts = words.match(/'[^']*'|<[^>]*>|\S+/g)!;
    let command = program;
    while (command.commands.length > 0 && parts.length > 0) {
      const [verb] = parts;
      const found = command.commands.find((one) => one.name() === verb);
      if (!found) break; // a group alone: its list
      command = found;
      parts.shift();
    }
    expect(command).not.toBe(program);
    const options = parts.filter((part) => part.startsWith('--')).map((part) => part.split('=')[0]!);
    for (const option of options) expect(command.options.map(({ long }) => long)).toContain(option);
    if (options.length === 0 && command.commands.length === 0) {
      const needed = command.registeredArguments.filter(({ required }) => required);
      expect(parts.length).toBeGreaterThanOrEqual(needed.length);
      expect(parts.length).toBeLessThanOrEqual(command.registeredArguments.length);
    }
  });

  it.each(commands.filter(({ words }) => words.startsWith('ops update ')))(
    '$page: livepod $words takes what the update takes',
    ({ words }) => {
      const [, action, input] = /^ops update \S+ (\w+) '(.*)'$/.exec(words)!;
      expect(OPERATOR_ACTIONS).toContain(action);
      const fields = Object.keys(JSON.parse(input!) as object);
      const known = [
        ...Object.keys(OPERATIONS[action as OperatorAction].example),
        ...optionalOf(action as OperatorAction),
      ] as string[];
      for (const field of fields) expect(known).toContain(field);
    },
  );
});
