import { evaluate, recipeByName, runRecipe, tensorflow } from './index.js';
import { SYNTHETIC_SCHEMA as schema, syntheticRecording } from './fixture.js';

const { name, notice } = await tensorflow();
const recordings = ['s1', 's2', 's3'].map((person) => syntheticRecording(person, 1));
const { files, metrics } = await runRecipe('motion-cnn', {
  recordings,
  schema,
  hyperparameters: { epochs: 3, windowsPerEpoch: 256, batch: 32, filters: 8 },
  seed: 5,
});
const { oneLabel } = await evaluate({
  model: files['model.onnx'],
  recordings: [syntheticRecording('s9', 2)],
  schema,
  window: recipeByName('motion-cnn').declaration.input.window,
});
console.log(JSON.stringify({ name, notice, accuracy: Number(oneLabel.accuracy), ...metrics }));
