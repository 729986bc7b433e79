import type { Command } from 'commander';
import { addAdd } from './add.js';
import { addInit } from './init.js';
import { addPropose } from './propose.js';
import { addRegister } from './register.js';
import { addDoctor, addRun } from './run.js';

/** From an invitation to a process that trains. */
export function addProvider(program: Command): void {
  const provider = program
    .command('provider')
    .description('be a training provider, or add one')
    .addHelpText('after', '\nExample: livepod provider init provider-2.invitation.json');
  addAdd(provider);
  addInit(provider);
  addRegister(provider);
  addPropose(provider);
  addDoctor(provider);
  addRun(provider);
}
