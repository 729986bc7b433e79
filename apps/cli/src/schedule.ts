import type { RecurringRoundInput } from '@livepod/workflows';
import type { Command } from 'commander';
import { findingsInWords } from '@livepod/protocol';
import { CliError } from './errors.js';
import { intervalFindings, placeOf, scheduleRounds, uiPage, withTemporal, wrongWith } from './operating/index.js';
import { jsonOf, jsonOption, networkOption } from './options.js';
import { out } from './output.js';

export function addSchedule(ops: Command): void {
  const schedule = ops
    .command('schedule')
    .description('what begins by itself: recurring rounds, and the treasury’s watch')
    .addHelpText('after', '\nExample: livepod ops schedule list');
  schedule
    .command('rounds')
    .description('begin a round of whatever is new, again and again; see recurringRound for the input')
    .argument('<input>', 'JSON, or a file that holds it: {"recipe": "sha256:…", "provider": "provider-1"}')
    .option('--every <interval>', 'such as "24 hours"', '24 hours')
    .option('--id <id>', 'the schedule’s id', 'recurring-rounds')
    .option('--paused', 'make it, and let nothing begin until it is resumed')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod ops schedule rounds weekly.json --every "7 days" --id weekly --paused')
    .action(
      async (
        text: string,
        { every, id, paused, network }: { every: string; id: string; paused?: boolean; network: string },
      ) => {
        const input = (await jsonOf(text)) as unknown as RecurringRoundInput;
        const place = placeOf(network);
        const findings = [...intervalFindings(every), ...(await wrongWith(place, 'recurringRound', input))];
        if (findings.length > 0) throw new CliError('badArguments', { findings }, findingsInWords(findings));
        const made = await withTemporal(place, (client) =>
          scheduleRounds(client.schedule, { id, every, input, paused: paused ?? false }),
        );
        out(JSON.stringify({ schedule: id, made, link: uiPage(place, `schedules/${id}`) }));
      },
    );
  schedule
    .command('list')
    .description('schedules: when each ran last, when it runs next')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod ops schedule list')
    .action(async ({ network }: { network: string }) => {
      await withTemporal(placeOf(network), async (client) => {
        for await (const { scheduleId, state, info } of client.schedule.list()) {
          const shown = {
            schedule: scheduleId,
            paused: state.paused,
            last: info.recentActions.at(-1)?.takenAt ?? null,
            next: info.nextActionTimes[0] ?? null,
            note: state.note ?? '',
          };
          out(JSON.stringify(shown));
        }
      });
    });
  for (const verb of ['pause', 'resume'] as const) {
    schedule
      .command(verb)
      .description(verb === 'pause' ? 'let nothing begin until it is resumed' : 'let it begin again')
      .argument('<id>')
      .option('--note <text>', 'why', `by livepod ops schedule ${verb}`)
      .addOption(networkOption())
      .addOption(jsonOption())
      .addHelpText('after', `\nExample: livepod ops schedule ${verb} recurring-rounds`)
      .action(async (id: string, { note, network }: { note: string; network: string }) => {
        await withTemporal(placeOf(network), async (client) => {
          const handle = client.schedule.getHandle(id);
          await (verb === 'pause' ? handle.pause(note) : handle.unpause(note));
          out(JSON.stringify({ schedule: id, paused: verb === 'pause' }));
        });
      });
  }
}
