import type { Network } from '@livepod/client';

/** One entry of Prometheus' file_sd_configs. */
export interface Target {
  targets: string[];
  labels: { role: string };
}

/** The processes of a stack as Prometheus' targets: what network.json says of their metrics. */
export function targetsOf(network: Pick<Network, 'metrics'>): Target[] {
  return Object.entries(network.metrics ?? {}).map(([role, url]) => ({
    targets: [new URL(url).host],
    labels: { role },
  }));
}
