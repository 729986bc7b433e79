import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import { round } from '@livepod/workflows/testing/rehearsal';
import { World, id } from '@livepod/workflows/testing/world';
import { Troupe } from '@livepod/workers/testing/troupe';
import { met } from '../benchmark.js';
import { asText, writeIntoPage } from '../table.js';
import { growth } from './growth.js';
import { sample, type Sample } from './sample.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const HELP = `Usage: npm run load -- [options]

Puts lifecycles in flight on a development server with its state in a file: each is taken in up to its first vote,
which stays open. Measures what
a quarter, half and all of them take, and whether the second half takes more than the first; then lets some further
ones go to their end.

  --lifecycles N   default 1000; a multiple of 4
  --cached N       workflows that a worker keeps in memory; default 200, as the orchestrator does
  --finish N       how many to let end, default 20
  --json FILE      also write the samples and rows
  --markdown       also put the table into docs/scaling.md
  --help

The exit status is 1 when something grows faster than linearly.`;

/** At so many at a time: more only queue up in a server of one history shard. */
const STARTED_TOGETHER = 25;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      lifecycles: { type: 'string', default: '1000' },
      cached: { type: 'string', default: '200' },
      finish: { type: 'string', default: '20' },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const lifecycles = Number(values.lifecycles);
  if (!Number.isInteger(lifecycles / 4) || lifecycles < 4)
    throw new Error(`--lifecycles is ${values.lifecycles}; give a multiple of 4.`);

  const votes = new OpenVotes();
  const troupe = await Troupe.open({ database: true, activities: () => votes.activities() });
  try {
    const worker = await troupe.start('orchestrator', { cached: Number(values.cached) });
    const { samples, notes } = await filled(troupe, worker.pid, votes, lifecycles);
    const rows = growth(samples);
    console.log(`\n${asText(rows)}`);
    if (values.json) writeFileSync(values.json, `${JSON.stringify({ samples, rows }, null, 2)}\n`);
    votes.decideFurther();
    notes.push(await finished(troupe, lifecycles, Number(values.finish)));
    for (const note of notes) console.log(`  ${note}`);
    if (values.markdown) writeIntoPage(join(ROOT, 'docs', 'scaling.md'), 'load', rows, notes);
    if (rows.some((row) => met(row) === false)) process.exitCode = 1;
  } finally {
    await troupe.close();
  }
}

/** A world in which votes stay open, so that all lifecycles wait. */
class OpenVotes {
  readonly proposed = new Set<string>();
  /** Votes on proposals from this number on are decided at once; those before stay open. */
  private openFrom = Infinity;
  private readonly world = Object.assign(new World(), { looks: 0 }).activities();

  activities(): typeof this.world {
    return {
      ...this.world,
      'governance.proposeAll': async (request: { proposals: { clientRef: string }[] }) => {
        for (const { clientRef } of request.proposals) this.proposed.add(clientRef);
        return this.world['governance.proposeAll']!(request as never);
      },
      'governance.decisions': async (request: { proposals: number[] }) => {
        if (request.proposals[0]! >= this.openFrom) return this.world['governance.decisions']!(request as never);
        throw ApplicationFailure.create({
          type: 'notDecided',
          message: 'The vote is open',
          nextRetryDelay: '5 minutes',
          category: 'BENIGN',
        });
      },
    };
  }

  /** What is proposed from now on is decided at once. */
  decideFurther(): void {
    this.openFrom = this.proposed.size + 1;
  }
}

/** Begins all lifecycles and lets them wait. @returns a sample before, and with a quarter, half and all of them */
async function filled(
  troupe: Troupe,
  workerPid: number,
  votes: OpenVotes,
  lifecycles: number,
): Promise<{ samples: Sample[]; notes: string[] }> {
  const pids = { worker: workerPid, server: troupe.server.pid };
  const samples: Sample[] = [await sample(troupe.client, 0, pids, troupe.database)];
  const notes: string[] = [];
  let inFlight = 0;
  for (const mark of [lifecycles / 4, lifecycles / 2, lifecycles]) {
    const began = performance.now();
    while (inFlight < mark) {
      const upTo = Math.min(inFlight + STARTED_TOGETHER, mark);
      await Promise.all(Array.from({ length: upTo - inFlight }, (_, index) => start(troupe, inFlight + index)));
      inFlight = upTo;
      while (votes.proposed.size < inFlight) await sleep(100);
    }
    const seconds = (performance.now() - began) / 1000;
    await sleep(5000); // what is being written, and visibility, come to rest
    samples.push(await sample(troupe.client, inFlight, pids, troupe.database));
    notes.push(inWords(samples.at(-1)!, samples.at(-2)!, seconds));
    console.error(`  ${notes.at(-1)}`);
  }
  return { samples, notes };
}

const inWords = (now: Sample, before: Sample, seconds: number): string =>
  `${now.inFlight} in flight: worker ${now.workerMB.toFixed(0)} MB, server ${now.serverMB.toFixed(0)} MB, ` +
  `database ${now.databaseMB.toFixed(1)} MB, ${now.rows} visibility rows, ${now.eventsEach.toFixed(1)} ` +
  `events and ${(now.bytesEach / 1000).toFixed(1)} kB of history each; the last ` +
  `${now.inFlight - before.inFlight} began in ${seconds.toFixed(0)} s.`;

const start = (troupe: Troupe, number: number) =>
  troupe.client.workflow.start('lifecycle', {
    taskQueue: 'orchestrator',
    workflowId: `lifecycle-load-${number}`,
    args: [round(`load-${number}`, { datasets: [id('1')] })],
  });

/**
 * Further lifecycles that go to their end while all the others are in flight. @returns a note on what a whole one takes
 */
async function finished(troupe: Troupe, before: number, count: number): Promise<string> {
  await troupe.start('provider');
  const began = performance.now();
  const ended = await Promise.allSettled(
    Array.from({ length: count }, async (_, index) => (await start(troupe, before + index)).result()),
  );
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
  const seconds = (performance.now() - began) / 1000;
  const sizes: { events: number; bytes: number }[] = [];
  for await (const run of troupe.client.workflow.list({ query: `LivepodRound = "load-${before}"` })) {
    const { historyLength, historySize } = await troupe.client.workflow.getHandle(run.workflowId).describe();
    sizes.push({ events: historyLength, bytes: historySize ?? 0 });
  }
  const sum = (of: 'events' | 'bytes'): number => sizes.reduce((all, size) => all + size[of], 0);
  return (
    `${count} whole lifecycles ended beside those ${before} in ${seconds.toFixed(0)} s; one has ` +
    `${sum('events')} events and ${(sum('bytes') / 1000).toFixed(0)} kB of history in its ${sizes.length} ` +
    'workflows of ours.'
  );
}

// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

main().then(
  () => process.exit(),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
