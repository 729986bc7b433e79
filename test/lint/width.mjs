import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Characters in a line, the width that the formatters write at (`.prettierrc.json`, `rustfmt.toml`). */
const WIDTH = 120;

/**
 * What the formatters leave alone is held to their width here: comments, long strings, Python. Markdown is Prettier's
 * alone, which leaves tables and code as they are; of YAML, comments are checked.
 */
const CHECKED = ['*.ts', '*.js', '*.mjs', '*.cjs', '*.rs', '*.py', '*.yaml', '*.yml'];
const EXEMPT = [/\/generated\//, /^infra\/deploy\/chart\/templates\//];

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...CHECKED], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(file) && !EXEMPT.some((pattern) => pattern.test(file)));

const problems = files.flatMap((file) => tooWide(file, readFileSync(file, 'utf8').split('\n')));
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) {
  process.stderr.write(`${problems.length} lines are longer than ${WIDTH} characters; break them.\n`);
  process.exitCode = 1;
}

/** @returns one sentence for each line of the file that is too wide and could be broken */
function tooWide(file, lines) {
  return lines.flatMap((line, at) => {
    const length = [...line].length;
    if (length <= WIDTH || !breakable(file, line)) return [];
    return [`${file}:${at + 1}: ${length} characters`];
  });
}

function breakable(file, line) {
  return !/\.ya?ml$/.test(file) || line.trimStart().startsWith('#');
}
