import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The commands of a page in docs/, in order: each block that a shell is to be given. */
export function blocksOf(page: string): string[] {
  const text = readFileSync(join(root, 'docs', `${page}.md`), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
}

/** Somebody with an empty folder and a page, who types what stands there and nothing else. */
export class Person {
  readonly folder = mkdtempSync(join(tmpdir(), 'livepod-person-'));
  readonly home = join(this.folder, 'home');
  private readonly memory = join(this.folder, 'exported');
  private readonly left: ChildProcess[] = [];

  /** @param environment  what the person was told by others, such as where the network is */
  constructor(private readonly environment: Record<string, string> = {}) {
    mkdirSync(this.home);
  }

  /**
   * Types a block into a shell that remembers what was exported before.
   * @returns what it printed
   */
  async types(block: string, more: Record<string, string> = {}): Promise<string> {
    const { child, output } = this.shell(`${block}\nexport -p > ${this.memory}`, more);
    const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    if (status !== 0) throw new Error(`Status ${status} of:\n${block}\n${output.text}`);
    if (/^ {4}at .*:\d+:\d+/m.test(output.text)) throw new Error(`A stack trace in:\n${block}\n${output.text}`);
    return output.text;
  }

  /** Types what ends with a status, and no stack trace. @returns what it printed */
  async fails(block: string): Promise<string> {
    const { child, output } = this.shell(block, {});
    const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    if (status !== 1) throw new Error(`Status ${status} of:\n${block}\n${output.text}`);
    if (/^ {4}at .*:\d+:\d+/m.test(output.text)) throw new Error(`A stack trace in:\n${block}\n${output.text}`);
    return output.text;
  }

  /** Types a block that stays; resolves once it prints a line that matches. It ends with the person. */
  async keeps(block: string, until: RegExp, seconds: number): Promise<string> {
    const { child, output } = this.shell(`exec ${block.trim()}`, {});
    this.left.push(child);
    const end = Date.now() + seconds * 1000;
    while (!until.test(output.text)) {
      if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}:\n${block}\n${output.text}`);
      if (Date.now() > end) throw new Error(`Nothing like ${until} within ${seconds} s:\n${block}\n${output.text}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return output.text;
  }

  private shell(script: string, more: Record<string, string>): { child: ChildProcess; output: { text: string } } {
    const remembered = `if [ -f ${this.memory} ]; then . ${this.memory}; fi`;
    const child = spawn('bash', ['-euo', 'pipefail', '-c', `${remembered}\n${script}`], {
      cwd: this.home,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        HOME: this.home,
        PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
        ...this.environment,
        ...more,
      },
    });
    const output = { text: '' };
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => void (output.text += bytes.toString()));
    return { child, output };
  }

  async leave(): Promise<void> {
    for (const child of this.left) {
      if (child.exitCode !== null) continue;
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
