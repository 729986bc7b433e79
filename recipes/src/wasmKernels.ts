import type { Tf } from './layers.js';

/**
 * Kernels that training a one-dimensional CNN needs and the WASM backend lacks, put together from those it has.
 * Shapes are those of TensorFlow's conv2d with height 1 and channels last.
 */
export function fillWasmKernels(tf: typeof Tf): void {
  const missing = (
    kernelName: string,
    kernelFunc: (inputs: Record<string, Tf.Tensor>, attrs: Record<string, unknown>) => Tf.Tensor,
  ) => {
    if (tf.getKernel(kernelName, 'wasm')) return;
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs, backend }) => {
        // A tensor made from a tensor's data gives the data back when its scope ends: each holds it once more.
        const { incRef } = backend as { incRef(dataId: object): void };
        const hold = (dataId: object) => incRef.call(backend, dataId);
        const tensors = Object.fromEntries(
          Object.entries(inputs).map(([name, info]) => {
            hold((info as Tf.TensorInfo).dataId);
            return [name, tf.engine().makeTensorFromTensorInfo(info as Tf.TensorInfo)];
          }),
        );
        const result = tf.tidy(() => kernelFunc(tensors, attrs as Record<string, unknown>));
        hold(result.dataId);
        return { dataId: result.dataId, shape: result.shape, dtype: result.dtype };
      },
    });
  };

  missing('Conv2DBackpropFilter', ({ x, dy }, attrs) => {
    const [, kernel, inChannels, outChannels] = attrs['filterShape'] as number[];
    const [batch, , time] = x!.shape as number[];
    const [, , outTime] = dy!.shape as number[];
    const before = attrs['pad'] === 'same' ? Math.floor((kernel! - 1) / 2) : 0;
    const after = Math.max(0, outTime! + kernel! - 1 - before - time!);
    const padded = tf.pad(tf.reshape(x!, [batch!, time!, inChannels!]), [
      [0, 0],
      [before, after],
      [0, 0],
    ]);
    const flat = tf.reshape(dy!, [batch! * outTime!, outChannels!]);
    const taps = Array.from({ length: kernel! }, (_, tap) =>
      tf.matMul(
        tf.reshape(tf.slice(padded, [0, tap, 0], [-1, outTime!, -1]), [batch! * outTime!, inChannels!]),
        flat as Tf.Tensor2D,
        true,
        false,
      ),
    );
    return tf.reshape(tf.stack(taps), [1, kernel!, inChannels!, outChannels!]);
  });

  // Pools whose windows do not overlap: what flowed in goes back to the largest, or evenly.
  const blocks = (x: Tf.Tensor, size: number) => {
    const [batch, , time, channels] = x.shape as [number, number, number, number];
    const kept = Math.floor(time / size);
    const rest = time - kept * size;
    const back = (gradient: Tf.Tensor) =>
      tf.reshape(
        tf.pad(tf.reshape(gradient, [batch, kept * size, channels]), [
          [0, 0],
          [0, rest],
          [0, 0],
        ]),
        x.shape,
      );
    const cut = tf.reshape(tf.slice(tf.reshape(x, [batch, time, channels]), [0, 0, 0], [-1, kept * size, -1]), [
      batch,
      kept,
      size,
      channels,
    ]);
    return { kept, batch, channels, cut, back };
  };
  const poolSize = (attrs: Record<string, unknown>) => {
    const [size, stride] = [attrs['filterSize'], attrs['strides']].map((value) =>
      Math.max(...[value as number | number[]].flat()),
    );
    if (size !== stride) throw new Error('the WASM backend trains pools whose windows do not overlap only');
    return size!;
  };
  missing('MaxPoolGrad', ({ dy, input }, attrs) => {
    const size = poolSize(attrs);
    const { cut, batch, kept, channels, back } = blocks(input!, size);
    const hit = tf.oneHot(tf.argMax(cut, 2), size).toFloat();
    const spread = tf.mul(tf.transpose(hit, [0, 1, 3, 2]), tf.reshape(dy!, [batch, kept, 1, channels]));
    return back(spread);
  });
  missing('AvgPoolGrad', ({ dy, input }, attrs) => {
    const size = poolSize(attrs);
    const { batch, kept, channels, back } = blocks(input!, size);
    return back(
      tf.mul(tf.div(tf.reshape(dy!, [batch, kept, 1, channels]), size), tf.ones([batch, kept, size, channels])),
    );
  });
}
