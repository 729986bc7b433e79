import { Random } from './random.js';
import type { DataSchema, Recording } from './schema.js';

/** Made-up people for tests: three activities that differ in cadence and posture, each person a little differently. */
export const SYNTHETIC_SCHEMA: DataSchema = {
  channels: [
    ...['x', 'y', 'z'].map((axis) => ({ name: `${axis}_acc`, unit: 'm/s2' })),
    ...['x', 'y', 'z'].map((axis) => ({ name: `${axis}_gyro`, unit: 'rad/s' })),
  ],
  rateMilliHz: 50_000,
  labels: ['STILL', 'WALKING', 'SHAKING'],
  device: 'synthetic',
};

export function syntheticRecording(person: string, seed: number, samplesPerLabel = 300): Recording {
  const random = new Random('synthetic', person, seed);
  const style = SYNTHETIC_SCHEMA.channels.map(() => 0.8 + 0.4 * random.next());
  const rows = [`${SYNTHETIC_SCHEMA.channels.map(({ name }) => name).join(',')},timestamp,label`];
  SYNTHETIC_SCHEMA.labels.forEach((label, kind) => {
    for (let t = 0; t < samplesPerLabel; t++) {
      const row = style.map((factor, channel) => {
        const posture = channel < 3 ? [0, 3, 9][(channel + kind) % 3]! : 0;
        return (
          posture +
          factor * [0, 2, 5][kind]! * Math.sin(2 * Math.PI * t * [0, 0.02, 0.08][kind]! + channel) +
          0.1 * random.normal()
        ).toFixed(4);
      });
      rows.push(`${row.join(',')},${(kind * samplesPerLabel + t) * 20},${label}`);
    }
  });
  return { name: `${person}/${person}_01.csv`, bytes: rows.join('\n') + '\n' };
}
