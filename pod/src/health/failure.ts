import {
  DEVICE_FAULTS,
  FAILURE_CODES,
  FAILURE_COUNTS,
  failureOf,
  type DeviceFault,
  type FailureCode,
} from '@livepod/protocol';
import { PodError, codeOf } from '../errors.js';

/**
 * What a pod says of a failure outside of its device is a code of the protocol's closed set, and counts. The sentence
 * stays in its own log and history: it may hold a path, and a path its person's name.
 */
const isCode = (text: string): text is FailureCode => (FAILURE_CODES as readonly string[]).includes(text);

/** What the operating system and the pod itself call a fault of the device, by what it is told as. */
const FAULTS: Readonly<Record<DeviceFault, readonly string[]>> = {
  clockWrong: ['clockWrong'],
  damagedFile: ['slotDamaged', 'stateDamaged', 'EIO'],
  deviceBusy: ['deviceBusy', 'putOff'],
  diskFull: ['ENOSPC', 'EDQUOT'],
  noMemory: ['runtimeKilled', 'ENOMEM', 'EAGAIN', 'EMFILE', 'ENFILE'],
  noSensor: ['noRecordings', 'noWindows', 'badRecording'],
  notWritable: ['EROFS', 'EACCES', 'EPERM'],
};

/** The device's own fault that an error or a trouble of this code is; none for any other. */
export const deviceFaultOfCode = (code: string): DeviceFault | undefined =>
  DEVICE_FAULTS.find((fault) => FAULTS[fault].includes(code));

/** A failure as the fleet hears it: `corrected: corrections 40, windows 60`. */
export function failureText(failure: unknown): string {
  const code = deviceFaultOfCode(codeOf(failure)) ?? codeOf(failure);
  return textOf(isCode(code) ? code : 'other', failure instanceof PodError ? failure.details : {});
}

/**
 * The one door for what a report says: of a text that is not of this form, such as one that an earlier version of this
 * program left waiting, the code alone goes out.
 */
export function onlyCodes(text: string): string {
  const [code = ''] = text.split(':', 1);
  if (!isCode(code)) return textOf('other', {});
  const counts = FAILURE_COUNTS.flatMap((name) => {
    const count = new RegExp(`(?:^${code}: |, )${name} (\\d{1,9})(?=,|$)`).exec(text)?.[1];
    return count === undefined ? [] : [[name, Number(count)]];
  });
  return textOf(code, Object.fromEntries(counts) as Record<string, number>);
}

function textOf(code: FailureCode, details: Readonly<Record<string, unknown>>): string {
  const counts = FAILURE_COUNTS.filter((name) => isCount(details[name])).map((name) => `${name} ${details[name]}`);
  return failureOf(code, counts.join(', '));
}

const isCount = (value: unknown): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 1e9;
