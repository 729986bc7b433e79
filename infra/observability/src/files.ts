import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';

export const folder = fileURLToPath(new URL('../', import.meta.url));

export interface Alert {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}

export const alerts = (): Alert[] =>
  (
    load(readFileSync(join(folder, 'prometheus', 'alerts.yml'), 'utf8')) as { groups: { rules: Alert[] }[] }
  ).groups.flatMap(({ rules }) => rules);

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string }[];
}
export interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
}

export const dashboards = (): Dashboard[] => readdirSync(join(folder, 'grafana')).map(dashboard);

const dashboard = (name: string): Dashboard =>
  JSON.parse(readFileSync(join(folder, 'grafana', name), 'utf8')) as Dashboard;

/** Every expression of the dashboards, with Grafana's own interval filled in. */
export function panelExpressions(): string[] {
  const panels = dashboards().flatMap((one) => one.panels);
  const targets = panels.flatMap((panel) => panel.targets ?? []);
  return targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m'));
}

/** The metrics that expressions name. */
export const metricsIn = (expressions: string[]): string[] =>
  [...new Set(expressions.flatMap((expr) => expr.match(/\b(?:livepod|temporal)_[a-z_]+/g) ?? []))].sort();
