import { parseArgs } from 'node:util';
import { PodError, codeOf } from '../errors.js';

interface Option {
  /** What stands for its value in the help; a switch has none. */
  value?: string;
  help: string;
  default?: string;
}

export interface Command {
  name: string;
  does: string;
  example: string;
  options: Readonly<Record<string, Option>>;
}

const FOLDER: Option = {
  value: 'DIR',
  help: 'what `init` made: the defaults of --network, --identity, --root, --state',
};
const JSON_OUT: Option = { help: 'print JSON' };
const HELP: Option = { help: 'print this' };
const FILES = {
  folder: FOLDER,
  network: { value: 'FILE', help: 'addresses, canister ids and the IC root key (network.json)' },
  identity: { value: 'FILE', help: "this pod's key" },
  root: { value: 'FILE', help: 'the TUF root.json that it trusts at first' },
  state: { value: 'DIR', help: 'where it keeps everything; one pod at a time' },
  recordings: { value: 'DIR', help: 'the motion to watch: a folder per person' },
  person: { value: 'NAME', help: 'whose' },
  channel: { value: 'NAME', help: 'which releases it follows', default: 'stable' },
  mirror: { value: 'URL', help: 'take metadata and chunks from here instead of the models canister' },
  port: { value: 'N', help: 'of the local API; 0 is any', default: '0' },
} satisfies Record<string, Option>;

/** Every command: what it takes, and an example. */
export const COMMANDS = {
  init: {
    name: 'init',
    does: 'makes the files that a pod wants, and keeps those that are there',
    example: 'livepod-pod init --folder my-pod --network https://operator.example/network.json',
    options: {
      folder: { ...FOLDER, help: 'where to make them', default: 'my-pod' },
      network: { value: 'FILE|URL', help: "the operator's network.json, or the address that it is at" },
      root: { value: 'FILE|URL', help: 'the TUF root.json to trust; else the models canister is asked, and verified' },
      'root-sha256': { value: 'HEX', help: 'what the SHA-256 of root.json must be' },
      json: JSON_OUT,
      help: HELP,
    },
  },
  doctor: {
    name: 'doctor',
    does: 'checks everything that a pod needs, and says what to do about what is wrong',
    example: 'livepod-pod doctor --folder my-pod --recordings recordings --person s15',
    options: { ...FILES, json: JSON_OUT, help: HELP },
  },
  run: {
    name: 'run',
    does: 'follows a channel, verifies and runs its model in private; the default',
    example: 'livepod-pod run --folder my-pod --recordings recordings --person s15',
    options: {
      ...FILES,
      name: { value: 'NAME', help: 'in the fleet', default: 'pod' },
      voucher: {
        value: 'FILE',
        help: "the operator's or manufacturer's, for the first time; else voucher.txt of --folder or beside --network",
      },
      speed: { value: 'N', help: 'times real motion', default: '1' },
      poll: { value: 'SECONDS', help: 'between looks at the channel', default: '60' },
      json: { help: 'print errors as JSON, too' },
      help: HELP,
    },
  },
  status: {
    name: 'status',
    does: 'prints what the pod that runs in a folder says of itself, as JSON',
    example: 'livepod-pod status --folder my-pod',
    options: { folder: FOLDER, state: FILES.state, json: JSON_OUT, help: HELP },
  },
} as const satisfies Record<string, Command>;
export type CommandName = keyof typeof COMMANDS;

/** What was asked for on a command line. */
export interface Asked {
  command: CommandName;
  values: Partial<Record<string, string>>;
  json: boolean;
  /** the text to print instead, for --help */
  help?: string;
}

/**
 * Reads a command line. Without a command it is `run`, as it always was.
 *
 * @throws PodError `invalidArguments`: one sentence that says what may stand there
 */
export function asked(argv: readonly string[]): Asked {
  const [first] = argv;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help')
    return { command: 'run', values: {}, json: false, help: overview() };
  const named = !first.startsWith('-');
  if (named && !Object.hasOwn(COMMANDS, first))
    throw invalid(`livepod-pod has no command ${first}; it has ${Object.keys(COMMANDS).join(', ')}.`);
  const command = named ? (first as CommandName) : 'run';
  const values = valuesOf(COMMANDS[command], named ? argv.slice(1) : argv);
  return {
    command,
    values: values as Asked['values'],
    json: values['json'] === true,
    ...(values['help'] === true ? { help: helpOf(COMMANDS[command]) } : {}),
  };
}

function valuesOf(command: Command, args: readonly string[]): Record<string, string | boolean | undefined> {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, option]) => [
      name,
      option.value === undefined
        ? { type: 'boolean' as const }
        : { type: 'string' as const, ...(option.default === undefined ? {} : { default: option.default }) },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const { message } = error as Error;
    const more = `livepod-pod ${command.name} --help lists what it takes.`;
    switch (codeOf(error)) {
      case 'ERR_PARSE_ARGS_UNKNOWN_OPTION':
        return unknown(command, /'(--?[^']*)'/.exec(message)?.[1] ?? '', more);
      case 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL':
        throw invalid(`${/'([^']*)'/.exec(message)?.[1] ?? 'A word'} stands there without an option; ${more}`);
      case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE':
        throw invalid(`${message.split('\n')[0]!.replace(/\.$/, '')}; ${more}`);
      default:
        throw error;
    }
  }
}

function unknown(command: Command, option: string, more: string): never {
  const name = option.replace(/^-+/, '');
  const near = Object.keys(command.options).find((known) => distance(known, name) <= 2);
  throw invalid(`${command.name} has no option ${option}${near ? `; did you mean --${near}?` : ';'} ${more}`);
}

const invalid = (message: string): PodError => new PodError('invalidArguments', {}, message);

/** Levenshtein's: how many letters differ. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries())
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + Number(letter !== other)));
    row = next;
  }
  return row[b.length]!;
}

function overview(): string {
  const commands: Command[] = Object.values(COMMANDS);
  return [
    'livepod-pod: the device. Its model answers in private, and only when everything about it can be verified.',
    '',
    ...commands.map(({ name, does, example }) => `  ${name.padEnd(8)}${does}\n          ${example}`),
    '',
    'livepod-pod COMMAND --help says what a command takes. Without a command it runs:',
    '',
    helpOf(COMMANDS.run),
  ].join('\n');
}

function helpOf({ name, does, example, options }: Command): string {
  const lines = Object.entries(options as Command['options']).map(([option, { value, help, default: standard }]) => {
    const left = `  --${option}${value ? ` ${value}` : ''}`;
    return `${left.padEnd(24)}${help}${standard === undefined ? '' : `; default: ${standard}`}`;
  });
  return `livepod-pod ${name}: ${does}.\n\n${lines.join('\n')}\n\nExample:\n  ${example}\n`;
}
