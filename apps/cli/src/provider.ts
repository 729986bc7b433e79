import { Option, type Command } from 'commander';

export function addProvider(program: Command): void {
  program
    .command('provider')
    .description('run a training provider until Ctrl-C')
    .addOption(new Option('--network <file>', 'network.json').env('LIVEPOD_NETWORK'))
    .addOption(new Option('--identity <file>', "the provider's identity file").env('LIVEPOD_IDENTITY'))
    .addOption(new Option('--scratch <folder>', 'memory-backed folder for plaintext').env('LIVEPOD_SCRATCH'))
    .action(async ({ network, identity, scratch }: { network?: string; identity?: string; scratch?: string }) => {
      Object.assign(
        process.env,
        network && { LIVEPOD_NETWORK: network },
        identity && { LIVEPOD_IDENTITY: identity },
        scratch && { LIVEPOD_SCRATCH: scratch },
      );
      await import('@livepod/workers/provider');
    });
}
