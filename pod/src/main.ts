import { CodedError } from '@livepod/protocol';
import { asked, type Asked } from './cli/commands.js';
import { troubleOf } from './trouble.js';

/** Does what the command line says. @returns the process's status */
async function main(): Promise<number> {
  const { command, values, json, help } = asked(process.argv.slice(2));
  if (help !== undefined) {
    process.stdout.write(help);
    return 0;
  }
  switch (command) {
    case 'init': {
      const { init, madeInWords } = await import('./cli/init.js');
      const made = await init(values);
      process.stdout.write(json ? `${JSON.stringify(made, null, 2)}\n` : madeInWords(made));
      return 0;
    }
    case 'doctor': {
      const { doctor, foundInWords } = await import('./cli/doctor.js');
      const found = await doctor(values);
      process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : foundInWords(found));
      return found.ok ? 0 : 1;
    }
    case 'status': {
      const { status } = await import('./cli/status.js');
      process.stdout.write(`${JSON.stringify(await status(values), null, 2)}\n`);
      return 0;
    }
    case 'run': {
      const { run } = await import('./cli/run.js');
      await run(values);
      return 0;
    }
  }
}

/** One sentence and what to do, or JSON for a program; never a stack. */
function failed(error: unknown): number {
  const trouble = troubleOf(error);
  if (process.argv.includes('--json' satisfies `--${keyof Pick<Asked, 'json'>}`))
    process.stdout.write(`${JSON.stringify({ ok: false, ...trouble })}\n`);
  else process.stderr.write(`${trouble.message}${error instanceof CodedError ? '' : ` ${trouble.remedy}`}\n`);
  return 1;
}

process.exit(await main().catch(failed));
