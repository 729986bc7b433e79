/**
 * `npm start`, `npm run doctor`: works on a clone where nothing is installed yet. Installs the npm packages when they
 * are missing, then goes on in TypeScript, in this same process, so that Ctrl-C reaches the one that runs the stack.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkNode, installPackages, installed, root } from './packages.mjs';

checkNode();
// a note for developers, printed by each process
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
const doctor = process.argv[2] === 'doctor';
if (doctor && !installed()) {
  console.log(
    '✘ npm packages: not yet; npm start installs them (or: npm install), and the doctor can look further then',
  );
  process.exit(1);
}
if (!doctor) await installPackages();

const main = join(root, doctor ? 'infra/stack/src/main.ts' : 'apps/story/src/main.ts');
process.argv[1] = main;
const { register } = await import('tsx/esm/api');
register();
await import(pathToFileURL(main).href);
