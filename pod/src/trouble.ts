import { CodedError, originOf, type Origin } from '@livepod/protocol';
import { codeOf, reasonOf, type PodErrorCode } from './errors.js';

/** Something that is wrong now, as `GET /status` tells it. */
export interface Trouble {
  code: string;
  /** whose it is: the person's at the device, the device's, the way's to the network, the data's, the artifact's */
  origin: Origin;
  message: string;
  remedy: string;
}

/** What a person can do about each code: ours, and those of the operating system. */
const REMEDIES: Readonly<Partial<Record<PodErrorCode, string>> & Record<string, string>> = {
  ENOSPC: 'Make room on the disk; the pod tries again by itself.',
  EDQUOT: 'Make room on the disk; the pod tries again by itself.',
  EROFS: 'Let the pod write to its state folder; it tries again by itself.',
  EACCES: 'Let the pod read and write this path; it tries again by itself.',
  EPERM: 'Let the pod read and write this path; it tries again by itself.',
  EMFILE: 'Allow the pod more open files (ulimit -n); it tries again by itself.',
  ENFILE: 'Close other programs; the pod tries again by itself.',
  ENOMEM: 'Close other programs; the pod tries again by itself.',
  EAGAIN: 'Close other programs; the pod tries again by itself.',
  EIO: 'The disk fails: back it up and replace it. The pod tries again by itself.',
  invalidArguments: 'Change the command; --help lists what it takes.',
  badFile: 'Give the file that the message names.',
  portTaken: 'Choose another --port, or leave it out.',
  stateInUse: 'Stop the other pod, or give this one another --state.',
  noModel: 'Nothing: the pod runs one as soon as its channel names one that it can verify.',
  badRequest: 'Send what the message says; docs/pods.md has an example.',
  bodyTooLarge: 'Send one window at a time.',
  notJson: 'Send JSON with the header content-type: application/json.',
  notLoopback: 'Ask at the address that the pod printed, from a program on this device.',
  noToken: 'Send the token that stands in api.json of the state folder; it is a new one at every start of the pod.',
  notRunning: 'Start it: livepod-pod run --folder DIR.',
  unknownPath: 'Ask one of these.',
  wrongMethod: 'Use that method.',
  unknownAnswer: 'Name the id of an answer that this pod gave since it started.',
  answerIsOld: 'Nothing: say what is right of an answer of the version that runs now.',
  alreadyJudged: 'Nothing: the first correction counts.',
  noRecordings:
    'Name the folder that holds a folder per person with --recordings, and one of its folders with --person.',
  badRecording: 'Repair the recording that is named, or take it out of the folder; the pod reads the folder again.',
  noWindows: 'Record for longer; the pod reads the folder again.',
  clockWrong: 'Set the clock of this device, or let it be set from the network (NTP).',
  network: 'See that the device is on-line; or take another --mirror. The pod tries again by itself.',
  notTheRepository: 'Sign in to the network, or take another --mirror. The pod tries again by itself.',
  staleMetadata: 'See that the clock is right; then ask the operator, or take another --mirror.',
  damagedDownload: 'Nothing: the pod tries again. If it lasts, take another --mirror.',
  tooLarge: 'Nothing: the pod tries again. If it lasts, take another --mirror.',
  untrustedMetadata: 'Nothing: the pod keeps what runs. If it lasts, tell the operator.',
  metadataRollback: 'Nothing: the pod keeps what runs. If it lasts, tell the operator.',
  runtimeKilled: 'Give the device more memory, or close other programs; the pod starts the model again.',
  deviceBusy: 'Close other programs; the pod tries again by itself.',
  putOff: 'Close other programs, or give the device more memory; the pod tries the version again by itself.',
  slotDamaged: 'Nothing: the pod fills the slot again. If it comes back, the disk fails.',
  stateDamaged: 'Nothing: the pod goes on from what can be verified. If it comes back, the disk fails.',
};

const BY_ORIGIN: Readonly<Record<Origin, string>> = {
  person: 'Change what the message names, and start the pod again.',
  device: 'The pod tries again by itself; see its log.',
  host: 'The pod tries again by itself; see its log.',
  way: 'The pod tries again by itself.',
  data: 'Repair or remove the recording that the message names; the pod reads the folder again.',
  artifact: 'Nothing: the pod keeps what runs. If it lasts, tell the operator.',
};

/** An error as a pod's owner reads it. */
export function troubleOf(error: unknown): Trouble {
  const code = codeOf(error);
  const origin = originOf(error, 'device');
  const message = error instanceof CodedError ? error.message : inWords(code, reasonOf(error));
  return { code, origin, message, remedy: REMEDIES[code] ?? BY_ORIGIN[origin] };
}

const SYSTEM: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full',
  EDQUOT: 'The disk quota is used up',
  EROFS: 'The disk may only be read',
  EACCES: 'A file or folder may not be used',
  EPERM: 'A file or folder may not be used',
  EMFILE: 'The pod has too many files open',
  ENFILE: 'The device has too many files open',
  ENOMEM: 'The device is out of memory',
  EAGAIN: 'The device has no room for another process',
  EIO: 'The disk cannot be read or written',
};

const inWords = (code: string, message: string): string => (SYSTEM[code] ? `${SYSTEM[code]} (${message}).` : message);

/** What a trouble is about; each has one at a time. The first of these is the one that is told first. */
const TOPICS = ['state', 'model', 'motion', 'channel', 'clock'] as const;
export type Topic = (typeof TOPICS)[number];

/** Everything that is wrong now. */
export class Troubles {
  private readonly known = new Map<Topic, Trouble>();

  /** @returns whether this is news */
  tell(topic: Topic, trouble: Trouble): boolean {
    const before = this.known.get(topic);
    this.known.set(topic, trouble);
    return before?.code !== trouble.code || before.message !== trouble.message;
  }

  over(topic: Topic): void {
    this.known.delete(topic);
  }

  has(topic: Topic): boolean {
    return this.known.has(topic);
  }

  get all(): Trouble[] {
    return TOPICS.flatMap((topic) => this.known.get(topic) ?? []);
  }
}
