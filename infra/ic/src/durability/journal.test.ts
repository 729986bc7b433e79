import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from './journal.js';

describe('journal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'livepod-journal-'));
  const path = join(folder, 'journal-0.bin');
  const records = [{ round: 1, seed: Uint8Array.of(1, 2) }, { round: 2, seed: new Uint8Array() }, { round: 3, big: 2n ** 100n }];

  beforeEach(async () => {
    rmSync(path, { force: true });
    const { journal } = Journal.open(path);
    for (const record of records) await journal.append(record);
    journal.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function reopened(): unknown[] {
    const { journal, records: found } = Journal.open(path);
    journal.close();
    return found;
  }

  it('gives back what was appended', () => {
    expect(reopened()).toEqual(records);
  });

  it('keeps the whole records before any place where it was cut', () => {
    const whole = statSync(path).size;
    const bytes = readFileSync(path);
    for (let length = whole - 1; length >= 0; length -= 1) {
      writeFileSync(path, bytes);
      truncateSync(path, length);
      const found = reopened();
      expect(found.length).toBeLessThan(records.length);
      expect(found).toEqual(records.slice(0, found.length));
    }
  });

  it('goes on after what it cut off', async () => {
    appendFileSync(path, Buffer.alloc(40, 255));
    const { journal } = Journal.open(path);
    await journal.append({ round: 4 });
    journal.close();
    expect(reopened()).toEqual([...records, { round: 4 }]);
  });

  it('stops at a record that was changed', () => {
    const bytes = readFileSync(path);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(path, bytes);
    expect(reopened()).toEqual(records.slice(0, 2));
  });
});
