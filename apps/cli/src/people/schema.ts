import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { guessSchema } from '@livepod/runtime/recordings/guess';
import type { Command } from 'commander';
import { jsonOption } from '../options.js';
import { out, say } from '../output.js';

export function addSchema(program: Command): void {
  program
    .command('schema')
    .description('what a recording measures: channels, rate, labels')
    .addHelpText('after', '\nExample: livepod schema guess recordings/run1.csv > schema.json')
    .command('guess')
    .description('propose the schema of a file, to be read and corrected; what was guessed is said on standard error')
    .argument('<file>', 'a CSV or FIT file')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod schema guess recordings/run1.csv > schema.json')
    .action(async (file: string, { json }: { json?: boolean }) => {
      const { schema, guesses } = await guessSchema({ name: basename(file), bytes: readFileSync(file) });
      for (const guess of guesses) say(guess);
      out(JSON.stringify(schema, null, json ? undefined : 2));
    });
}
