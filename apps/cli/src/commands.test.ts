import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Command } from 'commander';
import { livepod, programFor } from './program.js';

/** What stands for arguments that are no files; every other one is given the file that is tried. */
const SAMPLES: Record<string, string> = {
  principal: 'aaaaa-aa',
  role: 'provider',
  amount: '1',
  number: '1',
  ballot: 'yes',
  namespace: 'provider-2',
  name: 'provider-2',
  workflow: 'lifecycle',
  update: 'pause',
};
/** Options that name files. */
const FILES = ['--network', '--identity', '--keys', '--folder', '--since'];
/** Starts a process of its own, which looks at this machine. */
const ELSEWHERE = ['livepod doctor'];
/** Make the file that they are given. */
const MAKING = ['livepod identity new', 'livepod codec new'];
/** With both of them it is the stack's process, which tells of its environment by itself. */
const OF_THE_STACK: Record<string, string[]> = { 'livepod provider run': ['--network', '--identity'] };

const program = await programFor();
const commands = [...all(program)];
const leaves = commands.filter(({ command }) => command.commands.length === 0).filter(({ name }) => name !== 'help');

function* all(
  command: Command,
  path: readonly string[] = [],
): Generator<{ name: string; words: string[]; command: Command }> {
  const words = [...path];
  yield { name: ['livepod', ...words].join(' '), words, command };
  for (const each of command.commands) yield* all(each, [...path, each.name()]);
}

const before = process.cwd();
let folder: string;
let out: string;
let err: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepod-commands-'));
  process.chdir(folder);
  out = err = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
});
afterEach(() => {
  jest.restoreAllMocks();
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

/** Runs a command in this process. @returns its status */
async function status(...args: string[]): Promise<number> {
  process.exitCode = 0;
  await livepod(args);
  const found = Number(process.exitCode);
  process.exitCode = 0;
  return found;
}

describe('every command', () => {
  it.each(commands)('$name --help has an example', async ({ words, command }) => {
    expect(await status(...words, '--help')).toBe(0);
    expect(out).toMatch(/^(Example: livepod |Example: LIVEPOD_.* livepod |Examples:\n {2}livepod )/m);
    if (command.commands.length === 0) expect(out).toMatch(/^ +--json /m);
  });

  it.each(commands)('$name refuses an option that it does not have', async (each) => {
    expect([1, 2]).toContain(await status(...wordsWith('file.json', each), '--no-such-option'));
    expect(err).toMatch(/unknown option '--no-such-option'[\s\S]*--help/);
    expect(err).not.toMatch(/^ {4}at /m);
  });
});

const tried = leaves.filter(({ name }) => !ELSEWHERE.includes(name));
/** The command with a file in place of all that a file may stand for. */
function wordsWith(file: string, { name, words, command }: (typeof tried)[number]): string[] {
  const args = command.registeredArguments.filter(({ required }) => required);
  const left = OF_THE_STACK[name] ?? [];
  const options = command.options
    .filter(({ mandatory, long }) => mandatory || FILES.includes(long!))
    .filter(({ long }) => !left.includes(long!));
  return [
    ...words,
    ...args.map((each) => SAMPLES[each.name()] ?? file),
    ...options.flatMap(({ long }) => [long!, long === '--action' ? 'pause' : file]),
  ];
}

describe('a file that cannot be used', () => {
  it.each(tried.filter(({ name }) => !MAKING.includes(name)))(
    '$name says what to do about one that is not there',
    async (each) => {
      await refused(wordsWith(join(folder, 'nowhere', 'file.json'), each));
    },
  );

  it.each(tried)('$name says what to do about one that is no JSON', async (each) => {
    const file = join(folder, 'file.json');
    writeFileSync(file, '{"icHost": ');
    await refused(wordsWith(file, each));
  });

  it.each(tried)('$name says what to do about one that says something else', async (each) => {
    const file = join(folder, 'file.json');
    writeFileSync(file, '{"something": "else"}');
    await refused(wordsWith(file, each));
  });
});

async function refused(words: string[]): Promise<void> {
  const ended = await status(...words, '--json');
  expect(err).not.toMatch(/^ {4}at /m);
  expect([ended, out]).toEqual([1, expect.stringMatching(/^\{"ok":false/)]);
  const said = JSON.parse(out) as { error?: { code: string; origin: string; message: string }; code?: string };
  const { code, message } = said.error ?? (said as { code: string; message: string });
  // what nobody foresaw has no code, and no remedy
  expect([code, message]).not.toContain('unexpected');
  expect(message).toMatch(/[;:,.] .+[.)]$/s);
}
