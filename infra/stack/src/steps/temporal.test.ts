import { isEnough } from './temporal.js';

describe('the Temporal CLI on PATH', () => {
  it.each([
    'temporal version 1.4.1 (Server 1.28.0, UI 2.39.0)',
    'temporal version 1.5.0 (x)',
    'temporal version 2.0.0 (x)',
  ])('is taken: %s', (version) => {
    expect(isEnough(version)).toBe(true);
  });
  it.each([
    'temporal version 1.4.0 (x)',
    'temporal version 1.3.9 (x)',
    'temporal version 0.0.0-DEV (x)',
    'something else',
  ])('is too old or unknown: %s', (version) => {
    expect(isEnough(version)).toBe(false);
  });
});
