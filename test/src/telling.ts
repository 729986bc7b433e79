import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '@livepod/story';

const START = fileURLToPath(new URL('../../infra/stack/start.mjs', import.meta.url));

/** A story told from empty state in a folder of its own, as a user's `npm start -- --once --fresh` tells it. */
export class Telling {
  readonly folder = mkdtempSync(join(tmpdir(), 'livepod-story-'));
  readonly state = join(this.folder, 'state');
  private output = '';
  private child: ChildProcess | undefined;

  /** Starts it; resolves with its status and report when it has ended. */
  async tell(...more: string[]): Promise<{ status: number | null; report: Report; output: string }> {
    const reportFile = join(this.folder, 'report.json');
    const child = spawn(process.execPath, [START, '--once', '--state', this.state, '--report', reportFile, ...more], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CI: 'true' },
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (bytes: Buffer) => void (this.output += bytes.toString()));
    const status = await new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    const report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
    return { status, report, output: this.output };
  }

  /** The summary that was printed last, its addresses left out: ports may be others at another start. */
  summary(): string {
    const printed = this.output.match(/The story came out right[^]*?for anybody to check:/g)?.at(-1);
    if (!printed) throw new Error(`no summary was printed:\n${this.output.slice(-2000)}`);
    return printed.replaceAll(/https?:\/\/[\w.-]+:\d+/g, 'ADDRESS');
  }

  /** What it has printed so far. */
  said(): string {
    return this.output;
  }

  /** The process of this name, as its supervisor noted it. */
  pidOf(name: string): number {
    return (JSON.parse(readFileSync(join(this.state, 'run', `${name}.json`), 'utf8')) as { pid: number }).pid;
  }

  remove(): void {
    if (this.child?.exitCode === null) this.child.kill('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What must be true of every story that came out right, on either data set. */
export function expectRightStory(report: Report): void {
  expect(report).toMatchObject({ outcome: 'ok' });
  const decided = (decision: string) => report.datasets.filter((dataset) => dataset.decision === decision);
  expect(decided('accepted')).toHaveLength(8 + 6 + 1);
  expect(decided('refused')).toHaveLength(1);
  expect(decided('rejected')).toHaveLength(1);
  expect(decided('accepted').filter((dataset) => dataset.store === 's3')).toHaveLength(3);

  expect(report.models.map(({ version, decision }) => ({ version, decision }))).toEqual(
    [1, 2, 3].map((version) => ({ version, decision: 'adopted' })),
  );
  const [first, second, third] = report.models;
  expect(second!.parent).toBe(first!.checkpoint);
  expect(third!.parent).toBe(second!.checkpoint);
  expect(second!.holdout!['accuracy']).toBeGreaterThan(first!.holdout!['accuracy']!);
  expect(third!.holdout!['accuracy']).toBeLessThan(0.6);

  expect(report.releases.map(({ version, exposedPods, outcome }) => ({ version, exposedPods, outcome }))).toEqual([
    { version: 1, exposedPods: 6, outcome: 'completed' },
    { version: 2, exposedPods: 6, outcome: 'completed' },
    { version: 3, exposedPods: 1, outcome: 'stopped' },
  ]);
  expect(report.pods).toHaveLength(6);
  const histories = report.pods.map((pod) => pod.history.map((entry) => entry.version).join(' '));
  expect([...histories].sort()).toEqual([...Array<string>(5).fill('1 2 1 2'), '1 2 3 2 1 2'].sort());
  for (const stage of report.stages) expect(stage).toMatchObject({ events: expect.any(Number), outcome: 'completed' });
  for (const stage of report.stages) expect(stage.events).toBeLessThan(300);

  const { before, after } = report.ledger;
  const gained = (role: string) => BigInt(after[role]!) - BigInt(before[role]!);
  const contributors = Object.keys(before).filter((role) => /^contributor-s\d+$/.test(role));
  // its bond, and what its licence earned
  for (const role of contributors) expect(gained(role)).toBeGreaterThan(-21n * 100_000_000n);
  expect(gained('orchestrator')).toBeLessThan(0n);
  // fees are burnt, nothing is minted
  expect(BigInt(after['totalSupply']!)).toBeLessThanOrEqual(BigInt(before['totalSupply']!));
}
