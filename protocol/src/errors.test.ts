import { errorsOf, innermost, originOf, ProtocolError } from './errors.js';

class SampleError extends errorsOf({ noRoom: 'device', badModel: 'artifact' }) {}

describe('whose an error is', () => {
  it('stands in the table of its class', () => {
    expect(new SampleError('noRoom', {}, 'No room.').origin).toBe('device');
    expect(originOf(new SampleError('badModel', {}, 'Bad model.'))).toBe('artifact');
    expect(new ProtocolError('wrongHash', {}, 'Wrong.').name).toBe('ProtocolError');
  });
  it('is the machine’s when a disk is full', () =>
    expect(originOf(Object.assign(new Error('no space left'), { code: 'ENOSPC' }), 'device')).toBe('device'));
  it('is the way’s when nobody answers, also within other errors', () =>
    expect(
      originOf(new Error('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) })),
    ).toBe('way'));
  it('is never an artifact’s when nobody foresaw it', () => {
    expect(originOf(new TypeError('undefined is not a function'))).toBe('host');
    expect(originOf('a string', 'device')).toBe('device');
  });
  it('has an innermost reason, and ends on a circle', () => {
    const inner = new Error('inner');
    expect(innermost(new Error('outer', { cause: new Error('middle', { cause: inner }) }))).toBe(inner);
    const circle = new Error('circle');
    circle.cause = circle;
    expect(innermost(circle)).toBe(circle);
    expect(originOf(circle)).toBe('host');
  });
});
