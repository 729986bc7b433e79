import { motionCnn, recipe as centred } from '../motion-cnn/index.js';

const { declaration } = centred;
const { window } = declaration.input;

/** motion-cnn that sees as much, all of it past: it answers as soon as a window ends. */
export const recipe = motionCnn({
  ...declaration,
  name: 'motion-cnn-causal',
  input: { ...declaration.input, window: { ...window, before: window.before + window.after, after: 0 } },
});
