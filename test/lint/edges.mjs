/**
 * Holds every import between packages, and every npm package that one of ours may not have, to `edges.json`; `--draw`
 * writes the picture of it into docs/architecture.md, and without it the picture is compared.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { importsOf } from './imports.mjs';

const root = join(import.meta.dirname, '../..');
const PAGE = 'docs/architecture.md';
const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, 'edges.json'), 'utf8'));
for (const each of packages) {
  each.name = JSON.parse(readFileSync(join(root, each.folder, 'package.json'), 'utf8')).name;
}
const byFolder = packages.toSorted((a, b) => b.folder.length - a.folder.length);
const byName = new Map(packages.map((each) => [each.name, each]));

const problems = [...undeclaredPackages(), ...sourceFiles().flatMap(problemsOf), ...picture()];
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;

function sourceFiles() {
  const patterns = ['*.ts', '*.tsx', '*.mjs', '*.js', '*.cjs'];
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file !== '' && existsSync(join(root, file)) && packageOf(file) !== undefined);
}

/** Every workspace has a row, or nobody would hold it to anything. */
function undeclaredPackages() {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const missing = workspaces.filter((folder) => !packages.some((each) => each.folder === folder));
  return missing.map((folder) => `${folder}: not in test/lint/edges.json; say there what it may import.`);
}

function packageOf(file) {
  return byFolder.find(({ folder }) => file.startsWith(`${folder}/`));
}

function problemsOf(file) {
  const own = packageOf(file);
  const inTest = /\.(test|fixture)\.ts$|(^|\/)(test|testing|vectors)\//.test(file);
  return importsOf(join(root, file)).flatMap(({ source, line, typeOnly }) => {
    const why = objection(own, file, source, typeOnly, inTest);
    return why === undefined ? [] : [`${file}:${line}: ${source}: ${why}`];
  });
}

/** @returns why this import may not be, or undefined when it may */
function objection(own, file, source, typeOnly, inTest) {
  if (source.startsWith('.')) {
    const target = relative(root, resolve(root, dirname(file), source));
    const other = packageOf(target);
    if (other === own || other === undefined) return undefined;
    return `reaches into ${other.folder} by its path; import ${other.name} by its name, through its exports`;
  }
  const name = source.startsWith('@') ? source.split('/').slice(0, 2).join('/') : source.split('/')[0];
  const other = byName.get(name);
  if (other === own) return undefined;
  if (other === undefined) {
    const forbidden = inTest ? undefined : own.never?.find((pattern) => matches(pattern, source));
    return forbidden && `${own.folder} must not have it (${forbidden})`;
  }
  if (own.imports === 'anything' || own.imports.includes(other.folder)) return undefined;
  if (typeOnly && own.types?.includes(other.folder)) return undefined;
  if (inTest && (own.tests === 'anything' || own.tests?.includes(other.folder))) return undefined;
  return `${own.folder} may not import ${other.folder} (test/lint/edges.json)`;
}

function matches(pattern, source) {
  return pattern.endsWith('*') ? source.startsWith(pattern.slice(0, -1)) : source === pattern;
}

/** The allowed edges as a Mermaid graph; a package that may import anything is named below it. */
function drawing() {
  const id = (folder) => folder.replaceAll('/', '_');
  const listed = packages.filter(({ imports }) => imports !== 'anything');
  const free = packages.filter(({ imports }) => imports === 'anything').map(({ folder }) => `\`${folder}\``);
  return [
    '```mermaid',
    'flowchart BT',
    ...listed.map(({ folder }) => `  ${id(folder)}["${folder}"]`),
    ...listed.flatMap((each) => each.imports.map((to) => `  ${id(each.folder)} --> ${id(to)}`)),
    ...listed.flatMap((each) => (each.types ?? []).map((to) => `  ${id(each.folder)} -. types .-> ${id(to)}`)),
    '```',
    '',
    `May import anything, and nothing imports them: ${free.join(', ')}.`,
  ].join('\n');
}

function picture() {
  const text = readFileSync(join(root, PAGE), 'utf8');
  const [before, , after] = text.split(/<!-- \/?edges -->/);
  const drawn = `${before}<!-- edges -->\n\n${drawing()}\n\n<!-- /edges -->${after}`;
  if (drawn === text) return [];
  if (!process.argv.includes('--draw')) {
    return [`${PAGE}: its picture is not that of test/lint/edges.json; npm run format writes it`];
  }
  writeFileSync(join(root, PAGE), drawn);
  return [];
}
