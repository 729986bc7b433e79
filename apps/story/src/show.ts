import { Listr } from 'listr2';

/** A piece of work shown as one line of a live list, with what it is doing beneath. */
export interface Task {
  title: string;
  run(tell: (line: string) => void): Promise<void>;
}

/** Runs tasks one after the other: a live list on a terminal, plain lines elsewhere. Stops at the first that fails. */
export async function show(tasks: Task[]): Promise<void> {
  const live = Boolean(process.stdout.isTTY) && !process.env['CI'];
  const list = new Listr(
    tasks.map(({ title, run }) => ({
      title,
      task: async (_: unknown, task: { title: string; output: string }): Promise<void> => {
        const began = Date.now();
        await run((line) => void (task.output = line));
        task.title = `${title} (${Math.round((Date.now() - began) / 1000)} s)`;
      },
    })),
    // Signals are the caller's: listr2 would end the process before the stack is stopped.
    {
      concurrent: false,
      exitOnError: true,
      registerSignalListeners: false,
      renderer: live ? 'default' : 'simple',
      rendererOptions: { collapseErrors: false } as object,
    },
  );
  await list.run();
}
