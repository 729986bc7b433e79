import {
  betterThanParent,
  figureInWords,
  figuresInWords,
  figuresOf,
  figuresOfClassification,
  taskKinds,
  taskOf,
  type Answers,
  type TaskDescription,
} from './index.js';

const classification: TaskDescription = { kind: 'classification', labels: ['A', 'B', 'C'] };
const regression: TaskDescription = {
  kind: 'regression',
  target: { name: 'heart_rate', unit: 'bpm', tolerance: '15' },
};
const answers: Answers = {
  person: ['a', 'a', 'a', 'b', 'b', 'b'],
  said: [0, 0, 1, 0, 2, 2],
  truth: [0, 0, 1, 1, 2, 2],
};
const values = (task: TaskDescription, of: Answers) =>
  Object.fromEntries(figuresOf(task, of).map(({ name, value }) => [name, value]));

describe('a classification', () => {
  it('is measured by accuracy, macro F1, and the person served worst', () => {
    expect(values(classification, answers)).toMatchObject({
      accuracy: '0.833333',
      macroF1: '0.822222',
      worstPerson: '0.666667',
    });
  });
  it('answers with the label of the highest number, and is corrected where a person says another', () => {
    const task = taskOf(classification);
    const answer = task.answer(classification, [0.1, 0.2, 0.7]);
    expect(answer).toBe(2);
    expect(task.corrected(classification, answer, 2)).toBe(false);
    expect(task.corrected(classification, answer, 3)).toBe(true);
  });
});

describe('a regression', () => {
  it('is measured by its mean error in the unit of the target, and that of the person served worst', () => {
    const far: Answers = { person: ['a', 'a', 'b'], said: [70, 80, 90], truth: [73, 79, 98] };
    expect(values(regression, far)).toMatchObject({ meanError: '4.000000', worstPerson: '8.000000' });
    expect(figuresOf(regression, far)[0]).toMatchObject({ unit: 'bpm' });
  });
  it('is corrected where it is further off than its tolerance', () => {
    const { corrected } = taskOf(regression);
    expect(corrected(regression, 100, 115)).toBe(false);
    expect(corrected(regression, 100, 115.1)).toBe(true);
  });
});

describe('every task', () => {
  it.each(taskKinds)('%s names a deciding figure and the worst person’s among its figures', (kind) => {
    const { figures, deciding, worstPerson } = taskOf({ kind });
    expect(Object.keys(figures)).toEqual(expect.arrayContaining([deciding, worstPerson]));
  });
});

describe('figures', () => {
  it('are read as words', () => {
    expect(['accuracy', 'macroF1', 'worstPerson', 'rootMeanSquare'].map(figureInWords)).toEqual([
      'accuracy',
      'macro F1',
      'worst person',
      'root mean square',
    ]);
    expect(figuresInWords([{ name: 'meanError', value: '7.2', unit: 'bpm' }])).toBe('mean error 7.2 bpm');
  });
  it('say whether a model is better than its parent, whichever direction is better', () => {
    const before = { accuracy: '0.9', macroF1: '0.8', worstPerson: '0.7' };
    expect(betterThanParent(figuresOfClassification({ ...before, parentAccuracy: '0.89' }))).toBe(true);
    expect(betterThanParent(figuresOfClassification({ ...before, parentAccuracy: '0.9' }))).toBe(false);
    expect(betterThanParent(figuresOfClassification({ ...before, parentAccuracy: null }))).toBeUndefined();
    const error = { name: 'meanError', value: '7', unit: 'bpm', parent: '8' };
    expect(betterThanParent({ figures: [error], deciding: { figure: 'meanError', better: 'lower' } })).toBe(true);
  });
});
