import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pod-disk-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Loaded before all else: notes every file and folder that is synced, and every rename, in their order. */
const NOTES = `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const { openSync, fsyncSync, renameSync } = fs;
const paths = new Map();
fs.openSync = (path, ...how) => { const file = openSync(path, ...how); paths.set(file, path); return file; };
fs.fsyncSync = (file) => { fsyncSync(file); console.log('sync ' + paths.get(file)); };
fs.renameSync = (from, to) => { renameSync(from, to); console.log('rename ' + to); };
syncBuiltinESMExports();`;

/** What a process of its own syncs and renames, below the folder. */
function noted(script: string): string[] {
  const notes = join(folder, 'notes.mjs');
  writeFileSync(notes, NOTES);
  const at = JSON.stringify(folder);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--import', notes, '--input-type=module', '-e', `const folder = ${at};${script}`],
    { encoding: 'utf8', cwd: new URL('../..', import.meta.url).pathname },
  );
  if (!stdout) throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(`${folder}/`, '').replace(folder, '.'));
}

const module = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

describe('after a power cut', () => {
  it('a file in new folders is there: it, its folder, and those above are synced, as far as they are new', () => {
    mkdirSync(join(folder, 'state'));
    const said = noted(`
      const { writeAtomically } = await import(${module('./disk.ts')});
      writeAtomically(folder + '/state/slots/a/model.onnx', 'x');
      writeAtomically(folder + '/state/slots/a/model.onnx', 'y');`);
    const written = ['sync state/slots/a/model.onnx.new', 'rename state/slots/a/model.onnx', 'sync state/slots/a'];
    expect(said).toEqual(['sync state/slots', 'sync state', ...written, ...written]);
  });

  it.each<[string, string]>([
    ['the lock', `const { lock } = await import(${module('./lock.ts')}); lock(folder + '/state');`],
    [
      'the chunks',
      `const { ChunkStore } = await import(${module('../updates/checkpoint.ts')});
       new ChunkStore(folder + '/state/chunks', undefined);`,
    ],
  ])('the folder that %s is in is there', (_, script) => {
    expect(noted(`${script} process.exit(0);`)).toContain('sync .');
  });

  it('a state file that was moved aside stays aside', () => {
    mkdirSync(join(folder, 'state'));
    writeFileSync(join(folder, 'state/pod.json'), 'garbage');
    const said = noted(`
      const { StateFile } = await import(${module('./state.ts')});
      new StateFile(folder + '/state', new Uint8Array([1]));`);
    expect(said).toEqual(['rename state/pod.json.damaged', 'sync state']);
  });
});
