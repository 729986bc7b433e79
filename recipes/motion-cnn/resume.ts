import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tf } from '../src/layers.js';

/**
 * What a killed training continues from: weights, their average and Adam's moments after the last whole epoch, in one file that is
 * replaced atomically. The folder is the caller's, memory-backed, and wiped by the caller.
 */
export class ResumePoint {
  private readonly fingerprint: string;

  constructor(
    private readonly tf: typeof Tf,
    private readonly model: Tf.LayersModel,
    private readonly optimizer: Tf.Optimizer,
    private readonly average: Tf.Tensor[],
    private readonly dir: string | undefined,
    settings: object,
  ) {
    this.fingerprint = JSON.stringify([settings, model.weights.map((weight) => [weight.originalName, weight.shape])]);
  }

  /** @returns the number of epochs already done; 0 where there is nothing, or something of another training */
  async load(): Promise<number> {
    if (!this.dir) return 0;
    const bytes = await readFile(join(this.dir, 'resume.bin')).catch(() => undefined);
    if (!bytes || bytes.length < 4) return 0;
    const headerBytes = bytes.readUInt32LE(0);
    const header = JSON.parse(bytes.subarray(4, 4 + headerBytes).toString()) as { fingerprint: string; epoch: number; tensors: { name: string; shape: number[] }[] };
    if (header.fingerprint !== this.fingerprint) return 0;
    let at = 4 + headerBytes;
    const tensors = header.tensors.map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const data = new Float32Array(Uint8Array.from(bytes.subarray(at, (at += size * 4))).buffer);
      return { name, tensor: this.tf.tensor(data, shape) };
    });
    const weights = this.model.weights.length;
    this.model.weights.forEach((weight, i) => weight.write(tensors[i]!.tensor));
    this.average.forEach((old, i) => { old.dispose(); this.average[i] = this.tf.keep(tensors[weights + i]!.tensor.clone()); });
    await this.optimizer.setWeights(tensors.slice(2 * weights).map(({ name, tensor }) => ({ name, tensor: name === 'iter' ? tensor.toInt() : tensor })));
    tensors.slice(0, 2 * weights).forEach(({ tensor }) => tensor.dispose());
    return header.epoch;
  }

  async save(epoch: number): Promise<void> {
    if (!this.dir) return;
    const moments = await this.optimizer.getWeights();
    const tensors = [
      ...this.model.weights.map((weight) => ({ name: weight.originalName, tensor: weight.read() })),
      ...this.average.map((tensor, at) => ({ name: `average ${at}`, tensor })),
      ...moments,
    ];
    const data = await Promise.all(tensors.map(async ({ tensor }) => Buffer.from(Float32Array.from(await tensor.data()).buffer)));
    const header = Buffer.from(JSON.stringify({ fingerprint: this.fingerprint, epoch, tensors: tensors.map(({ name, tensor }) => ({ name, shape: tensor.shape })) }));
    const size = Buffer.alloc(4);
    size.writeUInt32LE(header.length);
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    await writeFile(join(this.dir, 'resume.bin.new'), Buffer.concat([size, header, ...data]), { mode: 0o600 });
    await rename(join(this.dir, 'resume.bin.new'), join(this.dir, 'resume.bin'));
  }

  async clear(): Promise<void> {
    if (this.dir) await rm(join(this.dir, 'resume.bin'), { force: true });
  }
}
