import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alerts, dashboards, folder, panelExpressions } from './files.js';
import { targetsOf } from './targets.js';

const root = join(folder, '..', '..');
const promtool = (...args: string[]): { status: number | null; text: string } => {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: join(folder, 'prometheus'), encoding: 'utf8' });
  return { status, text: `${stdout}${stderr}` };
};

describe('the alert rules', () => {
  it('are rules that Prometheus takes, and fire when they should, by its own unit tests', () => {
    expect(promtool('check', 'rules', 'alerts.yml')).toMatchObject({ status: 0 });
    const { status, text } = promtool('test', 'rules', 'alerts.test.yml');
    expect({ status, text: status === 0 ? '' : text }).toEqual({ status: 0, text: '' });
  });

  it('are each tested, both ways', () => {
    const tests = readFileSync(join(folder, 'prometheus', 'alerts.test.yml'), 'utf8');
    for (const { alert } of alerts()) {
      expect(tests).toContain(`{ eval_time: 55m, alertname: ${alert} }`);
      expect(
        tests.includes(`{alertname="${alert}"}`) || tests.includes(`alertname: ${alert}\n        exp_alerts`),
      ).toBe(true);
    }
  });

  it('have each a runbook that says what it means, where to look and what to do; and each runbook an alert', () => {
    const names = alerts().map(({ alert }) => alert);
    for (const { alert, annotations, labels } of alerts()) {
      expect(annotations.runbook_url).toBe(`docs/runbooks/${alert}.md`);
      expect(['page', 'ticket', 'note']).toContain(labels.severity);
      const book = readFileSync(join(root, annotations.runbook_url), 'utf8');
      for (const part of [`# ${alert}\n`, '**Means.**', '**Look**', '**Do**']) expect(book).toContain(part);
    }
    const books = readdirSync(join(root, 'docs', 'runbooks'))
      .filter((name) => name !== 'README.md')
      .map((name) => name.replace('.md', ''));
    expect(books.sort()).toEqual([...names].sort());
    const list = readFileSync(join(root, 'docs', 'runbooks', 'README.md'), 'utf8');
    for (const name of names) expect(list).toContain(`(${name}.md)`);
  });

  it("name only runbooks' files and folders that exist", () => {
    for (const name of readdirSync(join(root, 'docs', 'runbooks'))) {
      for (const [, path] of readFileSync(join(root, 'docs', 'runbooks', name), 'utf8').matchAll(
        /`?\b((?:docs|infra|activities|workers)\/[\w./-]+\w)/g,
      )) {
        expect({ name, path, there: existsSync(join(root, path!)) }).toEqual({ name, path, there: true });
      }
    }
  });
});

describe('the dashboards', () => {
  it('have ids, titles, panels that do not lie on each other, and expressions that parse', () => {
    expect(
      dashboards()
        .map(({ uid }) => uid)
        .sort(),
    ).toEqual(['livepod-releases', 'livepod-rounds', 'livepod-workers']);
    for (const { title, panels } of dashboards()) {
      expect(title).toMatch(/^Live Pod: /);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, n) => `${x + (n % w)}/${y + Math.floor(n / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      for (const { type, title, targets } of panels)
        if (type !== 'row') expect({ title, targets: targets!.length > 0 }).toEqual({ title, targets: true });
    }
    expect(panelExpressions().length).toBeGreaterThan(25);
  });
});

it("targets are what a stack's network.json says, by role", () => {
  expect(
    targetsOf({ metrics: { orchestrator: 'http://127.0.0.1:9464/metrics', codec: 'http://127.0.0.1:8081/metrics' } }),
  ).toEqual([
    { targets: ['127.0.0.1:9464'], labels: { role: 'orchestrator' } },
    { targets: ['127.0.0.1:8081'], labels: { role: 'codec' } },
  ]);
});
