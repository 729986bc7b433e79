import { CodedError, forTerminal, innermost, oneLine, originOf, type Origin } from '@livepod/protocol';

/** Writes a result. What strangers wrote in it moves no cursor; JSON stays the same JSON. */
export const out = (text: string): void => void process.stdout.write(forTerminal(ended(text)));

/** Tells the person how it goes, and what went wrong, beside the result. */
export const say = (text: string): void => void process.stderr.write(forTerminal(ended(text)));

/** Writes over the last line, where somebody looks on: a program's own words, which are no line yet. */
export function progress(words: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${oneLine(words)}`);
}

const ended = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

/** What a command found: one JSON object for programs, words for people. */
export function print(json: boolean | undefined, value: unknown, words: () => string): void {
  const text = json
    ? JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))
    : words();
  out(text);
}

/** Lines of somebody else's, set off, so that none passes for one of the command's own. */
export const quoted = (text: string): string => text.replace(/^/gm, '  ');

/** Columns of text, each as wide as its widest cell; a cell is one line, whatever a stranger wrote in it. */
export function table(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(oneLine));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What is said of an error: the innermost cause that says what to do, never a stack. */
export interface Told {
  code: string;
  origin: Origin;
  message: string;
}

/** What Node.js says of the system, in a sentence with a remedy. */
const SYSTEM: Record<string, string> = {
  ENOENT: 'there is no such file or folder; check the path',
  EACCES: 'you may not read or write it; change its permissions, or run this as its owner',
  EPERM: 'you may not do this; change its permissions, or run this as its owner',
  EISDIR: 'it is a folder, and a file is needed',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is there already; choose another name, or remove it',
  ENOSPC: 'the disk is full; make room, then repeat',
  EROFS: 'the disk cannot be written; choose another folder',
  ECONNREFUSED: 'nothing answers there; see that the stack runs (npm start), and that the address is right',
  ENOTFOUND: 'no host of that name is known; check the address',
  ETIMEDOUT: 'no answer came; see that the network is there, then repeat',
};

export function told(error: unknown): Told {
  const coded = codedIn(error);
  if (coded) return { code: coded.code, origin: coded.origin, message: coded.message };
  const cause = innermost(error) as { code?: unknown; type?: unknown; message?: unknown } | null;
  const code =
    typeof cause?.code === 'string' ? cause.code : typeof cause?.type === 'string' ? cause.type : 'unexpected';
  const message = typeof cause?.message === 'string' ? cause.message : String(cause);
  const remedy = Object.hasOwn(SYSTEM, code) ? SYSTEM[code] : undefined;
  return { code, origin: originOf(error), message: remedy ? `${message}: ${remedy}.` : message };
}

/** The innermost error that has a code of ours: what lies around it says only where it happened. */
function codedIn(error: unknown): CodedError | undefined {
  let found: CodedError | undefined;
  let at = error;
  for (let depth = 0; depth < 20 && at !== null && at !== undefined; depth++) {
    if (at instanceof CodedError) found = at;
    at = (at as { cause?: unknown }).cause;
  }
  return found;
}
