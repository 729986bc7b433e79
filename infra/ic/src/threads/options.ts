/** Node's options for a thread: it loads no TypeScript, and is profiled when the process is (`--cpu-prof`). */
export function threadOptions(): string[] {
  return process.execArgv.filter((option) => option.startsWith('--cpu-prof'));
}
