import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { StackError } from './errors.js';

export interface RunOptions {
  cwd?: string;
  /** Added to this process's environment; `undefined` takes a variable out. */
  env?: Record<string, string | undefined>;
  /** Called with each line of either output, for the progress display. */
  onLine?: (line: string) => void;
  /** Milliseconds after which the command and its children are killed. Default: none. */
  timeout?: number;
  /** Text for its standard input. */
  input?: string;
  /** Not cut short when set-up ends early: half an installed package would have to be repaired by hand. */
  toTheEnd?: boolean;
}

/**
 * Runs a command to its end and returns what it wrote to standard output.
 *
 * @throws StackError `toolMissing` · `commandFailed` (with the last 30 lines of both outputs) · `commandTimedOut`
 */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const killGroup = (): void => {
    if (child.pid)
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        /* already gone */
      }
  };
  if (!options.toTheEnd) running.add(killGroup);
  let stdout = '';
  const tail: string[] = [];
  const take = (line: string): void => {
    tail.push(line);
    if (tail.length > 30) tail.shift();
    options.onLine?.(line.replace(/\s+/g, ' ').trim());
  };
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  onLines(child.stdout!, take);
  onLines(child.stderr!, take);
  if (options.input !== undefined) child.stdin!.end(options.input);

  let timedOut = false;
  const timer =
    options.timeout &&
    setTimeout(() => {
      timedOut = true;
      killGroup();
    }, options.timeout);
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => resolve(status ?? signal ?? 'unknown'));
    });
    if (timedOut) {
      throw new StackError(
        'commandTimedOut',
        { command, seconds: options.timeout! / 1000 },
        `${command} took longer than ${options.timeout! / 1000} s and was stopped; see whether what it ` +
          'downloads from can be reached.',
      );
    }
    if (code !== 0) {
      throw new StackError(
        'commandFailed',
        { command, args, code, output: tail.join('\n') },
        `${command} ${args.slice(0, 3).join(' ')} ended with ${code}:\n${tail.slice(-12).join('\n')}`,
      );
    }
    return stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new StackError('toolMissing', { command }, `${command} is not installed, or not on PATH.`);
    }
    throw error;
  } finally {
    if (timer) clearTimeout(timer);
    running.delete(killGroup);
  }
}

/** Calls back with each whole line that is not blank; a carriage return ends one too (progress bars). */
export function onLines(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split(/[\r\n]+/);
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== '') take(line);
  });
  stream.on('end', () => {
    if (rest.trim() !== '') take(rest);
  });
}

const running = new Set<() => void>();
/** Set-up commands have process groups of their own: an interrupt, or the failure of one, is passed on by this. */
export function killRunningCommands(): void {
  for (const kill of running) kill();
}

/** The full path of a program on PATH, or null. */
export function which(program: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      /* next folder */
    }
  }
  return null;
}

/** Runs a version command; null when the program is missing or refuses. */
export async function versionOf(command: string, args: string[] = ['--version']): Promise<string | null> {
  try {
    const text = await run(command, args, { timeout: 15_000 });
    return text.trim().split('\n')[0] ?? null;
  } catch {
    return null;
  }
}
