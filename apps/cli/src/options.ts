import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import type { Ed25519KeyIdentity } from '@dfinity/identity';
import { connect, type Clients, type Network } from '@livepod/client';
import { loadIdentity, readNetwork } from '@livepod/client/node';
import { CliError } from './errors.js';

/** Where `npm start` writes the addresses of the stack on this machine. */
const LOCAL_NETWORK = '.state/network.json';

/** network.json where a command can do without. */
export const optionalNetwork = (says: string): Option => new Option('--network <file>', says);
export const networkOption = (): Option => {
  const option = optionalNetwork('network.json, which says where everything is').env('LIVEPOD_NETWORK');
  return existsSync(LOCAL_NETWORK) ? option.default(LOCAL_NETWORK) : option.makeOptionMandatory();
};
export const operatorOption = (): Option =>
  new Option('--identity <file>', 'the operator’s identity file; default: the one beside network.json').env(
    'LIVEPOD_OPERATOR',
  );
export const identityOption = (): Option =>
  new Option('--identity <file>', 'your identity file (livepod identity new)').env('LIVEPOD_IDENTITY');
export const jsonOption = (says = 'one JSON object, for programs'): Option => new Option('--json', says);

/** What commands that talk to canisters take. */
export interface Reach {
  network: string;
  identity?: string;
  json?: boolean;
}

/** Connected as the person, or as nobody for what anybody may read. */
export async function connected({ network, identity }: Reach): Promise<Clients> {
  return connect(readNetwork(network), identity === undefined ? undefined : loadIdentity(identity));
}

/** Connected as the person. @throws CliError `badArguments` without an identity */
export async function connectedAs(
  reach: Reach,
): Promise<{ clients: Clients; identity: Ed25519KeyIdentity; network: Network }> {
  if (reach.identity === undefined)
    throw new CliError(
      'badArguments',
      {},
      'This is done in your name: give --identity FILE, or set LIVEPOD_IDENTITY (livepod identity new FILE makes one).',
    );
  const network = readNetwork(reach.network);
  const identity = loadIdentity(reach.identity);
  return { clients: await connect(network, identity), identity, network };
}

/** One JSON object, or a file that holds it. @throws CliError `badArguments` */
export async function jsonOf(text: string): Promise<Record<string, unknown>> {
  const inline = text.trimStart().startsWith('{');
  return readJson(inline ? text : await readFile(text, 'utf8'), inline ? 'The input' : text);
}

/** A file with one JSON object. @throws CliError `badArguments` with line and column */
export function jsonFile(path: string): Record<string, unknown> {
  return readJson(readFileSync(path, 'utf8'), path);
}

function readJson(text: string, name: string): Record<string, unknown> {
  const source = text.replace(/^\uFEFF/, '');
  const errors: ParseError[] = [];
  const value: unknown = parse(source, errors, { disallowComments: true });
  if (errors[0]) {
    const before = source.slice(0, errors[0].offset).split('\n');
    const line = before.length;
    const column = before.at(-1)!.length + 1;
    throw new CliError(
      'badArguments',
      { file: name, line, column },
      `${name} is not JSON: line ${line}, column ${column}: ${printParseErrorCode(errors[0].error)}. Correct it there.`,
    );
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new CliError(
    'badArguments',
    { file: name },
    `${name} has to be one JSON object, such as {"round": "round-1"}.`,
  );
}
