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

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const texts = { type: 'string', multiple: true } as const;
const OPTIONS = {
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
} as const;
type Asked = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

/** What `icp network start` starts: tells where it listens in `status.json`, and serves until SIGINT. */
async function main(): Promise<void> {
  const { values: asked } = parseArgs({ options: OPTIONS });
  refuseOthers(asked);
  const statusFolder = asked['status-dir'];
  const state = asked['state-dir'];
  if (!statusFolder || !state) throw new IcError('usage', {}, 'The options --state-dir and --status-dir are missing.');

  const running = await startInternetComputer({
    state,
    port: Number(asked['gateway-port'] ?? '0'),
    secondsPerRound: Number(asked['artificial-delay-ms'] ?? '0') / 1000,
    onLog: asked.verbose ? (line) => process.stderr.write(`${line}\n`) : undefined,
    onFailure: (failure) => {
      process.stderr.write(`The Internet Computer host cannot go on: ${String((failure as Error).stack)}\n`);
      process.exit(1);
    },
  });
  tellStatus(statusFolder, running);
  const stop = (): void => {
    void running.stop().then(() => process.exit(0));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
}

/** @throws IcError `usage` for what this network is not */
function refuseOthers(asked: Asked): void {
  const version = asked['interface-version'];
  if (version && Number.parseInt(version, 10) !== INTERFACE) {
    throw new IcError(
      'usage',
      { asked: version },
      `This launcher speaks version ${INTERFACE} of the interface, not ${version}.`,
    );
  }
  const absent = ABSENT.find((name) => asked[name]);
  if (absent)
    throw new IcError(
      'usage',
      { option: absent },
      `This network has no part for --${absent}; leave it out of icp.yaml.`,
    );
  const { bind } = asked;
  if (bind && bind !== '127.0.0.1' && bind !== 'localhost') {
    throw new IcError('usage', { bind }, `This network listens on 127.0.0.1 only, not on ${bind}.`);
  }
}

/** Written whole or not at all: icp waits for the file. */
function tellStatus(folder: string, running: { url: string; rootKey: string }): void {
  const status = {
    v: '1',
    gateway_port: Number(new URL(running.url).port),
    root_key: running.rootKey,
    default_effective_canister_id: principalOf(canisterId(0x0100_0000n)).toText(),
    supported_features: [],
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'status.json.new'), `${JSON.stringify(status)}\n`);
  renameSync(join(folder, 'status.json.new'), join(folder, 'status.json'));
}

main().catch((failure: unknown) => {
  process.stderr.write(`${failure instanceof IcError ? failure.message : String((failure as Error).stack)}\n`);
  process.exit(1);
});
