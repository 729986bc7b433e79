import { readNetwork } from '@livepod/client/node';
import { Option, type Command } from 'commander';
import { Deployment, DEPLOYMENTS } from '@livepod/workers/deployments';
import { CliError } from './errors.js';
import { jsonOption, networkOption } from './options.js';
import { connectClient, keysFor } from '@livepod/workers/temporal';
import { out } from './output.js';

const roleOption = new Option('--role <role>', 'whose builds')
  .choices(Object.keys(DEPLOYMENTS))
  .default('orchestrator');
type Role = keyof typeof DEPLOYMENTS;

/** Which build of the workflow code new runs begin on. */
export function addDeploy(ops: Command): void {
  const deploy = ops
    .command('deploy')
    .description('builds of the workflow code: which there are, and which new runs begin on')
    .addHelpText('after', '\nExample: livepod ops deploy list');
  deploy
    .command('list')
    .description('the builds of both deployments, newest first, each with the open runs that are pinned to it')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod ops deploy list')
    .action(async ({ network }: { network: string }) => {
      for (const role of Object.keys(DEPLOYMENTS) as Role[]) {
        await withDeployment(network, role, async (deployment) => {
          const builds = await deployment.builds();
          const lines = await Promise.all(
            builds.map(async ({ buildId, state, since }) => ({
              deployment: deployment.name,
              buildId,
              state,
              openRuns: await deployment.openRuns(buildId),
              since: since?.toISOString() ?? null,
            })),
          );
          for (const line of lines) out(JSON.stringify(line));
        });
      }
    });
  deploy
    .command('current')
    .description(
      'prints the current build, or lets new runs begin on another; open runs that are pinned stay where they are',
    )
    .argument('[buildId]')
    .addOption(roleOption)
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod ops deploy current 3f2a9c01 --role orchestrator')
    .action(async (buildId: string | undefined, { network, role }: { network: string; role: Role }) => {
      await withDeployment(network, role, async (deployment) => {
        const before = buildId === undefined ? undefined : await deployment.makeCurrent(buildId);
        const current = (await deployment.builds()).find(({ state }) => state === 'current')?.buildId ?? null;
        out(JSON.stringify({ deployment: deployment.name, current, ...(before === undefined ? {} : { before }) }));
      });
    });
}

async function withDeployment(
  networkFile: string,
  role: Role,
  work: (deployment: Deployment) => Promise<void>,
): Promise<void> {
  const { temporal } = readNetwork(networkFile);
  if (!temporal)
    throw new CliError('badConfiguration', {}, `${networkFile} names no Temporal server; start the stack again.`);
  const namespace = role === 'provider' ? temporal.providerNamespace : temporal.namespace;
  const client = await connectClient(temporal, { namespace, keys: keysFor(networkFile) });
  try {
    await work(new Deployment(client.connection, namespace, DEPLOYMENTS[role]));
  } finally {
    await client.connection.close();
  }
}
