/** A provider that is about to be killed: runs a recipe that starts a process of its own and goes on for ever. */
import { join } from 'node:path';
import { runRecipeProcess } from '../../src/training/recipeProcess.js';

const [mark, folder] = process.argv.slice(2) as [string, string];

await runRecipeProcess(
  {
    code: `import { spawn } from 'node:child_process';
      export async function runRecipe(request) {
        const waits = 'setInterval(() => {}, 1000) // ${mark}';
        spawn(process.execPath, ['--eval', waits], { detached: true, stdio: 'ignore' });
        await request.onEpoch({ epoch: 1, epochs: 1, loss: 0, windowsPerSecond: 1 });
        await new Promise(() => setInterval(() => {}, 1000));
      }`,
    ...{ recordings: [], schema: {}, hyperparameters: { epochs: 1 }, seed: 1, base: null, files: [] },
    resources: { memoryMiB: 256, seconds: 300 },
    ...{ outputs: join(folder, 'dying'), resume: join(folder, 'dying.bin') },
  },
  { modules: null, onEpoch: () => process.stdout.write('training\n') },
);
