/**
 * `npm test [-- SUITE…] [-- --since REF]`: installs the npm packages when they are missing, then goes on in TypeScript
 * (`src/suites/main.ts`), in this same process.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkNode, installPackages, root } from './packages.mjs';

checkNode();
// a note for developers, printed by each process
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
await installPackages();

const main = join(root, 'infra/stack/src/suites/main.ts');
process.argv[1] = main;
const { register } = await import('tsx/esm/api');
register();
await import(pathToFileURL(main).href);
