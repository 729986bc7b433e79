import { cutWindows, parseRecording, scores, type DataSchema } from '@livepod/recipes';
import { surroundedFeatures, SURROUNDED, WINDOW, windowFeatures } from './features.js';
import { baseline } from './index.js';
import { Lda } from './lda.js';

describe('the baseline', () => {
  it('tells two clouds with one covariance apart where the best line does', () => {
    const cloud = (x: number, y: number) =>
      Array.from({ length: 50 }, (_, at) => Float64Array.of(x + Math.sin(at * 1.3) + Math.cos(at), y + Math.cos(at)));
    const lda = Lda.fit(
      [...cloud(0, 0), ...cloud(3, 0)],
      [...new Array<number>(50).fill(4), ...new Array<number>(50).fill(7)],
    );
    expect(lda.predict(Float64Array.of(0, 0))).toBe(4);
    expect(lda.predict(Float64Array.of(3, 0))).toBe(7);
    // Along the clouds' common slant x may be large while y says why.
    expect(lda.predict(Float64Array.of(1.8, 1.5))).toBe(4);
  });

  it('computes 70 features, and judges a person by the others', () => {
    const schema: DataSchema = {
      channels: [
        ...['x', 'y', 'z'].map((axis) => ({ name: `${axis}_acc`, unit: 'm/s2' })),
        ...['x', 'y', 'z'].map((axis) => ({ name: `${axis}_gyro`, unit: 'rad/s' })),
      ],
      rateMilliHz: 50_000,
      labels: ['SLOW', 'FAST'],
    };
    const csv = (shift: number) =>
      [
        'x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,label',
        ...Array.from({ length: 4000 }, (_, t) => {
          const fast = Math.floor(t / 400) % 2;
          const noise = (channel: number) => (Math.sin((t + 1) * (channel + 1) * 12.9898 + shift) * 43758.5453) % 1;
          return [
            ...Array.from({ length: 6 }, (_, c) =>
              (Math.sin(t * (fast ? 0.5 : 0.1) + c + shift) + 0.3 * noise(c)).toFixed(5),
            ),
            fast ? 'FAST' : 'SLOW',
          ].join(',');
        }),
      ].join('\n');
    const tracks = ['a', 'b', 'c'].flatMap((person, at) =>
      parseRecording({ name: `${person}_1.csv`, bytes: csv(at) }, schema),
    );
    const windows = cutWindows(tracks, schema, WINDOW);
    const features = windowFeatures(windows, schema);
    expect(features[0]).toHaveLength(70);
    // Half overlapping: what comes before a window is the one two back, what comes after it the one two on.
    const surrounded = surroundedFeatures(cutWindows(tracks, schema, SURROUNDED), schema);
    expect(surrounded).toHaveLength(windows.count);
    expect(surrounded[4]).toEqual(Float64Array.from([4, 2, 6].flatMap((at) => [...features[at]!])));
    const all = () => true;
    expect(
      Number(scores(windows.label, baseline(windows, features, ['a', 'b', 'c'], all), windows.person, 2, all).accuracy),
    ).toBeGreaterThan(0.95);
  });
});
