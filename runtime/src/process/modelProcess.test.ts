import { readFileSync } from 'node:fs';
import * as onnx from '../attacks/onnx.js';
import { Model } from '../model.js';
import { ModelProcess } from './index.js';

const { honest, runnable } = onnx;
const WIDTH = 300;
let open: ModelProcess | undefined;

async function loaded(model = honest()): Promise<ModelProcess> {
  open = await ModelProcess.start();
  await open.load(model, runnable);
  return open;
}

afterEach(async () => {
  await open?.close();
  open = undefined;
});

describe("a model's process", () => {
  it('answers as the model does in this one, window by window', async () => {
    const one = await loaded();
    const here = await Model.load(honest(), runnable);
    const windows = Float32Array.from({ length: 3 * WIDTH }, (_, at) => Math.sin(at));
    const outputs = await one.answers(windows, 3);
    for (const at of [0, 1, 2]) {
      here.tensors[0]!.set(windows.subarray(at * WIDTH, (at + 1) * WIDTH));
      expect([...outputs.subarray(at * 4, at * 4 + 4)]).toEqual([...(await here.run())]);
    }
    await here.close();
  });

  it('is confined, and has no environment, no network, and none of this machine’s files', async () => {
    const one = await loaded();
    const environment = readFileSync(`/proc/${one.pid}/environ`, 'utf8');
    expect(environment.split('\0').filter((line) => line !== '' && !line.startsWith('PWD='))).toEqual([]);
    if (one.confinement !== 'bubblewrap') return console.warn(`confined by ${one.confinement} alone`);
    expect(
      readFileSync(`/proc/${one.pid}/net/dev`, 'utf8')
        .trim()
        .split('\n')
        .slice(2)
        .map((line) => line.trim().split(':')[0]),
    ).toEqual(['lo']);
    const mounts = readFileSync(`/proc/${one.pid}/mountinfo`, 'utf8').trim().split('\n');
    const places = mounts.map((line) => line.split(' ')[4]!);
    expect(places.filter((place) => /^\/(home|root|etc|var|work|srv|usr\/bin)/.test(place))).toEqual([]);
    const status = readFileSync(`/proc/${one.pid}/status`, 'utf8');
    expect(status).toMatch(/CapEff:\t0+\n/);
    expect(status).toMatch(/NoNewPrivs:\t1/);
  });

  it.each(['permissions', 'limits'] as const)(
    'answers under %s alone, without a word of the environment',
    async (confinement) => {
      open = await ModelProcess.start({ confinement });
      expect(readFileSync(`/proc/${open.pid}/environ`, 'utf8').replace(/PWD=[^\0]*\0/, '')).toBe('');
      await open.load(honest(), runnable);
      expect((await open.answers(new Float32Array(WIDTH), 1)).length).toBe(4);
      const command = readFileSync(`/proc/${open.pid}/cmdline`, 'utf8');
      if (confinement === 'permissions') expect(command).toMatch(/--(experimental-)?permission\0/);
    },
  );

  it('is killed when it hangs, and the next one is another', async () => {
    const slow = onnx.modelOf(
      onnx.parts([
        ...onnx.graph().slice(0, 8),
        onnx.node('Expand', ['scores', 'wide'], ['a']),
        onnx.node('MatMul', ['a', 'b'], ['c']),
        onnx.node('ReduceMean', ['c'], ['d'], onnx.attribute.ints('axes', [0]), onnx.attribute.int('keepdims', 1)),
        onnx.node('Softmax', ['d'], ['probabilities']),
        ...onnx.graph().slice(9),
        onnx.tensor('wide', [2], onnx.wholes([1_000_000, 4]), 7),
        onnx.tensor('b', [4, 4], onnx.raw(new Array<number>(16).fill(0.5))),
      ]),
    );
    open = await ModelProcess.start({ patienceMs: 5_000 });
    await open.load(slow, runnable);
    const { pid } = open;
    await expect(open.answers(new Float32Array(20_000 * WIDTH), 20_000)).rejects.toMatchObject({
      code: expect.stringMatching(/runtimeHangs|hostBusy/),
    });
    await open.close();
    expect(() => process.kill(pid!, 0)).toThrow(/ESRCH/);
    expect((await loaded()).pid).not.toBe(pid);
  });

  it('has limits of its memory and of the files it may open', async () => {
    const one = await loaded();
    const limits = readFileSync(`/proc/${one.pid}/limits`, 'utf8');
    expect(limits).toMatch(/Max data size\s+2147483648/);
    expect(limits).toMatch(/Max open files\s+256/);
    expect(limits).toMatch(/Max core file size\s+0/);
  });

  it('refuses what the reader refuses, with its code', async () => {
    open = await ModelProcess.start();
    await expect(open.load(Buffer.from('xxxxORTMxxxx'), runnable)).rejects.toMatchObject({ code: 'modelRefused' });
  });

  it('tells how it ended when the system kills it', async () => {
    const one = await loaded();
    const died = new Promise((resolve) => one.once('died', resolve));
    process.kill(one.pid!, 'SIGKILL');
    await expect(died).resolves.toMatchObject({ code: 'runtimeKilled', details: { how: 'SIGKILL' } });
  });
});
