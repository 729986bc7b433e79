import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from './journal.js';

describe('journal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'livepod-journal-'));
  const path = join(folder, 'journal-0.bin');
  const records = [
    { round: 1, seed: Uint8Array.of(1, 2) },
    { round: 2, seed: new Uint8Array() },
    { round: 3, big: 2n ** 100n },
  ];

  beforeEach(async () => {
    rmSync(path, { force: true });
    const { journal } = Journal.open(path);
    for (const record of records) {
      journal.write(record);
      await journal.sync();
    }
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
    journal.write({ round: 4 });
    journal.close();
    expect(reopened()).toEqual([...records, { round: 4 }]);
  });

  it('cuts off a last record that is not what was written', () => {
    const bytes = readFileSync(path);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(path, bytes);
    expect(reopened()).toEqual(records.slice(0, 2));
  });

  it('refuses a bit that flipped anywhere before the last record', () => {
    const bytes = readFileSync(path);
    const end = bytes.lastIndexOf('LPR2');
    for (let at = 0; at < end; at += 1) {
      writeFileSync(
        path,
        bytes.map((byte, index) => (index === at ? byte ^ 4 : byte)),
      );
      expect(reopened).toThrow(
        expect.objectContaining({
          code: 'stateDamaged',
          message: expect.stringMatching(/journal-0\.bin is damaged: .*; restore .* from a copy/),
        }),
      );
    }
  });

  it('is not taken in by a record inside a record that was cut off', async () => {
    const forged = readFileSync(path).subarray(20);
    const { journal } = Journal.open(path);
    journal.close();
    rmSync(path);
    const { journal: another } = Journal.open(path);
    another.write({ round: 1 });
    another.write({ arg: new Uint8Array(forged), more: new Uint8Array(100) });
    another.close();
    truncateSync(path, statSync(path).size - 50);
    expect(reopened()).toEqual([{ round: 1 }]);
  });

  it('of the first format is refused in words', () => {
    writeFileSync(path, Buffer.concat([Buffer.from([40, 0, 0, 0]), Buffer.alloc(48, 7)]));
    expect(reopened).toThrow(/does not begin as a journal of format 2 does; it is of an older version, or damaged/);
  });

  it('begins again where a crash left no whole header', () => {
    writeFileSync(path, 'LPJ2 cut');
    expect(reopened()).toEqual([]);
  });
});
