import type { CheckpointManifest } from '@livepod/protocol';

/** What a model needs to be run: the parts of its checkpoint's manifest that say so. */
export type Runnable = Pick<CheckpointManifest, 'task' | 'input'> & {
  runtime: Pick<CheckpointManifest['runtime'], 'opset' | 'outputs'>;
};
