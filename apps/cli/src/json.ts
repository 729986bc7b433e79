import { CliError } from './errors.js';

/** Reads JSON that a person wrote. @throws CliError `badArguments` naming line, column, what stands there and a remedy */
export function parseJson(source: string, name = 'The input'): unknown {
  const problem = new Scanner(source).problem();
  if (problem === undefined) return JSON.parse(source) as unknown;
  const before = source.slice(0, problem.at).split('\n');
  const [line, column] = [before.length, before.at(-1)!.length + 1];
  const stands = problem.at < source.length ? `stands ${JSON.stringify(source[problem.at])}` : 'it ends';
  throw new CliError(
    'badArguments',
    { line, column },
    `${name} is not JSON: in line ${line}, column ${column} ${stands}, and expected is ${problem.expected}.`,
  );
}

interface Problem {
  at: number;
  expected: string;
}

/** Looks for the first place at which a text is no JSON: what JSON.parse of Node.js 20 says without a place. */
class Scanner {
  private at = 0;

  constructor(private readonly text: string) {}

  problem(): Problem | undefined {
    try {
      JSON.parse(this.text);
      return undefined;
    } catch {
      return this.value() ?? this.end();
    }
  }

  private end(): Problem {
    this.blank();
    return { at: this.at, expected: this.at < this.text.length ? 'the end of the input' : 'more' };
  }

  private blank(): void {
    while (/[ \t\r\n]/.test(this.text[this.at] ?? '')) this.at++;
  }

  private value(): Problem | undefined {
    this.blank();
    const first = this.text[this.at];
    if (first === '{') return this.entries('}', () => this.member());
    if (first === '[') return this.entries(']', () => this.value());
    return this.token(
      /(?:"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)/y,
      'a value: an object, a list, a text in double quotes, a number, true, false or null',
    );
  }

  private member(): Problem | undefined {
    this.blank();
    const name = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    return this.token(name, 'a name in double quotes') ?? this.token(/\s*:/y, 'a colon') ?? this.value();
  }

  private entries(close: string, entry: () => Problem | undefined): Problem | undefined {
    this.at++;
    this.blank();
    if (this.text[this.at] === close) return void this.at++;
    for (;;) {
      const problem = entry();
      if (problem) return problem;
      this.blank();
      const next = this.text[this.at];
      if (next === close) return void this.at++;
      if (next !== ',') return { at: this.at, expected: `a comma or ${close}` };
      this.at++;
    }
  }

  private token(pattern: RegExp, expected: string): Problem | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) {
      this.blank();
      return { at: this.at, expected };
    }
    this.at += found[0].length;
    return undefined;
  }
}
