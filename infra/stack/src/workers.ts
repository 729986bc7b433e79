import { keyRings } from './codecServer.js';
import { root } from './paths.js';
import type { Base } from './stack.js';
import type { ProcessSpec } from './supervised.js';

export type WorkerName = 'orchestrator' | 'provider' | 'evaluator';

const USUAL_METRICS_PORT = { orchestrator: 9464, provider: 9465, evaluator: 9466 } as const;

/**
 * Of V8's heap, in megabytes; a worker that needs more ends and is started again, instead of the machine running out.
 * Tensors lie beside it.
 */
const HEAP: Record<WorkerName, number> = { orchestrator: 768, provider: 768, evaluator: 1024 };

/**
 * How a worker is started: with the addresses, its identity file, a metrics port, and what its role needs besides.
 *
 * @param identity  path of the file with its IC identity
 * @param env  added to that; S3 credentials are given only where they are named here (`s3Environment`)
 */
export async function workerProcess(
  base: Base,
  name: WorkerName,
  identity: string,
  env: Record<string, string> = {},
): Promise<ProcessSpec> {
  return {
    name,
    command: process.execPath,
    args: [`--max-old-space-size=${HEAP[name]}`, '--import', 'tsx', `workers/src/${name}/main.ts`],
    cwd: root,
    env: {
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      LIVEPOD_NETWORK: base.networkFile,
      LIVEPOD_IDENTITY: identity,
      LIVEPOD_CODEC_KEYS: name === 'provider' ? keyRings(base.state).provider : keyRings(base.state).ours,
      LIVEPOD_METRICS_PORT: String(await base.ports.choose(`${name}-metrics`, USUAL_METRICS_PORT[name])),
      TF_CPP_MIN_LOG_LEVEL: '2',
      ...env,
    },
    ready: { line: 'ready' },
    readyWithin: 180_000,
    stopWithin: 30_000,
  };
}

/** The S3 account as the AWS SDK reads it. */
export const s3Environment = ({ s3Credentials }: Base): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: s3Credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
});
