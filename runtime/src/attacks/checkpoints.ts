import { createHash } from 'node:crypto';
import { canonicalJson, contentId, taskOf } from '@livepod/protocol';
import { RuntimeError } from '../errors.js';
import { ModelProcess } from '../process/index.js';
import { checkVectors, vectorsOf, windowsFrom } from '../vectors.js';
import { MUTATIONS, type Served } from './mutations.js';
import { dice } from './random.js';

export interface MutatedCheckpoints {
  seed: number;
  count: number;
  /** By kind of mutation: how many nobody runs, and how many run on a pod as they were measured. */
  kinds: Record<string, { refused: number; alike: number }>;
  /** Those that ran on a pod otherwise than at the evaluator. */
  broken: { number: number; kind: string; why: string }[];
}

const WINDOWS = 4;

/**
 * Plays checkpoints that are not what they seem against an evaluator and a pod, each with a model's process of its own:
 * what the evaluator signs of a checkpoint (its documents' ids, its vectors) is what the pod has to go by.
 *
 * @param seed  decides everything; the same seed plays the same
 */
export async function mutatedCheckpoints(seed: number, count: number): Promise<MutatedCheckpoints> {
  const [evaluator, pod] = [new Host(), new Host()];
  const throws = dice(seed);
  const names = Object.keys(MUTATIONS);
  const outcome: MutatedCheckpoints = { seed, count, kinds: {}, broken: [] };
  try {
    for (let number = 0; number < count; number += 1) {
      const kind = names[number % names.length]!;
      const { toEvaluator, toPod } = MUTATIONS[kind]!(throws);
      const tally = (outcome.kinds[kind] ??= { refused: 0, alike: 0 });
      const signed = await evaluator.measured(toEvaluator);
      const ran = signed && (await pod.ran(toPod, signed));
      if (!signed || !ran) tally.refused += 1;
      else if (ran.join() === signed.answers.join()) tally.alike += 1;
      else outcome.broken.push({ number, kind, why: 'the pod answers otherwise than the evaluator measured' });
    }
  } finally {
    await Promise.all([evaluator.close(), pod.close()]);
  }
  return outcome;
}

/** What an evaluator signs of a checkpoint. */
interface Signed {
  ran: string;
  vectors: Awaited<ReturnType<typeof vectorsOf>>;
  /** Not signed: what it found the model to say, number by number and label by label. */
  answers: (string | number)[];
}

/** The model's hash and its manifest as one id: what `ranBy` is of a whole manifest. */
const idOf = ({ model, manifest: { task, input, runtime } }: Served): string =>
  contentId(canonicalJson({ model: createHash('sha256').update(model).digest('hex'), task, input, runtime }));

class Host {
  private process: ModelProcess | undefined;

  /** Undefined where it refuses. */
  measured(served: Served): Promise<Signed | undefined> {
    return this.tried(async (process) => {
      await process.load(served.model, served.manifest);
      const vectors = await vectorsOf(process, served.manifest, createHash('sha256').update(idOf(served)).digest());
      return { ran: idOf(served), vectors, answers: await answersOf(process, served) };
    });
  }

  ran(served: Served, { ran, vectors }: Signed): Promise<(string | number)[] | undefined> {
    if (idOf(served) !== ran) return Promise.resolve(undefined);
    return this.tried(async (process) => {
      await process.load(served.model, served.manifest);
      await checkVectors(process, served.manifest, vectors);
      return answersOf(process, served);
    });
  }

  async close(): Promise<void> {
    await this.process?.close();
  }

  /** A refusal of the runtime's is an answer, too; a process that ended is followed by another. */
  private async tried<T>(work: (process: ModelProcess) => Promise<T>): Promise<T | undefined> {
    this.process ??= await ModelProcess.start();
    try {
      return await work(this.process);
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      if (/^runtime/.test(error.code)) {
        await this.process.close();
        this.process = undefined;
      }
      return undefined;
    }
  }
}

/** All that a model says of some windows: its outputs, and what they mean. */
async function answersOf(process: ModelProcess, { manifest }: Served): Promise<(string | number)[]> {
  const { task } = manifest;
  const outputs = await process.answers(windowsFrom('11'.repeat(32), manifest, WINDOWS), WINDOWS);
  const width = outputs.length / WINDOWS;
  const rows = Array.from({ length: WINDOWS }, (_, at) => outputs.subarray(at * width, (at + 1) * width));
  const meant = rows.map((row) => taskOf(task).answer(task, row));
  return [...outputs, ...meant.map((one) => (task.kind === 'classification' ? task.labels[one]! : one))];
}
