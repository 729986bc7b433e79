import { hashOfId, jobState, releaseState } from './index.js';

describe('the name of a thing', () => {
  it('is an id to its last digit, or it is quoted', () => {
    const id = `sha256:${'0a'.repeat(32)}`;
    expect(hashOfId(id)).toHaveLength(32);
    for (const wrong of [`${id}00`, `x${id}`, `sha256:${id}`, id.slice(0, -2), 'sha256:', id.slice(7)])
      expect(() => hashOfId(wrong)).toThrow(expect.objectContaining({ code: 'invalidHex', details: { id: wrong } }));
  });

  it('is where it stands, for a token that holds there alone', () => {
    expect(releaseState('rolling', 1, 2)).toBe('rolling/1/2');
    expect(jobState('granted', 1_800_003_600_000_000_000n)).toBe('granted/1800003600000000000');
  });
});
