import { setUp } from './setup.js';

/**
 * `main.ts setup [--for-tests] [--data DIR] [STEP…]` runs steps of set-up; `main.ts doctor [--json]` says what is
 * there; `main.ts wasm [--hash]` builds the canisters, and says the hash of each, which voters compare.
 * The stack itself is started by `npm start` (apps/story).
 */
async function main(args: string[]): Promise<void> {
  const [verb, ...rest] = args;
  if (verb === 'doctor') {
    const { doctor } = await import('./doctor.js');
    process.exitCode = (await doctor(rest.includes('--json'))) ? 0 : 1;
    return;
  }
  if (verb === 'wasm') {
    await setUp({ only: ['rust', 'canisters'] });
    const { hashesOfCanisters } = await import('./steps/wasm.js');
    if (rest.includes('--hash')) for (const [name, hash] of await hashesOfCanisters()) console.log(`${hash}  ${name}`);
    return;
  }
  if (verb !== 'setup') {
    console.error('usage: setup [--for-tests] [--data DIR] [STEP…] | doctor [--json] | wasm [--hash]');
    process.exitCode = 2;
    return;
  }
  const data = rest.includes('--data') ? rest.splice(rest.indexOf('--data'), 2)[1] : undefined;
  const only = rest.filter((word) => !word.startsWith('--'));
  await setUp({ data, forTests: rest.includes('--for-tests'), only: only.length > 0 ? only : undefined });
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
});
