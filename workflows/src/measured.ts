import type { Measurement } from '@livepod/activities/ports';
import { figuresOfClassification } from '@livepod/protocol/tasks';

/** What evaluators of the time before tasks answered; histories of that time hold it. */
interface MeasuredBefore {
  people: number;
  windows: number;
  accuracy: string;
  macroF1: string;
  worstPerson: string;
  parentAccuracy: string | null;
  link?: string;
}

/** A measurement, whichever version of the evaluator made it. */
export function asMeasured(measured: Measurement | MeasuredBefore): Measurement {
  if (!('accuracy' in measured)) return measured;
  const { people, windows, link } = measured;
  return { people, windows, ...figuresOfClassification(measured), ...(link === undefined ? {} : { link }) };
}
