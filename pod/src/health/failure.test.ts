import { BLAMES, blameOf, deviceFaultOf } from '@livepod/protocol';
import { PodError } from '../errors.js';
import { failureText, onlyCodes } from './failure.js';

const HOME = '/home/ada.lovelace/pod/state/slots/b/model.onnx';

describe('what a pod says of a failure outside of its device', () => {
  it.each(BLAMES)('%s is its code, which counts against the checkpoint, and no path with a person’s name', (code) => {
    const text = failureText(new PodError(code, { path: HOME, label: 'RUNNING' }, `${HOME} does not load.`));
    expect(text).toBe(`${code}: `);
    expect(blameOf(text)).toBe(code);
  });

  it('is its counts, too, and nothing else of its details', () => {
    const details = { corrections: 40, windows: 60, errors: 'three', person: 'ada' };
    const corrected = new PodError('corrected', details, 'ada corrected 40 of 60 windows');
    expect(failureText(corrected)).toBe('corrected: corrections 40, windows 60');
    expect(blameOf(failureText(corrected))).toBeUndefined();
  });

  it.each([
    ['an error of the system’s that is no device’s', Object.assign(new Error(`EPIPE: ${HOME}`), { code: 'EPIPE' })],
    ['a code that is none of a checkpoint’s', new PodError('badFile', {}, `${HOME} is no JSON.`)],
    ['a sentence', HOME],
  ])('%s is told as other', (_, failure) => {
    expect(failureText(failure)).toBe('other: ');
  });

  it.each([
    ['ENOSPC', 'diskFull'],
    ['EACCES', 'notWritable'],
    ['EIO', 'damagedFile'],
    ['ENOMEM', 'noMemory'],
  ])('%s is the device’s own fault: %s, which counts against nobody', (code, fault) => {
    const failure = Object.assign(new Error(`${code}: open '${HOME}'`), { code });
    expect(failureText(failure)).toBe(`${fault}: `);
    expect(blameOf(failureText(failure))).toBeUndefined();
    expect(deviceFaultOf(failureText(failure))).toBe(fault);
  });

  it.each([
    ['noRecordings', 'noSensor'],
    ['clockWrong', 'clockWrong'],
    ['slotDamaged', 'damagedFile'],
    ['putOff', 'deviceBusy'],
  ] as const)('%s is told as %s', (code, fault) => {
    expect(failureText(new PodError(code, {}, HOME))).toBe(`${fault}: `);
  });

  it.each([
    ['modelDoesNotLoad: /home/ada/pod/model.onnx does not load', 'modelDoesNotLoad: '],
    ['runtimeDied: ada, windows 7 of hers', 'runtimeDied: '],
    ['corrected: corrections 40, windows 60', 'corrected: corrections 40, windows 60'],
    ['inferenceFails: errors 3', 'inferenceFails: errors 3'],
    ['her person corrected 40 of 60 windows', 'other: '],
    ['', 'other: '],
    ['constructor: x', 'other: '],
  ])('that an earlier version left waiting as %j goes out as %j', (waiting, sent) => {
    expect(onlyCodes(waiting)).toBe(sent);
  });
});
