import { connect, voucherFor } from '@livepod/client';
import { readNetwork } from '@livepod/client/node';
import type { Command } from 'commander';
import { CliError } from './errors.js';
import { operatorSeed } from './operating/index.js';
import { jsonOption, networkOption, operatorOption } from './options.js';
import { print } from './output.js';

interface VoucherOptions {
  channel: string;
  pods: number;
  pod?: string;
  days: number;
  identity?: string;
  network: string;
  json?: boolean;
}

/** `livepod ops voucher`: what lets devices enrol. */
export function addVoucher(ops: Command): void {
  ops
    .command('voucher')
    .description('sign a voucher: it lets so many devices enrol, or the one that is named')
    .option('--channel <name>', 'which releases they follow', 'stable')
    .option('--pods <number>', 'how many devices, 1 to 1000', Number, 1)
    .option('--pod <principal>', 'the one device that it is for, as `livepod-pod init` prints it')
    .option('--days <number>', 'how long it holds, at most 399', Number, 30)
    .addOption(operatorOption())
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample: livepod ops voucher --pods 20 > voucher.txt\nA pod finds it as voucher.txt in its folder, beside ' +
        'network.json, or by --voucher. Whoever has it can use it: send it as you would a password.',
    )
    .action(async ({ identity, network, json, ...vouched }: VoucherOptions) => {
      mustBe('--pods', vouched.pods, 1, 1_000, Number.isInteger(vouched.pods));
      mustBe('--days', vouched.days, 0, 399, vouched.days > 0);
      const voucher = await voucherFor(await connect(readNetwork(network)), operatorSeed(network, identity), vouched);
      print(json, { voucher, ...vouched }, () => voucher);
    });
}

function mustBe(option: string, value: number, least: number, most: number, ok: boolean): void {
  if (!ok || !(value >= least && value <= most))
    throw new CliError('badArguments', { option, value }, `${option} is a number from ${least} to ${most}.`);
}
