import { readFile } from 'node:fs/promises';
import { connect } from '@livepod/client';
import { readNetwork, writeWhole } from '@livepod/client/node';
import {
  EvidenceError,
  exportEvidence,
  IC_ROOT_KEY,
  readBasis,
  verifySegments,
  type Basis,
  type Verification,
} from '@livepod/evidence';
import { hex, oneLine, parseCanonical } from '@livepod/protocol';
import type { Command } from 'commander';
import { CliError } from './errors.js';
import { jsonOption, networkOption, optionalNetwork } from './options.js';
import { out as write, progress } from './output.js';

interface ExportOptions {
  network: string;
  out?: string;
  since?: string;
  json?: boolean;
}
interface VerifyOptions {
  rootKey?: string;
  network?: string;
  json?: boolean;
  quiet?: boolean;
}

export function addEvidence(program: Command): void {
  const evidence = program
    .command('evidence')
    .description('one file that proves what happened in a round, and its verification')
    .addHelpText('after', '\nExample: livepod evidence export lifecycle-round-2');
  evidence
    .command('export')
    .description(
      'gather proposals, votes, certificates, key releases, signatures, payments and audit logs of a round, ' +
        'and verify them',
    )
    .argument('<lifecycle>', 'lifecycle-round-2, or the round alone: round-2')
    .option('--out <file>', 'where to write it; default: evidence-<round>.json')
    .option('--since <file>', 'an earlier file of the same canisters: logs begin where its logs end')
    .addOption(networkOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample: livepod evidence export lifecycle-round-2\n' +
        'Anybody may export: everything is read by public queries. Verify the file with: livepod evidence verify FILE',
    )
    .action((lifecycle: string, options: ExportOptions) =>
      reporting(options.json, () => exportRound(lifecycle, options)),
    );
  evidence
    .command('verify')
    .description('check a file offline, trusting a root key alone')
    .argument('<files...>', 'one, or several of one installation in the order of time: they have to join')
    .option(
      '--root-key <hex or file>',
      'root key of the network that made it: hex of the DER, or a file with that, or a network.json; default: ' +
        "the real Internet Computer's",
    )
    .addOption(
      optionalNetwork('network.json whose canisters the file must be of; its root key is not trusted for that'),
    )
    .option('--quiet', 'the last line alone')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample: livepod evidence verify evidence-round-2.json --root-key network.json\n' +
        'Status 0: everything in the file holds. Status 1: the first place that does not is named.',
    )
    .action((files: string[], options: VerifyOptions) => reporting(options.json, () => verifyFiles(files, options)));
}

async function exportRound(lifecycle: string, options: ExportOptions): Promise<void> {
  const round = lifecycle.replace(/^lifecycle-/, '');
  const out = options.out ?? `evidence-${round}.json`;
  const since = options.since === undefined ? undefined : await basisOf(options.since);
  const began = performance.now();
  const clients = await connect(readNetwork(options.network));
  const { file, verification } = await exportEvidence({ clients, round, since, tell: progress });
  writeWhole(out, file, 0o644);
  const seconds = (performance.now() - began) / 1000;
  if (options.json)
    return print({
      ok: true,
      file: out,
      bytes: file.length,
      seconds: Number(seconds.toFixed(3)),
      ...verdict(verification),
    });
  write(
    `${verification.round}: ${verification.outcome}. ${out}, ${kilobytes(file.length)}, in ` +
      `${seconds.toFixed(1)} s, verified.`,
  );
  const own = clients.network.rootKey === IC_ROOT_KEY ? '' : ` --root-key ${options.network}`;
  write(`Verify it anywhere: livepod evidence verify ${out}${own}`);
}

async function verifyFiles(paths: string[], options: VerifyOptions): Promise<void> {
  const files = await Promise.all(paths.map((path) => readFile(path)));
  const canisters = options.network === undefined ? undefined : readNetwork(options.network).canisters;
  const rootKey = options.rootKey === undefined ? undefined : await rootKeyOf(options.rootKey);
  const began = performance.now();
  const verified = await verifySegments(files, {
    rootKey,
    canisters,
    tell: options.json || options.quiet ? undefined : progress,
  });
  const seconds = (performance.now() - began) / 1000;
  for (const [number, verification] of verified.entries()) {
    const [path, bytes] = [paths[number]!, files[number]!.length];
    if (options.json) {
      const took = { file: path, bytes, seconds: Number(seconds.toFixed(3)) };
      print({ ok: true, ...took, ...verdict(verification), claims: verification.claims });
      continue;
    }
    if (!options.quiet) for (const claim of verification.claims) write(`✔ ${oneLine(claim)}`);
    write(
      `${path} holds: ${verification.claims.length} claims, ${kilobytes(bytes)}, verified in ` +
        `${seconds.toFixed(2)} s under ` +
        `${rootKey === undefined ? "the Internet Computer's root key" : 'the root key you named'}.`,
    );
  }
  if (paths.length > 1 && !options.json) write('They join: nothing is left out between them.');
}

/** The root key as hex: given so, in a file (hex, DER or network.json). */
async function rootKeyOf(text: string): Promise<string> {
  const isKey = (key: string): boolean => /^[0-9a-f]{266}$/.test(key);
  if (isKey(text.toLowerCase())) return text.toLowerCase();
  const bytes = await readFile(text).catch(() => undefined);
  const content = bytes?.toString('utf8').trim() ?? '';
  const named = /"rootKey"\s*:\s*"([0-9a-f]{266})"/.exec(content)?.[1];
  const key = [content.toLowerCase(), named ?? '', bytes ? hex(bytes) : ''].find(isKey);
  if (!key)
    throw new CliError(
      'badArguments',
      { rootKey: text.slice(0, 80) },
      `${text.slice(0, 80)} is neither a root key (266 hexadecimal digits) nor a file that holds one; give it ` +
        'as network.json has it.',
    );
  return key;
}

async function basisOf(path: string): Promise<Basis> {
  return readBasis(parseCanonical(await readFile(path)));
}

function verdict({ round, outcome, canisters, certifiedAt }: Verification): object {
  return { round, outcome, canisters, certifiedAt };
}

/** Failures name the place in the file. */
async function reporting(json: boolean | undefined, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!json || !(error instanceof EvidenceError)) throw error;
    print({ ok: false, code: error.code, path: error.path, message: error.message });
    process.exitCode = 1;
  } finally {
    progress('');
  }
}

const print = (value: object): void => write(JSON.stringify(value));
const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000)} kB`;
