import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { signInLinkOf } from '@livepod/stack';
import { placeOf, startLinks, withTemporal } from '@livepod/cli/operating';

const HELP = `Usage: npm run pictures -- --state DIR

Takes the pictures of docs/operators.md from a running stack (npm start) with Chromium: the form as a link opens it,
and the page of the newest run
of each workflow that can be started.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { state: { type: 'string', default: '.state' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) return void process.stdout.write(HELP);
  process.env['LIVEPOD_PICTURES'] = '1';
  const { TemporalUi } = await import('../temporalUi.js'); // reads the variable
  const place = placeOf(join(values.state, 'network.json'));
  const { uiUrl, namespace, codecUrl } = place.temporal;
  const newest = await withTemporal(place, async (client) => {
    const found = new Map<string, string>();
    // newest first
    for await (const { type, workflowId } of client.workflow.list()) if (!found.has(type)) found.set(type, workflowId);
    return found;
  });

  const ui = await TemporalUi.open(uiUrl!, namespace);
  try {
    await ui.page.goto(await signInLinkOf(values.state, place.temporal));
    await ui.page.getByRole('heading', { name: 'Live Pod for operators' }).waitFor();
    await ui.picture('operator-page');
    await ui.useCodec(codecUrl!);
    for (const { type, link } of await startLinks(place)) {
      if (type === 'lifecycle') {
        await ui.page.goto(link);
        await ui.page.getByText('Task Queue is Active').waitFor();
        await ui.picture(`start-${type}`);
      }
      const run = newest.get(type);
      if (run === undefined) continue;
      await ui.details(run, /\S/);
      await ui.picture(`page-${type}`);
      process.stdout.write(`${type} ${run}\n`);
    }
  } finally {
    await ui.close();
  }
}

main().then(
  () => process.exit(),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
);
