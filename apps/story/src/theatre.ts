import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readNetwork } from '@livepod/client/node';
import {
  bringUp,
  keyRings,
  operatorPageFile,
  s3Environment,
  setUp,
  signInLinkOf,
  workerProcess,
  type Base,
  type ProcessSpec,
  type Recordings,
  type Stack,
} from '@livepod/stack';
import { operatorPage, placeOf } from '@livepod/cli/operating';
import { forTerminal, operatorPageText } from '@livepod/protocol';
import { connectClient } from '@livepod/workers/temporal';
import { Cast, castPeople, type People } from './cast.js';
import type { Theatre } from './chapters/chapter.js';
import { install } from './installation.js';
import { Memory } from './memory.js';
import type { Options } from './options.js';
import { FAST_PLAN } from './plan.js';
import { Pods, shipRoot } from './pods.js';
import { folderOf } from './recordings.js';
import { Voters } from './voters.js';

/** Everything up, and the actors ready to come on. */
export interface OpenTheatre {
  theatre: Theatre;
  /** Where each process shows its metrics, by name. */
  metrics: Record<string, string>;
  /** Makes a link that lets a browser read encrypted payloads; good for half a day, and a secret. */
  signIn(): Promise<string>;
  /**
   * Writes what the operator's page behind the codec server offers: links, inputs with what there is by now, and tokens
   * for half a day.
   */
  offer(): Promise<void>;
  /** Starts the pods, and lets the voters vote. */
  startActors(): Promise<void>;
  /** Stops every process; all state is kept. */
  close(): Promise<void>;
}

/** Builds what is missing, brings the stack up, installs the canisters, starts the workers. */
export async function openTheatre(options: Options): Promise<OpenTheatre> {
  const ready = await setUp({ data: options.data });
  const recordings = ready.recordings!;
  const people = castPeople(recordings);
  const stack = await bringUp({
    state: options.state,
    fresh: options.fresh,
    signals: false,
    afterIc: async (base) => {
      const { icHost, rootKey } = base.network;
      const root = await install({
        icHost,
        rootKey,
        networkFile: base.networkFile,
        wasmDir: ready.wasmDir,
        cast: new Cast(base.state),
        people,
        // A person needs longer than voters who are programs.
        votingSeconds: options.iVote ? 1_800 : 120,
        tell,
      });
      shipRoot(base.state, root);
    },
    workers: (base) => workers(base, recordings, people),
    tell,
  });
  try {
    return await setStage(stack, recordings, people, options);
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

async function setStage(
  stack: Stack,
  recordings: Recordings,
  people: People,
  { iVote }: Options,
): Promise<OpenTheatre> {
  const network = readNetwork(stack.networkFile);
  const cast = new Cast(stack.state);
  const temporal = await connectClient(network.temporal!, { keys: keyRings(stack.state).ours });
  const voters = new Voters(network, cast, iVote ? tell : undefined);
  const pods = new Pods(stack, cast, recordings);
  const theatre: Theatre = {
    network,
    cast,
    people,
    recordings,
    memory: new Memory(stack.state),
    voters,
    pods,
    s3: stack.s3Credentials,
    tell,
    temporal,
  };
  return {
    theatre,
    metrics: network.metrics ?? {},
    offer: async () =>
      writeFileSync(
        operatorPageFile(stack.state),
        operatorPageText(await operatorPage(placeOf(stack.networkFile), FAST_PLAN)),
        { mode: 0o600 },
      ),
    signIn: () => signInLinkOf(stack.state, network.temporal!),
    startActors: async () => {
      await voters.start();
      await pods.start(people.podOwners, join(stack.state, 'root.json'));
    },
    close: async () => {
      await voters.stop();
      await temporal.connection.close();
      await stack.stop();
    },
  };
}

/** Each process gets its own key, and no data but what its role is to see. */
async function workers(base: Base, recordings: Recordings, people: People): Promise<ProcessSpec[]> {
  const cast = new Cast(base.state);
  const file = (name: string): string => {
    cast.identity(name);
    return cast.file(name);
  };
  const holdout = folderOf(recordings, people.holdout, join(base.state, 'holdout'));
  return Promise.all([
    workerProcess(base, 'orchestrator', file('orchestrator'), s3Environment(base)),
    workerProcess(base, 'provider', file('provider'), s3Environment(base)),
    workerProcess(base, 'evaluator', file('evaluator'), { LIVEPOD_HOLDOUT: holdout }),
  ]);
}

const tell = (line: string): void => void process.stdout.write(`${forTerminal(line)}\n`);
