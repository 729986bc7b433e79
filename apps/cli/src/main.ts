#!/usr/bin/env node
import { say, told } from './output.js';
import { livepod } from './program.js';

/** A full disk under a file that the output goes to; a reader that has seen enough (EPIPE) is no fault. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  say(`The output cannot be written: ${told(error).message}`);
  process.exit(1);
});

await livepod(process.argv.slice(2));
