import { figureInWords, type Figure } from './figures.js';

/** What an evaluator found out about a checkpoint on hold-out people. */
export interface Measured {
  /** The kind of task; a reader need not know it to read the figures. */
  task: string;
  people: number;
  windows: number;
  /** `parent`: the parent's on the same people; null for a first checkpoint, or where it was not measured. */
  figures: (Figure & { parent: string | null })[];
  deciding: { figure: string; better: 'higher' | 'lower' };
  worstPerson: string;
}

/** What version 1 of an evaluation, and workflows of its time, called by three names of their own. */
export function figuresOfClassification(of: {
  accuracy: string;
  macroF1: string;
  worstPerson: string;
  parentAccuracy: string | null;
}): Omit<Measured, 'people' | 'windows'> {
  const share = (name: string, value: string, parent: string | null = null) => ({ name, value, unit: null, parent });
  return {
    task: 'classification',
    figures: [
      share('accuracy', of.accuracy, of.parentAccuracy),
      share('macroF1', of.macroF1),
      share('worstPerson', of.worstPerson),
    ],
    deciding: { figure: 'accuracy', better: 'higher' },
    worstPerson: 'worstPerson',
  };
}

/** The figure that says which of two models is better. */
export const decidingFigure = ({ figures, deciding }: Pick<Measured, 'figures' | 'deciding'>) =>
  figures.find(({ name }) => name === deciding.figure)!;

/** Whether a model is better than its parent, by the deciding figure; undefined where it has none that was measured. */
export function betterThanParent(measured: Pick<Measured, 'figures' | 'deciding'>): boolean | undefined {
  const { value, parent } = decidingFigure(measured);
  if (parent === null) return undefined;
  const gain = Number(value) - Number(parent);
  return measured.deciding.better === 'higher' ? gain > 0 : gain < 0;
}

/**
 * Which of the two figures that matter are below the parent's, and by how much: the deciding one, and that of the
 * person served worst. None where there is no parent that was measured.
 */
export function worseThanParent(
  measured: Pick<Measured, 'figures' | 'deciding' | 'worstPerson'>,
): { name: string; value: string; parent: string; by: string; unit: string | null }[] {
  const names = [...new Set([measured.deciding.figure, measured.worstPerson])];
  return names.flatMap((name) => {
    const figure = measured.figures.find((each) => each.name === name);
    if (!figure || figure.parent === null) return [];
    const { value, parent, unit } = figure;
    const gain = Number(value) - Number(parent);
    const loss = measured.deciding.better === 'higher' ? -gain : gain;
    return loss > 0 ? [{ name, value, parent, by: loss.toFixed(6), unit }] : [];
  });
}

/** "accuracy 0.700000 against 0.950000, worse by 0.250000"; undefined where nothing is worse. */
export function worseInWords(measured: Parameters<typeof worseThanParent>[0]): string | undefined {
  const worse = worseThanParent(measured);
  if (worse.length === 0) return undefined;
  return worse
    .map(({ name, value, parent, by, unit }) => {
      const counted = unit === null ? '' : ` ${unit}`;
      return `${figureInWords(name)} ${value}${counted} against ${parent}, worse by ${by}`;
    })
    .join('; ');
}
