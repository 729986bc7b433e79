import { which, versionOf } from '../run.js';
import type { Step } from '../step.js';
import { buildGoTool, fetchGoTool } from './go.js';

const NEEDED = [1, 4, 1] as const;
const CLI = {
  name: 'temporal',
  module: 'infra/temporal',
  package: 'github.com/temporalio/cli/cmd/temporal',
  ldflags: '-X github.com/temporalio/cli/temporalcli.Version=1.5.1',
  /** Google Cloud Storage over gRPC, with Envoy's control plane below it: 124 of 1298 packages, for an archive. */
  tags: 'disable_grpc_modules',
};

/** A server or program that is there already; null when it has to be built. */
async function installed(): Promise<{ path: string | null; how: 'found'; detail: string } | null> {
  const address = process.env['TEMPORAL_ADDRESS'];
  if (address) return { path: null, how: 'found', detail: `TEMPORAL_ADDRESS ${address}` };
  const path = which('temporal');
  const version = path && (await versionOf(path));
  return path && version && isEnough(version) ? { path, how: 'found', detail: `${path}: ${version}` } : null;
}

/** Where the dev server's program is; null when TEMPORAL_ADDRESS names a server that runs elsewhere. */
export async function temporalProgram(
  progress: (line: string) => void = () => {},
): Promise<{ path: string | null; how: 'found' | 'cached' | 'built'; detail: string }> {
  const there = await installed();
  if (there) return there;
  const { path, built } = await buildGoTool(CLI, progress);
  return { path, how: built ? 'built' : 'cached', detail: 'temporal 1.5.1 (server 1.29.1, UI 2.42.1)' };
}

/** "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)": 1.4.1 is the first whose server has what the workflows use. */
export function isEnough(version: string): boolean {
  const found = /version (\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (!found) return false;
  for (let i = 0; i < 3; i++) if (found[i] !== NEEDED[i]) return found[i]! > NEEDED[i]!;
  return true;
}

export const temporal: Step = {
  name: 'temporal',
  title: 'Temporal server and UI',
  ways: [
    'TEMPORAL_ADDRESS=host:port of a running server',
    'the Temporal CLI, 1.4.1 or later, on PATH (https://docs.temporal.io/cli)',
    'Go 1.25 or later and a module proxy: built from infra/temporal/go.mod, three minutes once',
  ],
  lane: 'go',
  async fetch() {
    if ((await installed()) === null) await fetchGoTool(CLI);
  },
  async run(progress) {
    const { how, detail } = await temporalProgram(progress);
    return { how, detail };
  },
};
