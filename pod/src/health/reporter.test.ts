import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateFile, type Report } from '../state/state.js';
import { Reporter } from './reporter.js';

const folder = mkdtempSync(join(tmpdir(), 'livepod-reporter-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a fault of the device', () => {
  const offered = { checkpoint: 'sha256:00', version: 3, release: 7 };

  it('is told once for each release, without a write: a full disk would refuse it', async () => {
    const sent: Report[] = [];
    const state = new StateFile(folder, new Uint8Array([1]));
    state.change = () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    };
    const reporter = new Reporter(state, { report: async (report) => void sent.push(report) }, () => {});
    await reporter.tellDeviceFault(offered, 'diskFull');
    await reporter.tellDeviceFault(offered, 'diskFull');
    await reporter.tellDeviceFault({ ...offered, release: 8 }, 'diskFull');
    expect(sent.map(({ release, event, windows, errors }) => ({ release, event, windows, errors }))).toEqual([
      { release: 7, event: { failed: 'diskFull: ' }, windows: 0, errors: 0 },
      { release: 8, event: { failed: 'diskFull: ' }, windows: 0, errors: 0 },
    ]);
  });

  it('is told again when the fleet could not be reached, and never of what came as stable', async () => {
    let asked = 0;
    const fleet = { report: async () => Promise.reject(new Error(`away ${asked++}`)) };
    const reporter = new Reporter(new StateFile(folder, new Uint8Array([1])), fleet, () => {});
    await reporter.tellDeviceFault(offered, 'noSensor');
    await reporter.tellDeviceFault(offered, 'noSensor');
    await reporter.tellDeviceFault({ ...offered, release: null }, 'noSensor');
    expect(asked).toBe(2);
  });
});
