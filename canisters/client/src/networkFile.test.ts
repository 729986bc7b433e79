import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CanisterError } from './errors.js';
import { readNetwork, updateNetwork } from './networkFile.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepod-network-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the file of a network', () => {
  it.each([
    ['is not there', undefined, /is not there; start the stack first/],
    ['was cut off', '{"icHost": "http', /is no JSON/],
    ['says nothing', 'null', /names no icHost, rootKey or canister governance/],
    ['is a list', '[]', /names no icHost/],
    ['lacks a canister', '{"icHost": "http://ic", "rootKey": "00", "canisters": {}}', /canister governance, datasets/],
  ])('that %s is refused in a sentence that names it', (_, text, words) => {
    const path = join(folder, 'network.json');
    if (text !== undefined) writeFileSync(path, text);
    const reading = (): unknown => readNetwork(path);
    expect(reading).toThrow(CanisterError);
    expect(reading).toThrow(words);
    expect(reading).toThrow(path);
  });

  it('that is a folder cannot be read, and says why', () => expect(() => readNetwork(folder)).toThrow(/EISDIR/));

  it('is written whole, and keeps what is not set', () => {
    const path = join(folder, 'network.json');
    updateNetwork(path, { icHost: 'http://ic' });
    updateNetwork(path, { rootKey: '00' });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ icHost: 'http://ic', rootKey: '00' });
  });
});
