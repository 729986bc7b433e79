/** A measured number of a model: decimal text, as canonical documents carry it. */
export interface Figure {
  /** Such as `macroF1`; which there are is the task's to say. */
  name: string;
  value: string;
  /** Null for a share of one. */
  unit: string | null;
}

export const decimal = (value: number): string => value.toFixed(6);

/** `macroF1` as people read it: "macro F1"; `worstPerson`: "worst person". The canisters say the same. */
export const figureInWords = (name: string): string =>
  name.replace(/[A-Z]/g, (letter, at: number) => {
    const word = /[a-z]/.test(name[at + 1] ?? '') ? letter.toLowerCase() : letter;
    return ` ${word}`;
  });

/** "accuracy 0.951000, macro F1 0.930000", "mean error 7.2 bpm". */
export const figuresInWords = (figures: readonly Figure[]): string =>
  figures
    .map(({ name, value, unit }) => `${figureInWords(name)} ${value}${unit === null ? '' : ` ${unit}`}`)
    .join(', ');

/** Values by name. */
export const figureValues = (figures: readonly Pick<Figure, 'name' | 'value'>[]): Record<string, string> =>
  Object.fromEntries(figures.map(({ name, value }) => [name, value]));
