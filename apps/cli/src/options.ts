import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { CliError } from './errors.js';

export const networkOption = (): Option =>
  new Option('--network <file>', 'network.json').env('LIVEPOD_NETWORK').makeOptionMandatory();
export const operatorOption = (): Option =>
  new Option('--identity <file>', 'the operator’s identity file; default: the one beside network.json').env(
    'LIVEPOD_OPERATOR',
  );

/** One JSON object, or a file that holds it. @throws CliError `badArguments` */
export async function jsonOf(text: string): Promise<Record<string, unknown>> {
  const source = text.trimStart().startsWith('{') ? text : await readFile(text, 'utf8');
  try {
    return JSON.parse(source) as Record<string, unknown>;
  } catch (cause) {
    throw new CliError(
      'badArguments',
      {},
      `The input is not JSON (${(cause as Error).message}); give one object, such as {"round": "round-1", …}.`,
      { cause },
    );
  }
}
