import { readFileSync } from 'node:fs';
import { Argument, type Command } from 'commander';
import { controlInWords, controlOf, type Control } from '@livepod/client';
import { handOver, isUpgradable, proposeUpgrade } from '@livepod/client/install';
import { CliError } from '../errors.js';
import { connected, connectedAs, identityOption, jsonOption, networkOption, type Reach } from '../options.js';
import { print, say, table } from '../output.js';

/** Who controls the canisters: looking, handing over to the DAO, and bringing a new module to the vote. */
export function addNetwork(program: Command): void {
  const network = program
    .command('network')
    .description('who controls the canisters, and how votes change them')
    .addHelpText('after', '\nExample: livepod network control');
  network
    .command('control')
    .description('who can change the code of each canister, as the network certifies it')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod network control\nStatus 0: votes alone change the canisters.')
    .action(async (reach: Reach) => {
      const { agent, network: where } = await connected(reach);
      const control = await controlOf(agent, where);
      if (control.by === 'person') process.exitCode = 1;
      print(reach.json, control, () => inWords(control));
    });
  network
    .command('handover')
    .description('the last step of installing: votes alone change the canisters from then on')
    .option('--root-controller <id>', 'an SNS’s root, when a real SNS governs, in the place of governance')
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod network handover --identity installer.json\nOnly a vote takes it back.')
    .action(handover);
  network
    .command('upgrade')
    .description('put a canister’s new module to the vote, by its hash')
    .addArgument(new Argument('<canister>', 'governance, datasets, access, models, fleet, treasury, ledger or root'))
    .argument('<module>', 'its Wasm file: npm run wasm -- --hash says where, and its hash')
    .option('--store <id>', 'a canister of yours whose chunk store holds the module; local networks make one')
    .option('--argument <file>', 'what post_upgrade is given, Candid in binary; nothing without it')
    .addOption(identityOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample: livepod network upgrade access .cache/wasm/access.wasm --identity me.json')
    .action(upgrade);
}

function inWords(control: Control): string {
  const rows = control.canisters.map(({ name, canister, controllers, module, by }) => [
    name,
    canister,
    by === 'dao' ? 'votes alone' : controllers.join(' ') || 'nobody',
    module ?? 'none',
  ]);
  const all = table([['canister', 'id', 'changed by', 'module'], ...rows]);
  return `${all}\n\nThe canisters are ${controlInWords(control)}.`;
}

async function handover({ rootController, ...reach }: Reach & { rootController?: string }): Promise<void> {
  const { identity, network } = await connectedAs(reach);
  const control = await handOver({
    ...{ network, identity, networkFile: reach.network },
    ...(rootController !== undefined && { rootController }),
    tell: say,
  });
  print(reach.json, control, () => inWords(control));
}

async function upgrade(
  canister: string,
  module: string,
  { store, argument, ...reach }: Reach & { store?: string; argument?: string },
): Promise<void> {
  if (!isUpgradable(canister))
    throw new CliError(
      'badArguments',
      { canister },
      `There is no canister ${canister}; livepod network control lists them.`,
    );
  const wasm = new Uint8Array(readFileSync(module));
  const { clients } = await connectedAs(reach);
  const { proposal, hash, ...rest } = await proposeUpgrade(clients, {
    ...{ canister, wasm },
    argument: argument === undefined ? NOTHING : new Uint8Array(readFileSync(argument)),
    ...(store !== undefined && { store }),
    title: `Upgrade ${canister}`,
    summary: `Upgrade ${canister} to a module that anybody can build again and compare: npm run wasm -- --hash`,
    clientRef: `upgrade/${canister}/${Date.now()}`,
  });
  print(reach.json, { ok: true, proposal, hash, ...rest }, () => {
    return `Proposal ${proposal} would bring ${canister} to module ${hash}. Then: livepod vote ${proposal} yes`;
  });
}

/** Candid of no arguments: what was there stays. */
const NOTHING = Uint8Array.of(0x44, 0x49, 0x44, 0x4c, 0, 0);
