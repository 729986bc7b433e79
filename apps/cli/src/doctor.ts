import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { jsonOption } from './options.js';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('say what is there and what is missing')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod doctor\nStatus 0: nothing stands in the way of npm start.')
    .action(async ({ json }: { json?: boolean }) => {
      const root = fileURLToPath(new URL('../../../', import.meta.url));
      const doctor = spawn('npm', ['run', '--silent', 'doctor', ...(json ? ['--', '--json'] : [])], {
        cwd: root,
        stdio: 'inherit',
      });
      process.exitCode = await new Promise<number>((resolve, reject) => {
        doctor.once('error', reject);
        doctor.once('exit', (code) => resolve(code ?? 1));
      });
    });
}
