/**
 * Holds every import between packages, and every npm package that a room may not have, to `edges.json`; `--draw` writes
 * the picture of it into docs/architecture.md, and without it the picture is compared.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { importsOf } from './imports.mjs';

const root = join(import.meta.dirname, '../..');
const PAGE = 'docs/architecture.md';
const { rooms } = JSON.parse(readFileSync(join(import.meta.dirname, 'edges.json'), 'utf8'));
for (const room of rooms) {
  room.package = JSON.parse(readFileSync(join(root, room.folder, 'package.json'), 'utf8')).name;
}
const byFolder = rooms.toSorted((a, b) => b.folder.length - a.folder.length);
const byPackage = new Map(rooms.map((room) => [room.package, room]));

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
    .filter((file) => file !== '' && existsSync(join(root, file)) && roomOf(file) !== undefined);
}

/** Every workspace has a row, or nobody would hold it to anything. */
function undeclaredPackages() {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const missing = workspaces.filter((folder) => !rooms.some((room) => room.folder === folder));
  return missing.map((folder) => `${folder}: no room of test/lint/edges.json; say there what it may import.`);
}

function roomOf(file) {
  return byFolder.find(({ folder }) => file.startsWith(`${folder}/`));
}

function problemsOf(file) {
  const room = roomOf(file);
  const inTest = /\.(test|fixture)\.ts$|(^|\/)(test|testing)\//.test(file);
  return importsOf(join(root, file)).flatMap(({ source, line, typeOnly }) => {
    const why = objection(room, file, source, typeOnly, inTest);
    return why === undefined ? [] : [`${file}:${line}: ${source}: ${why}`];
  });
}

/** @returns why this import may not be, or undefined when it may */
function objection(room, file, source, typeOnly, inTest) {
  if (source.startsWith('.')) {
    const target = relative(root, resolve(root, dirname(file), source));
    const other = roomOf(target);
    if (other === room || other === undefined) return undefined;
    return `reaches into ${other.folder} by its path; import ${other.package} by its name, through its exports`;
  }
  const name = source.startsWith('@') ? source.split('/').slice(0, 2).join('/') : source.split('/')[0];
  const other = byPackage.get(name);
  if (other === room) return undefined;
  if (other === undefined) {
    const forbidden = inTest ? undefined : room.never?.find((pattern) => matches(pattern, source));
    return forbidden && `${room.folder} must not have it (${forbidden})`;
  }
  if (room.imports === 'anything' || room.imports.includes(other.folder)) return undefined;
  if (typeOnly && room.types?.includes(other.folder)) return undefined;
  if (inTest && (room.tests === 'anything' || room.tests?.includes(other.folder))) return undefined;
  return `${room.folder} may not import ${other.folder} (test/lint/edges.json)`;
}

function matches(pattern, source) {
  return pattern.endsWith('*') ? source.startsWith(pattern.slice(0, -1)) : source === pattern;
}

/** The allowed edges as a Mermaid graph; a room that may import anything is named below it. */
function drawing() {
  const id = (folder) => folder.replaceAll('/', '_');
  const listed = rooms.filter(({ imports }) => imports !== 'anything');
  const free = rooms.filter(({ imports }) => imports === 'anything').map(({ folder }) => `\`${folder}\``);
  return [
    '```mermaid',
    'flowchart BT',
    ...listed.map(({ folder }) => `  ${id(folder)}["${folder}"]`),
    ...listed.flatMap((room) => room.imports.map((to) => `  ${id(room.folder)} --> ${id(to)}`)),
    ...listed.flatMap((room) => (room.types ?? []).map((to) => `  ${id(room.folder)} -. types .-> ${id(to)}`)),
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
