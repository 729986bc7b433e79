import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@livepod/activities/testing';
import { folder } from '../src/files.js';
import type { Target } from '../src/targets.js';

interface Rule {
  name: string;
  health: string;
  lastError?: string;
  state: string;
}

/** A Prometheus of the test's own on our configuration and rules; only its clock is faster. */
export class Prometheus {
  private constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
  ) {}

  static async open(state: string, targets: Target[]): Promise<Prometheus> {
    writeFileSync(join(state, 'targets.json'), JSON.stringify(targets));
    copyFileSync(join(folder, 'prometheus', 'alerts.yml'), join(state, 'alerts.yml'));
    writeFileSync(
      join(state, 'prometheus.yml'),
      readFileSync(join(folder, 'prometheus', 'prometheus.yml'), 'utf8').replaceAll('_interval: 15s', '_interval: 1s'),
    );
    const port = await freePort();
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(state, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(state, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    return new Prometheus(child, `http://127.0.0.1:${port}`);
  }

  private async ask<T>(path: string, query: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(query).toString()}`);
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(`${query['query'] ?? path}: ${error}`);
    return data;
  }

  /** Whether every target was scraped well, by role. */
  async targets(): Promise<Record<string, string>> {
    const { activeTargets } = await this.ask<{ activeTargets: { labels: { role: string }; health: string }[] }>(
      'targets',
    );
    return Object.fromEntries(activeTargets.map(({ labels, health }) => [labels.role, health]));
  }

  names(): Promise<string[]> {
    return this.ask('label/__name__/values');
  }

  async rules(): Promise<Rule[]> {
    return (await this.ask<{ groups: { rules: Rule[] }[] }>('rules')).groups.flatMap(({ rules }) => rules);
  }

  /** @returns how many series the expression gives; @throws Error when it is none */
  async count(expr: string): Promise<number> {
    return (await this.ask<{ result: unknown[] }>('query', { query: expr })).result.length;
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await gone;
  }
}
