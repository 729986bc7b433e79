/**
 * Where something is wrong in a JSON text: the path of the value, such as `proposals[3].votes[1]`, and how many
 * characters come before.
 */
export interface Place {
  path: string;
  offset: number;
}

/**
 * The first place where a text is no JSON (RFC 8259), or the value that holds the character at `offset`, whichever
 * comes first.
 */
export function placeIn(text: string, offset = Infinity): Place {
  try {
    const scanner = new Scanner(text, offset);
    scanner.value('');
    return { path: '$', offset: Math.min(scanner.at, offset, text.length) };
  } catch (found) {
    if (found instanceof Found) return found;
    throw found;
  }
}

class Found extends Error implements Place {
  constructor(
    readonly path: string,
    readonly offset: number,
  ) {
    super(path);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const WORD = /true|false|null/y;

class Scanner {
  at = 0;

  constructor(
    private readonly text: string,
    private readonly offset: number,
  ) {}

  value(path: string): void {
    switch (this.text[this.at]) {
      case '{':
        return this.members('}', path, () => {
          const key = this.token(STRING, path);
          const inner = `${path}${path ? '.' : ''}${key.slice(1, -1)}`;
          this.mark(':', inner);
          this.value(inner);
        });
      case '[': {
        let index = 0;
        return this.members(']', path, () => this.value(`${path}[${index++}]`));
      }
      case '"':
        return void this.token(STRING, path);
      case 't':
      case 'f':
      case 'n':
        return void this.token(WORD, path);
      default:
        return void this.token(NUMBER, path);
    }
  }

  private members(end: string, path: string, member: () => void): void {
    this.step(path, 1);
    if (this.text[this.at] === end) return this.step(path, 1);
    for (;;) {
      member();
      if (this.text[this.at] === end) return this.step(path, 1);
      this.mark(',', path);
    }
  }

  private token(pattern: RegExp, path: string): string {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? [];
    if (found === undefined) throw new Found(path || '$', this.at);
    this.step(path, found.length);
    return found;
  }

  private mark(character: string, path: string): void {
    if (this.text[this.at] !== character) throw new Found(path || '$', this.at);
    this.step(path, 1);
  }

  private step(path: string, length: number): void {
    if (this.offset < this.at + length) throw new Found(path || '$', this.offset);
    this.at += length;
  }
}
