import { writeFileSync } from 'node:fs';
import { forTerminal } from '@livepod/protocol';
import { HELP, readOptions, type Options } from './options.js';
import { openTheatre, type OpenTheatre } from './theatre.js';
import { reportOf, type Report } from './report.js';
import { show } from './show.js';
import { story } from './story.js';
import { summary } from './summary.js';

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const ending = interruption();
  const open = await openTheatre(options);
  try {
    const report = options.stackOnly ? undefined : await tellStory(open, options, ending.promise);
    if (!ending.asked())
      await open
        .offer()
        .catch((error: Error) => process.stderr.write(`The operator’s page could not be written: ${error.message}\n`));
    if (report) process.stdout.write(forTerminal(summary(report, open.theatre.network, open.metrics, options.state)));
    if (!options.once) process.stdout.write(`  ${'sign in'.padEnd(18)} ${await open.signIn()}\n`);
    if (!options.once && !ending.asked()) {
      process.stdout.write('\nThe stack stays up; Ctrl-C stops it and keeps its state.\n');
      await ending.promise;
    }
    return report?.outcome === 'failed' ? 1 : 0;
  } finally {
    await open.close();
  }
}

/** Tells what has not been told yet; a failure is part of the report. */
async function tellStory(
  { theatre, startActors }: OpenTheatre,
  options: Options,
  interrupted: Promise<void>,
): Promise<Report | undefined> {
  const { memory } = theatre;
  const untold = story.filter(({ title }) => !memory.told.chapters.includes(title));
  const clock = stopwatch(memory.told.seconds ?? 0);
  let failure: Error | undefined;
  const told = (async (): Promise<void> => {
    await startActors();
    await show(
      untold.map((chapter) => ({
        title: chapter.title,
        run: async (tell) => {
          theatre.tell = tell;
          await chapter.tell(theatre);
          memory.note((soFar) => {
            soFar.data ??= theatre.recordings.name;
            soFar.chapters.push(chapter.title);
            soFar.seconds = clock();
          });
        },
      })),
    );
  })().catch((error: Error) => void (failure = error));
  const stopped = await Promise.race([told.then(() => false), interrupted.then(() => true)]);
  if (stopped) return undefined;
  if (untold.length > 0) memory.note((soFar) => void (soFar.seconds = clock()));
  const report = await reportOf(theatre, failure);
  if (!failure && !memory.told.stages) memory.note((soFar) => void (soFar.stages = report.stages));
  if (options.report) writeFileSync(options.report, `${JSON.stringify(report, null, 1)}\n`);
  return report;
}

/** Seconds that have passed since now, and these before. */
function stopwatch(before: number): () => number {
  const began = Date.now();
  return () => before + (Date.now() - began) / 1000;
}

/** Resolves at Ctrl-C or SIGTERM. */
function interruption(): { promise: Promise<void>; asked: () => boolean } {
  let asked = false;
  const promise = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        asked = true;
        resolve();
      });
    }
  });
  return { promise, asked: () => asked };
}

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    process.stderr.write(`\n${forTerminal(error.message)}\n`);
    process.exit(1);
  },
);
