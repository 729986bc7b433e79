import { spawn } from 'node:child_process';
import { root } from '../paths.js';

/** How a suite ended. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** Where a suite's output goes: shown as it comes, or kept until the suite has ended when others run beside it. */
export interface Output {
  live: boolean;
  write(text: string): void;
}

/** Runs a command from the clone's top; returns its status and what it wrote to standard output. */
export function command(
  program: string,
  args: string[],
  output: Output,
  env: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', output.live ? 'inherit' : 'pipe'],
    });
    let text = '';
    child.stdout!.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      output.write(piece);
    });
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => output.write(piece));
    child.on('error', (error) => {
      output.write(`${error.message}\n`);
      resolve({ status: 1, text });
    });
    child.on('close', (status) => resolve({ status: status ?? 1, text }));
  });
}
