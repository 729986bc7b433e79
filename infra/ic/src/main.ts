import { parseArgs } from 'node:util';
import { startInternetComputer } from './index.js';
import { IcError } from './errors.js';

const HELP = `Runs an embedded Internet Computer: one subnet of one node, on 127.0.0.1.

Usage: npm run ic -- --state DIR [options]

  --state DIR                folder for keys, journal and checkpoints (required)
  --port N                   port to listen on; 0 takes a free one (default 4943)
  --seconds-per-round N      least time between two rounds (default 0)
  --update-instructions N    limit for one update message (default 40000000000)
  --query-instructions N     limit for one query (default 5000000000)
  --no-rate-limits           canisters may write memory and have code installed as fast as this machine does it
  --checkpoint-after BYTES   journal size at which the whole state is written (default 67108864)
  --delegated                a new state's certificates are those of a subnet under a root subnet, as on the main
                             network
  --control                  open the control face on a port of its own: time, pause, step, faults, export; its token
                             is DIR/control-token
  --quiet                    do not print what canisters print
  --help                     this text

LIVEPOD_IC_CACHE names the folder of what was built (wasm/instrument.wasm) and of bundled sources; default .cache.

When it is ready it prints one JSON line: {"url", "rootKey", "controlUrl"?}, the root key as DER in hexadecimal.
SIGTERM or SIGINT stops it cleanly.
Its chain keys (vetKD, Schnorr, ECDSA) are public test keys: it must never hold secrets of the real world.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      state: { type: 'string' },
      port: { type: 'string' },
      'seconds-per-round': { type: 'string' },
      'update-instructions': { type: 'string' },
      'query-instructions': { type: 'string' },
      'checkpoint-after': { type: 'string' },
      control: { type: 'boolean' },
      delegated: { type: 'boolean' },
      'no-rate-limits': { type: 'boolean' },
      quiet: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (!values.state)
    throw new IcError('usage', {}, 'The option --state DIR is missing: name the folder for the state.');
  const port = number('port', values.port ?? '4943');
  if (port > 65_535) throw new IcError('usage', { port }, `The port ${port} is beyond 65535.`);
  const running = await startInternetComputer({
    state: values.state,
    port,
    control: values.control,
    delegated: values.delegated,
    secondsPerRound: number('seconds-per-round', values['seconds-per-round'] ?? '0'),
    checkpointAfter:
      values['checkpoint-after'] === undefined ? undefined : number('checkpoint-after', values['checkpoint-after']),
    limits: {
      ...(values['no-rate-limits'] && { rates: 'off' }),
      ...(values['update-instructions'] && {
        update: BigInt(number('update-instructions', values['update-instructions'])),
      }),
      ...(values['query-instructions'] && {
        query: BigInt(number('query-instructions', values['query-instructions'])),
      }),
    },
    onFailure: (failure) => {
      process.stderr.write(`The Internet Computer host cannot go on: ${String((failure as Error).stack)}\n`);
      process.exit(1);
    },
    onLog: values.quiet ? undefined : (line) => process.stderr.write(`${line}\n`),
  });
  const { url, rootKey, controlUrl } = running;
  process.stdout.write(`${JSON.stringify({ url, rootKey, ...(controlUrl && { controlUrl }) })}\n`);
  const stop = (): void => {
    void running.stop().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0)
    throw new IcError('usage', { option, text }, `The option --${option} takes a number of at least 0, not "${text}".`);
  return value;
}

main().catch((failure: unknown) => {
  const usage = (failure as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(
    failure instanceof IcError || usage ? `${(failure as Error).message}\n` : `${String((failure as Error).stack)}\n`,
  );
  process.exit(1);
});
