import { Listr } from 'listr2';
import type { Work } from './schedule.js';

/** A work whose progress is shown. */
export interface ShownWork extends Omit<Work, 'run'> {
  title: string;
  /** @returns what the line says when it is done */
  run(progress: (line: string) => void): Promise<string>;
}

/**
 * Works with a display: on a terminal a list with one line for each, and beneath it what it does at the moment;
 * elsewhere plain lines, at most one every ten seconds for each, which show that a build is alive.
 *
 * @param all  runs the works that it is given (see `runAll`)
 */
export async function shown(works: readonly ShownWork[], all: (works: Work[]) => Promise<void>): Promise<void> {
  if (process.stdout.isTTY && !process.env['CI']) return inList(works, all);
  await all(works.map((work) => ({ ...work, run: () => inLines(work) })));
}

async function inLines({ title, run }: ShownWork): Promise<void> {
  let last = 0;
  console.log(`❯ ${title}`);
  const done = await run((line) => {
    if (Date.now() - last < 10_000) return;
    last = Date.now();
    console.log(`› ${title}: ${line.slice(0, 160)}`);
  }).catch((error: Error) => {
    console.log(`✘ ${title}`);
    throw error;
  });
  console.log(`✔ ${done}`);
}

/** Every line of the list waits until its work is run, and ends as that does. */
async function inList(works: readonly ShownWork[], all: (works: Work[]) => Promise<void>): Promise<void> {
  const lines = works.map(({ title }) => new Line(title));
  const list = new Listr(
    lines.map((line) => ({
      title: line.title,
      task: (_: unknown, task: { title: string; output: string }) => line.shownBy(task),
    })),
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      renderer: 'default',
      rendererOptions: { collapseErrors: false, showErrorMessage: false } as object,
    },
  );
  const drawn = list.run();
  try {
    await all(works.map((work, at) => ({ ...work, run: () => lines[at]!.during(work.run) })));
  } finally {
    for (const line of lines) line.leave();
    await drawn;
  }
}

class Line {
  private task: { title: string; output: string } | undefined;
  private end!: { done: () => void; failed: (error: Error) => void };
  private readonly ended = new Promise<void>((done, failed) => (this.end = { done, failed }));

  constructor(readonly title: string) {
    this.ended.catch(() => {}); // it may fail before the list has begun to draw it
  }

  shownBy(task: { title: string; output: string }): Promise<void> {
    this.task = task;
    task.output = 'waits for its turn';
    return this.ended;
  }

  async during(run: ShownWork['run']): Promise<void> {
    this.say('');
    try {
      const done = await run((line) => this.say(line.slice(0, 160)));
      if (this.task) this.task.title = done;
      this.end.done();
    } catch (error) {
      this.end.failed(error as Error);
      throw error;
    }
  }

  /** Ends a line whose work was never run, because another failed. */
  leave(): void {
    this.end.failed(new Error(`${this.title}: not begun`));
  }

  private say(line: string): void {
    if (this.task) this.task.output = line;
  }
}
