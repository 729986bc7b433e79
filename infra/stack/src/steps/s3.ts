import type { Step } from '../step.js';
import { buildGoTool, fetchGoTool } from './go.js';

const VERSITYGW = {
  name: 'versitygw',
  module: 'infra/s3',
  package: 'github.com/versity/versitygw/cmd/versitygw',
};

/** Where the S3 server's program is; null when S3_ENDPOINT names one that runs elsewhere. */
export async function s3Program(
  progress: (line: string) => void = () => {},
): Promise<{ path: string | null; how: 'found' | 'cached' | 'built'; detail: string }> {
  const endpoint = process.env['S3_ENDPOINT'];
  if (endpoint) return { path: null, how: 'found', detail: `S3_ENDPOINT ${endpoint}` };
  const { path, built } = await buildGoTool(VERSITYGW, progress);
  return { path, how: built ? 'built' : 'cached', detail: 'versitygw 1.8.0' };
}

export const s3: Step = {
  name: 's3',
  title: 'S3 server',
  ways: [
    'S3_ENDPOINT=http://host:port of any S3 service, with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if it ' +
      'is not "livepod", S3_BUCKET',
    'Go 1.25 or later and a module proxy: versitygw is built from infra/s3/go.mod, one minute once',
  ],
  lane: 'go',
  async fetch() {
    if (!process.env['S3_ENDPOINT']) await fetchGoTool(VERSITYGW);
  },
  async run(progress) {
    const { how, detail } = await s3Program(progress);
    return { how, detail };
  },
};
