import { cpus, totalmem } from 'node:os';
import { FAULTS, type Fault } from './orders.js';
import type { Cell } from './matrix.js';

const HEADINGS: Record<Fault, string> = {
  crashBefore: 'crash before',
  crashAfter: 'crash after',
  timeout: 'time-out',
  duplicate: 'delivered twice',
  workerKill: 'worker killed',
  temporalRestart: 'Temporal killed',
  icKill: 'IC host killed',
  s3Errors: 'S3 errors',
  clockSkew: 'clocks wrong',
};
const SIGNS = { same: 'same', different: '**different**', notApplicable: '–' } as const;

export interface Circumstances {
  seed: number;
  minutes: number;
  command: string;
}

export function counted(cells: readonly Cell[]): Record<Cell['outcome'], number> {
  const count = { same: 0, different: 0, notApplicable: 0 };
  for (const { outcome } of cells) count[outcome]++;
  return count;
}

/** The page docs/faults.md. */
export function page(cells: readonly Cell[], { seed, minutes, command }: Circumstances): string {
  const count = counted(cells);
  const workflows = [...new Set(cells.map(({ workflow }) => workflow))];
  const rows = workflows.flatMap((workflow) =>
    [...new Set(cells.filter((cell) => cell.workflow === workflow).map(({ activity }) => activity))].map((activity) => {
      const signs = FAULTS.map((fault) => {
        const cell = cells.find((one) => one.workflow === workflow && one.activity === activity && one.fault === fault);
        return cell ? SIGNS[cell.outcome] : '';
      });
      return `| ${workflow} | ${activity} | ${signs.join(' | ')} |`;
    }),
  );
  const notes = cells
    .filter(({ outcome }) => outcome === 'different')
    .map(({ workflow, activity, fault, why }) => `- ${workflow} · ${activity} · ${HEADINGS[fault]}: ${why}`);
  return `# Faults

Every activity of every workflow, under every fault, on the real stack: Temporal, the canisters' Wasm on the embedded
IC host, S3, the workers as processes, the
real recipe with a very small training. After each run its world (canisters' states and audit logs, ledger blocks,
chunks and objects, releases and pods'
counters, what is left on the provider's hosts, the workflow's own result and all its child workflows) is compared with
that of the undisturbed run; ids,
times and random keys are replaced by names, counts, amounts, states and the order of effects are not. **same** means
identical, once.

\`\`\`
${command}
${cells.length} cells: ${count.same} same, ${count.different} different, ${count.notApplicable} not applicable (–)
seed ${seed}, ${minutes.toFixed(0)} minutes on ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'},
${Math.round(totalmem() / 2 ** 30)} GiB
\`\`\`

| workflow | activity | ${FAULTS.map((fault) => HEADINGS[fault]).join(' | ')} |
|---|---|${FAULTS.map(() => '---').join('|')}|
${rows.join('\n')}
${notes.length > 0 ? `\n${notes.join('\n')}\n` : ''}
- **crash before**: the worker gets SIGKILL when the step begins. **crash after**: when the step's effect is there, and
  before its result is recorded.
- **time-out**: the step's effect is there, then it is silent until the server gives it up and lets another attempt
  begin; its own answer comes too late.
- **delivered twice**: the step runs twice, at the same time where its queue has more than one slot, else one after the
  other.
- **worker killed**, **Temporal killed**, **IC host killed**: SIGKILL at a moment within the step that the seed
  chooses. Such a blow hits every run in flight.
- **S3 errors**: the step's first attempt gets status 500 for each request, its second one connections that are reset
  in the middle of the body. – where
  the proxy saw no request of the step in any run.
- **clocks wrong**: orchestrator and evaluator 2 minutes or an hour ahead and the provider as much behind, and the
  other way round; servers are right.

A run is struck once in each of its steps, and a workflow that another one starts, on ways of its own; one that differs
is tried again with each step struck alone, to know whose it is. Where a workflow takes several
ways (adopted, rejected, cancelled, …), each is tried; the steps of what undoes a cancelled run are among them.
Undisturbed, every way is run twice and has to
come out the same, or the comparison counts for nothing. What the workers offer and no way calls fails the whole. How
it is done: \`test/faults/README.md\`.
`;
}
