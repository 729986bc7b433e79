import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setUp } from '@livepod/stack';
import { PARTIES, broken, type Attack, type Cell } from './attack.js';
import { Ground } from './ground.js';
import { attacks } from './parties/index.js';
import { counted, writeTable, lines } from './report.js';

const HELP = `Usage: npm run attacks [-- OPTIONS]

Plays what each party could try against the others on a stack of its own (canisters, S3, Temporal, workers), and says
what it gets: nothing, delay, or broken. Without --only, the table in docs/security.md is written anew. The exit status
is 1 when anything is broken.

  --only PARTY[:TEXT]  one party's attacks, or those of them whose name has TEXT in it
  --seed N       chooses what is altered, where and how (default 1); a run with the same seed does the same
  --json FILE    also write [{party, attack, outcome, why, seed}]
  --list         the attacks, and the test of each
  --help         this

Parties: ${Object.keys(PARTIES).join(', ')}.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const chosen = chosenBy(values.only);
  if (values.list) return console.log(chosen.map(({ party, name, test }) => `${party}: ${name} (${test})`).join('\n'));
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed takes a whole number, not "${values.seed}".`);

  await setUp();
  const cells = await played(chosen, seed);
  console.log(lines(cells).join('\n'));
  if (values.json) writeFileSync(values.json, `${JSON.stringify(cells, null, 1)}\n`);
  if (values.only === undefined) writeTable(cells, seed);
  if (counted(cells).broken > 0) process.exitCode = 1;
}

function chosenBy(only: string | undefined): Attack[] {
  if (only === undefined) return attacks;
  const [party, text = ''] = only.split(':');
  const chosen = attacks.filter((attack) => attack.party === party && attack.name.includes(text));
  if (chosen.length > 0) return chosen;
  throw new Error(`No attack is ${only}; --list has them all.`);
}

async function played(chosen: readonly Attack[], seed: number): Promise<Cell[]> {
  const began = Date.now();
  const tell = (line: string): void =>
    console.error(`${((Date.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}`);
  const ground = await Ground.open(tell);
  const stop = (): void => void ground.close().finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const cells = new Map<Attack, Cell>();
  try {
    const inTurn = chosen.toSorted((one, other) => Number(one.last ?? false) - Number(other.last ?? false));
    for (const attack of inTurn) {
      const { party, name, play } = attack;
      tell(`${party}: ${name}`);
      // What ends otherwise than it should has not been held against anything.
      const outcome = await play(ground, seed).catch((error: unknown) =>
        broken(error instanceof Error ? `the attack itself failed: ${error.stack}` : String(error)),
      );
      cells.set(attack, { party, attack: name, ...outcome, seed });
    }
  } finally {
    await ground.close();
  }
  return chosen.map((attack) => cells.get(attack)!);
}

main().then(
  () => process.exit(process.exitCode ?? 0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.stack : String(error));
    process.exit(1);
  },
);
