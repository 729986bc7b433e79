import { figuresOfClassification } from '../tasks/measured.js';
import {
  atMost,
  decimal,
  hexOf,
  id,
  integer,
  list,
  literal,
  nanoseconds,
  nullable,
  object,
  oneOf,
  parser,
  principal,
  text,
  versions,
  wrong,
  type Of,
} from './shape.js';

/** Windows that an evaluation names the outputs of. */
const MOST_VECTORS = 16;
const figureName = text(40, /^[a-z][A-Za-z0-9]*$/, 'the name of a figure, such as macroF1');
const measured = {
  checkpoint: id,
  evaluator: principal,
  publicKey: hexOf(44),
  people: integer(1, 1_000_000),
  windows: integer(1, Number.MAX_SAFE_INTEGER),
  at: nanoseconds,
};

const first = object({
  type: literal('livepod.evaluation/v1'),
  ...measured,
  accuracy: decimal,
  macroF1: decimal,
  worstPerson: decimal,
  parentAccuracy: nullable(decimal),
});
const figuresOfTask = {
  /** The kind of task; a reader need not know it to read the figures. */
  task: text(40),
  figures: list(
    object({
      name: figureName,
      value: decimal,
      /** Null for a share of one. */
      unit: nullable(text(20)),
      /** The parent's on the same people; null for a first checkpoint, or where it was not measured. */
      parent: nullable(decimal),
    }),
    16,
    1,
  ),
  deciding: object({ figure: figureName, better: oneOf('higher', 'lower') }),
  worstPerson: figureName,
};
const second = object({ type: literal('livepod.evaluation/v2'), ...measured, ...figuresOfTask });
const third = object({
  type: literal('livepod.evaluation/v3'),
  ...measured,
  ...figuresOfTask,
  /** What was run, as `ranBy` says it of the checkpoint's manifest: its model's hash, task, input and runtime. */
  ran: id,
  /**
   * What the model gave, at the evaluator's, for windows that follow from a number drawn after the checkpoint was
   * submitted: nobody could train for them, and whoever runs the model can make them again.
   */
  vectors: object({ seed: hexOf(32), outputs: list(list(decimal, 64, 1), MOST_VECTORS, 1) }),
});

/** What is written today. */
export type EvaluationDocument = Of<typeof third>;

/**
 * What an evaluator, independent of the provider, measured on hold-out people, of any version and in the form of the
 * third. Null is what versions 1 and 2 did not say.
 */
export type Evaluation = Omit<EvaluationDocument, 'type' | 'ran' | 'vectors'> & {
  ran: string | null;
  vectors: EvaluationDocument['vectors'] | null;
};
/** @throws ProtocolError `notCanonical` · `invalidManifest` */
export function parseEvaluation(bytes: Uint8Array): Evaluation {
  const document = parser(
    versions({ 'livepod.evaluation/v1': first, 'livepod.evaluation/v2': second, 'livepod.evaluation/v3': third }),
    'evaluation',
  )(bytes);
  if (document.type === 'livepod.evaluation/v1') {
    const { type: _, accuracy, macroF1, worstPerson, parentAccuracy, ...rest } = document;
    for (const [name, share] of Object.entries({ accuracy, macroF1, worstPerson, parentAccuracy }))
      if (share !== null && !isShare(share)) wrong(`evaluation.${name}`, 'from 0 to 1');
    return {
      ...rest,
      ...figuresOfClassification({ accuracy, macroF1, worstPerson, parentAccuracy }),
      ran: null,
      vectors: null,
    };
  }
  const { type: _, ...said } = document;
  const evaluation: Evaluation = { ran: null, vectors: null, ...said };
  evaluation.figures.forEach(({ value, unit, parent }, index) => {
    if (unit !== null) return;
    for (const share of [value, parent ?? '0'])
      if (!isShare(share)) wrong(`evaluation.figures[${index}]`, 'from 0 to 1, without a unit');
  });
  const names = evaluation.figures.map(({ name }) => name);
  if (new Set(names).size !== names.length) wrong('evaluation.figures', 'figures of different names');
  if (!names.includes(evaluation.deciding.figure))
    wrong('evaluation.deciding.figure', 'the name of one of the figures');
  if (!names.includes(evaluation.worstPerson)) wrong('evaluation.worstPerson', 'the name of one of the figures');
  return evaluation;
}

const isShare = (decimal: string): boolean => atMost('0', decimal) && atMost(decimal, '1');
