import { randomUUID } from 'node:crypto';
import { taskOf, type TaskDescription } from '@livepod/protocol';
import { PodError } from '../errors.js';
import type { Pod } from '../pod.js';
import type { Running } from '../runtime/running.js';
import { badRequest } from './guard.js';
import { samplesIn } from './samples.js';

/** How many answers can still be corrected; older ones are forgotten. */
const KEPT = 1_000;
const LONGEST_LABEL = 100;

interface Answered {
  running: Running;
  version: number;
  said: number;
  /** what its person said, once they have */
  truth?: string | number;
}

/** What a pod answered to the programs of its device, and what its person said of it. Kept in memory alone. */
export class Answers {
  private readonly kept = new Map<string, Answered>();

  constructor(private readonly pod: Pick<Pod, 'model'>) {}

  /** `POST /infer`. @throws PodError `badRequest` · `noModel`, and what {@link Runtime.infer} throws */
  async infer(body: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { running, installed } = this.pod.model;
    const { contract } = running.runtime;
    const { columns, rows } = samplesIn(body, contract);
    const id = randomUUID();
    const { said, scores } = await running.runtime.infer(id, columns, rows);
    running.answered();
    this.kept.set(id, { running, version: installed.version, said });
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(oldest);
    }
    const { version, checkpoint } = installed;
    return { id, ...inWords(contract.task, said, scores), version, checkpoint };
  }

  /**
   * `POST /feedback`: what its person says of an answer counts like what a sensor says of a window. Saying it again
   * changes nothing.
   *
   * @throws PodError `badRequest` · `unknownAnswer` · `answerIsOld` · `alreadyJudged` · `noModel`
   */
  feedback(body: Record<string, unknown>): Record<string, unknown> {
    const { id } = body;
    if (typeof id !== 'string') throw badRequest('"id" is missing: that of an answer of POST /infer.');
    const answer = this.kept.get(id);
    if (!answer) throw new PodError('unknownAnswer', { id }, `This pod has given no answer ${id} since it started.`);
    const { running } = this.pod.model;
    const { task } = answer.running.runtime.contract;
    const { truth, number } = truthIn(body, task);
    const corrected = taskOf(task).corrected(task, answer.said, number);
    if (answer.truth === undefined) {
      if (running !== answer.running)
        throw new PodError(
          'answerIsOld',
          { id, version: answer.version },
          `Answer ${id} was version ${answer.version}'s, which has been left since; it is not counted.`,
        );
      answer.truth = truth;
      running.judged(corrected);
    } else if (answer.truth !== truth)
      throw new PodError(
        'alreadyJudged',
        { id },
        `Answer ${id} has been said to be ${answer.truth}; what was counted is not counted again as ${truth}.`,
      );
    return { id, corrected, version: answer.version };
  }
}

/** A label with the scores of all, or a value with its unit. */
function inWords(task: TaskDescription, said: number, scores: readonly number[]): Record<string, unknown> {
  if (task.kind === 'regression') return { value: said, unit: task.target.unit };
  return {
    label: task.labels[said],
    scores: Object.fromEntries(task.labels.map((label, at) => [label, scores[at]])),
  };
}

/** What a person says: a label, also one that the model does not know, or a value. */
function truthIn(
  { label, value }: Record<string, unknown>,
  task: TaskDescription,
): { truth: string | number; number: number } {
  if (task.kind === 'regression') {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw badRequest(`"value" is missing: the right ${task.target.name} in ${task.target.unit}.`);
    return { truth: value, number: value };
  }
  if (typeof label !== 'string' || label === '' || label.length > LONGEST_LABEL)
    throw badRequest(`"label" is missing: the right one, of ${task.labels.join(', ')}, or another.`);
  const known = task.labels.indexOf(label);
  return { truth: label, number: known >= 0 ? known : task.labels.length };
}
