import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { IcError } from './errors.js';
import { startInternetComputer } from './index.js';
import { canisterId, principalOf } from './subnet/principals.js';

/** Versions of the launcher's interface that this one speaks: `1.x`. */
const INTERFACE = 1;

/** Options of icp's own launcher that ask for what is not here. */
const ABSENT = ['ii', 'nns', 'bitcoind-addr', 'dogecoind-addr'] as const;

/** What `icp network start` starts: tells where it listens in `status.json`, and serves until SIGINT. */
async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const texts = { type: 'string', multiple: true } as const;
  const { values } = parseArgs({
    options: {
      'interface-version': text,
      'state-dir': text,
      bind: text,
      'gateway-port': text,
      'status-dir': text,
      domain: texts,
      verbose: flag,
      ii: flag,
      nns: flag,
      'artificial-delay-ms': text,
      subnet: texts,
      'bitcoind-addr': texts,
      'dogecoind-addr': texts,
      'config-port': text,
      'stdout-file': text,
      'stderr-file': text,
    },
  });
  if (values['interface-version'] && Number.parseInt(values['interface-version'], 10) !== INTERFACE) {
    throw new IcError(
      'usage',
      { asked: values['interface-version'] },
      `This launcher speaks version ${INTERFACE} of the interface, not ${values['interface-version']}.`,
    );
  }
  const absent = ABSENT.find((name) => values[name]);
  if (absent)
    throw new IcError(
      'usage',
      { option: absent },
      `This network has no part for --${absent}; leave it out of icp.yaml.`,
    );
  if (values.bind && values.bind !== '127.0.0.1' && values.bind !== 'localhost') {
    throw new IcError('usage', { bind: values.bind }, `This network listens on 127.0.0.1 only, not on ${values.bind}.`);
  }
  const folder = values['status-dir'];
  if (!folder || !values['state-dir'])
    throw new IcError('usage', {}, 'The options --state-dir and --status-dir are missing.');
  const running = await startInternetComputer({
    state: values['state-dir'],
    port: Number(values['gateway-port'] ?? '0'),
    secondsPerRound: Number(values['artificial-delay-ms'] ?? '0') / 1000,
    onLog: values.verbose ? (line) => process.stderr.write(`${line}\n`) : undefined,
    onFailure: (failure) => {
      process.stderr.write(`The Internet Computer host cannot go on: ${String((failure as Error).stack)}\n`);
      process.exit(1);
    },
  });
  mkdirSync(folder, { recursive: true });
  const status = {
    v: '1',
    gateway_port: Number(new URL(running.url).port),
    root_key: running.rootKey,
    default_effective_canister_id: principalOf(canisterId(0x0100_0000n)).toText(),
    supported_features: [],
  };
  writeFileSync(join(folder, 'status.json.new'), `${JSON.stringify(status)}\n`);
  renameSync(join(folder, 'status.json.new'), join(folder, 'status.json'));
  const stop = (): void => {
    void running.stop().then(() => process.exit(0));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
}

main().catch((failure: unknown) => {
  process.stderr.write(`${failure instanceof IcError ? failure.message : String((failure as Error).stack)}\n`);
  process.exit(1);
});
