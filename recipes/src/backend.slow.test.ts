import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';

/** Each backend in a process of its own, as a provider has it: one process keeps the backend it loaded first. */
async function trainedOn(backend: string): Promise<{ name: string; notice: string; accuracy: number }> {
  const script = fileURLToPath(new URL('./backend.fixture.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], {
    env: { ...process.env, NODE_OPTIONS: '', LIVEPOD_TENSORFLOW: backend },
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as { name: string; notice: string; accuracy: number };
}

describe('TensorFlow.js backends', () => {
  it('native: trains', async () => {
    expect(await trainedOn('native')).toMatchObject({ name: 'native', accuracy: expect.any(Number) });
  });
  it('wasm: trains as well, with the kernels it lacks filled in, and warns', async () => {
    const { notice, accuracy } = await trainedOn('wasm');
    expect(notice).toMatch(/Warning/);
    expect(accuracy).toBeGreaterThan(0.9);
  });
  it('says why when the one insisted on does not load', async () => {
    await expect(trainedOn('abacus')).rejects.toThrow(/No TensorFlow.js backend loads/);
  });
});
