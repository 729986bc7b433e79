import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('say what is there and what is missing')
    .action(async () => {
      const root = fileURLToPath(new URL('../../../', import.meta.url));
      const doctor = spawn('npm', ['run', '--silent', 'doctor'], { cwd: root, stdio: 'inherit' });
      process.exitCode = await new Promise<number>((resolve, reject) => {
        doctor.once('error', reject);
        doctor.once('exit', (code) => resolve(code ?? 1));
      });
    });
}
