import { ApplicationFailure } from '@temporalio/common';
import type { OperatorAction } from '@livepod/protocol';
import type { LifecycleInput } from '../src/index.js';
import type { ALL_STATES } from '../src/states.js';
import { id, type World } from './world.js';

/** How a round comes into a state and stays there, and what is then so in the world. */
export interface Visit {
  /** The step that is not done until the visit is over: the state lasts. */
  at?: string;
  /** What is otherwise than usual in the world. */
  world?: (world: World) => void;
  input?: Partial<LifecycleInput>;
  /** What happens once the page is in another state first. */
  after?: { state: string; send?: [OperatorAction, object]; world?: (world: World) => void };
  /** What the page must agree with. */
  so: (world: World) => boolean;
}

const did = (what: string, not?: string): Visit['so'] => {
  const holds = ({ journal }: World): boolean =>
    journal.includes(what) && (not === undefined || !journal.includes(not));
  return holds;
};
const release =
  (state: World['release']['state']): Visit['so'] =>
  (world) =>
    world.release.state === state;
const broken = async (): Promise<never> => Promise.reject(ApplicationFailure.nonRetryable('It is broken.', 'notFound'));

const evaluatorBroken = (world: World): void => void (world.evaluation.measure = broken);
const fleetBroken = (world: World): void => void (world.fleet.beginWave = broken);
const decisionBroken = (world: World): void => void (world.governance.decision = broken);
const trainingFails = (world: World): void => void (world.trainingFails = true);
const stopped = (world: World): void => void (world.stopsAfterWave = 1);
const soaking = (world: World): void => void (world.soaks = { until: '2030-01-01T00:00:00.000Z', enough: false });
const gathering = (world: World): void => void (world.soaks = { enough: false });
const needsVote = (world: World): void => void (world.needVote = [id('1')]);

const approve = { approveWaves: true };
const ABORT: [OperatorAction, object] = ['abort', { reason: 'Enough seen' }];
const PAUSE: [OperatorAction, object] = ['pause', { reason: 'Looking at it' }];

/** Of whose page each table is: the round's own, or a stage's. */
export const PAGE_OF = { round: '', release: '-rollout', job: '-training', step: '-review' } as const;

/** Every state of every table: one that is missing here does not compile, and fails states.test.ts. */
export const VISITS: { [T in keyof typeof ALL_STATES]: Record<keyof (typeof ALL_STATES)[T], Visit> } = {
  round: {
    preparing: { at: 'checks.input', so: ({ journal }) => journal.length === 0 },
    intake: { at: 'governance.decisions', so: did('propose acceptDataset', 'request job') },
    training: { at: 'requesting.request', so: ({ journal }) => !journal.includes('request job') },
    job: { at: 'training.train', so: did('open escrow', 'train') },
    review: { at: 'evaluation.measure', so: did('publish', 'propose adoptCheckpoint') },
    settlement: { at: 'treasury.settle', so: did('propose adoptCheckpoint', 'settle') },
    rollout: { at: 'fleet.beginWave', so: did('settle', 'wave 1') },
    slashing: { at: 'treasury.bonds', world: stopped, input: { proposeSlashing: true }, so: release('stopped') },
    held: { world: trainingFails, input: { holdSeconds: 600 }, so: did('refund', 'publish') },
    undoing: { at: 'access.fail', world: evaluatorBroken, so: did('publish', 'refund') },
    failed: { world: evaluatorBroken, so: did('refund', 'settle') },
    aborted: { at: 'evaluation.measure', after: { state: 'review', send: ABORT }, so: did('refund', 'settle') },
    over: { so: release('completed') },
  },
  release: {
    beginning: { at: 'fleet.beginWave', so: release('planned') },
    soaking: { world: soaking, so: release('rolling') },
    gathering: { world: gathering, so: release('rolling') },
    awaitingApproval: { input: approve, so: did('wave 1', 'wave 2') },
    paused: { world: gathering, after: { state: 'gathering', send: PAUSE }, so: release('paused') },
    undoing: { at: 'fleet.abort', world: fleetBroken, so: did('settle', 'abort release') },
    failed: { world: fleetBroken, so: did('abort release') },
    aborted: {
      input: approve,
      after: { state: 'awaitingApproval', send: ABORT },
      so: release('stopped'),
    },
    completed: { so: release('completed') },
    stopped: { world: stopped, so: release('stopped') },
    superseded: {
      input: approve,
      after: { state: 'awaitingApproval', world: (world) => void world.change({ state: 'superseded', why: 'gone' }) },
      so: release('superseded'),
    },
  },
  job: {
    licences: { at: 'datasets.terms', so: ({ journal }) => !journal.includes('request job') },
    asking: { at: 'requesting.request', so: ({ journal }) => !journal.includes('request job') },
    paying: { at: 'treasury.openEscrow', so: did('request job', 'open escrow') },
    vote: { at: 'governance.decision', world: needsVote, so: did('propose grantAccess', 'train') },
    training: { at: 'training.train', so: did('open escrow', 'train') },
    undoing: { at: 'access.fail', world: trainingFails, so: did('open escrow', 'refund') },
    failed: { world: trainingFails, so: did('refund', 'publish') },
    aborted: { at: 'training.train', after: { state: 'training', send: ABORT }, so: did('refund', 'publish') },
    over: { so: did('publish') },
  },
  step: {
    working: { at: 'evaluation.measure', so: did('publish', 'propose adoptCheckpoint') },
    undoing: { at: 'governance.withdraw', world: decisionBroken, so: did('propose adoptCheckpoint', 'settle') },
    failed: { world: decisionBroken, so: did('withdraw adoptCheckpoint') },
    aborted: { at: 'evaluation.measure', after: { state: 'working', send: ABORT }, so: did('refund', 'settle') },
    over: { so: did('propose adoptCheckpoint') },
  },
};
