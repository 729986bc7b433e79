import { figureInWords } from '@livepod/protocol';
import { metadataPage, type Network } from '@livepod/client';
import type { Report } from './report.js';

/** What a person reads at the end, with the places to go on looking. */
export function summary(report: Report, network: Network, metrics: Record<string, string>, state = '.state'): string {
  const lines = [
    '',
    report.outcome === 'ok'
      ? `The story came out right${tookOf(report)}, on ${report.data}.`
      : `The story went wrong: ${report.why}`,
    '',
    ...report.models.map(
      ({ version, checkpoint, holdout, decision }) =>
        `  version ${version}  ${checkpoint.slice(0, 19)}…  ${decision}  ${inWords(holdout ?? {})}`,
    ),
    ...report.releases.map(
      ({ id, version, waves, exposedPods, outcome }) =>
        `  release ${id}  version ${version}  waves ${waves.join(' → ')}  reached ${exposedPods} pods  ${outcome}`,
    ),
    ...report.pods.map(
      ({ name, history, final }) => `  ${name}  ${history.map((entry) => entry.version).join(' → ')}  now ${final}`,
    ),
    '',
    ...links(network, metrics).map(([what, where]) => `  ${what.padEnd(18)} ${where}`),
    '',
    '  What happened, for anybody to check:  npm run livepod -- evidence export lifecycle-round-2 --network ' +
      `${state}/network.json`,
    '',
  ];
  return lines.join('\n');
}

/** How long it took to tell; a state of before this was noted does not say. */
const tookOf = ({ seconds }: Report): string => (seconds === 0 ? '' : ` in ${Math.round(seconds)} s`);

const inWords = (figures: Record<string, number>): string =>
  Object.entries(figures)
    .map(([name, value]) => `${figureInWords(name)} ${value}`)
    .join('  ');

function links(network: Network, metrics: Record<string, string>): [string, string][] {
  const { temporal, s3 } = network;
  return [
    [
      'Temporal UI',
      `${temporal?.uiUrl ?? temporal?.address}/namespaces/${temporal?.namespace}/workflows/lifecycle-round-1`,
    ],
    ['IC gateway', metadataPage(network)],
    ['S3', `${s3?.endpoint}/${s3?.bucket}`],
    ...Object.entries(metrics).map(([name, address]): [string, string] => [`metrics, ${name}`, address]),
  ];
}
