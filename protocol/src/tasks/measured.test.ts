import {
  betterThanParent,
  decidingFigure,
  figureInWords,
  figuresInWords,
  figuresOf,
  figuresOfClassification,
  figureValues,
  outputTensor,
  perPerson,
  taskOf,
  worseInWords,
  worseThanParent,
  type Answers,
  type Measured,
  type TaskDescription,
} from './index.js';

const labels: TaskDescription = { kind: 'classification', labels: ['A', 'B', 'C'] };
const rate: TaskDescription = { kind: 'regression', target: { name: 'heart_rate', unit: 'bpm', tolerance: '15' } };
const none: Answers = { person: [], said: [], truth: [] };
const values = (task: TaskDescription, answers: Answers) => figureValues(figuresOf(task, answers));

describe('what was measured of nobody', () => {
  it('is nothing, and no number that is none', () => {
    expect(values(labels, none)).toEqual({ accuracy: '0.000000', macroF1: '0.000000', worstPerson: '0.000000' });
    expect(values(rate, none)).toEqual({ meanError: '0.000000', rootMeanSquare: '0.000000', worstPerson: '0.000000' });
  });
});

describe('a classification', () => {
  it('is scored by every label that was said or true, one that was never hit too', () => {
    const one: Answers = { person: ['a', 'a', 'a'], said: [0, 0, 1], truth: [0, 1, 2] };
    expect(values(labels, one)).toEqual({ accuracy: '0.333333', macroF1: '0.222222', worstPerson: '0.333333' });
  });
  it('answers with the first of the highest numbers', () => {
    const { answer, corrected } = taskOf(labels);
    expect(answer(labels, [0.5, 0.5])).toBe(0);
    expect(answer(labels, [0.1, 0.4, 0.4])).toBe(1);
    expect(answer(labels, [3])).toBe(0);
    expect(answer(labels, [-3, -2, -1])).toBe(2);
    expect(corrected(labels, 1, 1)).toBe(false);
  });
  it('gives a number per label, in no unit', () => {
    expect(outputTensor(labels)).toEqual({ name: 'probabilities', type: 'float32', shape: [3] });
    expect(figuresOf(labels, none).map(({ unit }) => unit)).toEqual([null, null, null]);
    expect(taskOf(labels).unit(labels)).toBeNull();
    expect(taskOf(labels).correction(labels)).toBe('its person corrected');
  });
});

describe('a regression', () => {
  it('is scored by how far off it is, in either direction', () => {
    const far: Answers = { person: ['a', 'b', 'b'], said: [70, 90, 90], truth: [76, 80, 90] };
    expect(values(rate, far)).toEqual({ meanError: '5.333333', rootMeanSquare: '6.733003', worstPerson: '6.000000' });
  });
  it('gives one value, in the unit of its target', () => {
    expect(outputTensor(rate)).toEqual({ name: 'value', type: 'float32', shape: [1] });
    expect(figuresOf(rate, none).map(({ unit }) => unit)).toEqual(['bpm', 'bpm', 'bpm']);
    const { answer, corrected, correction } = taskOf(rate);
    expect(answer(rate, [61.5, 7])).toBe(61.5);
    expect(corrected(rate, 115.1, 100)).toBe(true);
    expect(correction(rate)).toBe('it was more than 15 bpm off in');
  });
});

describe('each person', () => {
  it('is measured on their own windows', () => {
    const mixed: Answers = { person: ['a', 'b', 'a'], said: [1, 2, 3], truth: [4, 5, 6] };
    const seen = perPerson(mixed, (own) => {
      expect(own.person).toEqual(Array.from(own.said, () => (own.said.length === 2 ? 'a' : 'b')));
      return Number([...Array.from(own.said), ...Array.from(own.truth)].join(''));
    });
    expect([...seen]).toEqual([
      ['a', 1346],
      ['b', 25],
    ]);
  });
});

describe('a figure in words', () => {
  it('is lower case, but for letters that stand for themselves', () => {
    expect(['macroF1', 'meanError', 'shareWithin5', 'areaUnderROC'].map(figureInWords)).toEqual([
      'macro F1',
      'mean error',
      'share within5',
      'area under R O C',
    ]);
    expect(
      figuresInWords([
        { name: 'accuracy', value: '0.9', unit: null },
        { name: 'meanError', value: '7', unit: 'bpm' },
      ]),
    ).toBe('accuracy 0.9, mean error 7 bpm');
  });
});

describe('a model beside its parent', () => {
  const figure = (name: string, value: string, parent: string | null, unit: string | null = null) => ({
    name,
    value,
    unit,
    parent,
  });
  const of = (better: 'higher' | 'lower', ...figures: Measured['figures']) => ({
    figures,
    deciding: { figure: 'a', better },
    worstPerson: 'b',
  });

  it('is better by the deciding figure alone, in its direction', () => {
    const better = (direction: 'higher' | 'lower', value: string, parent: string | null) =>
      betterThanParent(of(direction, figure('b', '0', '9'), figure('a', value, parent)));
    expect(better('higher', '10', '9')).toBe(true);
    expect(better('higher', '9', '10')).toBe(false);
    expect(better('higher', '9', '9.0')).toBe(false);
    expect(better('lower', '9', '10')).toBe(true);
    expect(better('lower', '10', '9')).toBe(false);
    expect(better('lower', '9', '9.0')).toBe(false);
    expect(better('lower', '9', null)).toBeUndefined();
    expect(decidingFigure(of('lower', figure('b', '1', null), figure('a', '2', null)))).toMatchObject({ value: '2' });
  });

  it('is worse where the deciding figure is, or the person’s whom it serves worst', () => {
    expect(worseThanParent(of('higher', figure('a', '0.7', '0.95'), figure('b', '0.5', '0.5')))).toEqual([
      { name: 'a', value: '0.7', parent: '0.95', by: '0.250000', unit: null },
    ]);
    expect(worseThanParent(of('higher', figure('a', '0.9', '0.8'), figure('b', '0.4', '0.5')))).toMatchObject([
      { name: 'b', by: '0.100000' },
    ]);
    expect(worseThanParent(of('lower', figure('a', '8', '7.5', 'bpm'), figure('b', '9', '10', 'bpm')))).toEqual([
      { name: 'a', value: '8', parent: '7.5', by: '0.500000', unit: 'bpm' },
    ]);
    // A figure that does not matter may be worse.
    expect(worseThanParent(of('higher', figure('a', '1', '1'), figure('b', '1', '1'), figure('c', '0', '1')))).toEqual(
      [],
    );
  });

  it('is not worse than a parent that was not measured, nor named twice for one figure', () => {
    expect(worseThanParent(of('higher', figure('a', '0', null), figure('b', '0', null)))).toEqual([]);
    expect(worseThanParent(of('lower', figure('a', '5', null), figure('b', '5', null)))).toEqual([]);
    expect(worseThanParent({ ...of('higher', figure('a', '0', '1')), worstPerson: 'a' })).toHaveLength(1);
    expect(worseThanParent(of('higher', figure('a', '1', '1')))).toEqual([]);
  });

  it('is said to be worse, each figure with its unit', () => {
    expect(worseInWords(of('higher', figure('a', '0.7', '0.95'), figure('b', '0.4', '0.5')))).toBe(
      'a 0.7 against 0.95, worse by 0.250000; b 0.4 against 0.5, worse by 0.100000',
    );
    expect(worseInWords(of('lower', figure('a', '8', '7.5', 'bpm')))).toBe('a 8 bpm against 7.5, worse by 0.500000');
    expect(worseInWords(of('lower', figure('a', '7', '7.5', 'bpm')))).toBeUndefined();
  });

  it('of the first version is read by three names of its own', () => {
    const read = figuresOfClassification({
      ...{ accuracy: '0.9', macroF1: '0.8', worstPerson: '0.7', parentAccuracy: '0.95' },
    });
    expect(read.figures).toEqual([
      figure('accuracy', '0.9', '0.95'),
      figure('macroF1', '0.8', null),
      figure('worstPerson', '0.7', null),
    ]);
    expect(betterThanParent(read)).toBe(false);
  });
});
