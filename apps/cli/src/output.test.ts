import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { quoted, table } from './output.js';

const run = promisify(execFile);
const here = import.meta.dirname;

/** Clears the screen, links elsewhere, retitles the window, turns the direction of writing, and adds a row. */
const HOSTILE = '\u001b[2J\u001b]8;;http://evil.example\u0007x\u009b31m\u202egnihtyna\r\nsha256:00  accepted';

/** But for the line break. */
const isControl = (character: string): boolean => character !== '\n' && /[\p{Cc}\p{Bidi_Control}]/u.test(character);

/** What a process of its own really writes. */
async function written(code: string): Promise<string> {
  const script = `import { print } from ${JSON.stringify(join(here, 'output.ts'))};\n${code}`;
  const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  return stdout;
}

describe('what strangers wrote, in a terminal', () => {
  it('sends no escape sequence, neither in words nor in JSON', async () => {
    const hostile = JSON.stringify(HOSTILE);
    const words = await written(`print(false, {}, () => ${hostile});`);
    const json = await written(`print(true, { title: ${hostile} }, () => '');`);
    for (const text of [words, json]) expect([...text].filter(isControl)).toEqual([]);
    expect(JSON.parse(json)).toEqual({ title: HOSTILE });
  }, 30_000);

  it('makes no row of its own in a table', () => {
    const shown = table([
      ['dataset', 'title'],
      ['sha256:11', HOSTILE],
    ]);
    expect(shown.split('\n')).toHaveLength(2);
  });

  it('passes for no line of the command’s own', () => {
    expect(quoted('fine\nOutcome:  executed')).toBe('  fine\n  Outcome:  executed');
  });

  it('goes through one place: no other file of the commands writes to the terminal', async () => {
    const files = (await readdir(here, { recursive: true })).filter((file) => /\.ts$/.test(file) && !/test/.test(file));
    const writing = [];
    for (const file of files)
      if (/process\.std(out|err)\.write|console\.(log|error|warn|info)/.test(await readFile(join(here, file), 'utf8')))
        writing.push(file);
    expect(writing).toEqual(['output.ts']);
  });
});
