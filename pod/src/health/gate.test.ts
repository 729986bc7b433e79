import { noCounters } from '../runtime/messages.js';
import { OWN_GATE, OwnGate } from './gate.js';

const seen = (windows: number, corrections: number, apart = windows, apartCorrections = corrections) => ({
  ...noCounters(),
  windows,
  judged: windows,
  corrections,
  apart,
  apartCorrections,
});
let gate: OwnGate;
beforeEach(() => {
  gate = new OwnGate('its person corrected');
});

describe('the pod’s own gate', () => {
  it('leaves a model that most of a whole batch was corrected in', () => {
    gate.add(seen(OWN_GATE.batch, OWN_GATE.batch * 0.7));
    expect(gate.verdict()).toMatchObject({
      code: 'corrected',
      details: { corrections: OWN_GATE.batch * 0.7, windows: OWN_GATE.batch },
      message: `its person corrected ${OWN_GATE.batch * 0.7} of ${OWN_GATE.batch} windows`,
    });
  });

  it('does not judge at every report: 25 of 51 bad windows at some moment are no verdict', () => {
    for (let reports = 0; reports < 20; reports += 1) {
      gate.add(seen(2, 2));
      gate.add(seen(4, 1));
      expect(gate.verdict()).toBeUndefined();
    }
  });

  it('does not count windows twice that share samples', () => {
    gate.add(seen(3 * OWN_GATE.batch, 3 * OWN_GATE.batch, OWN_GATE.batch - 1, OWN_GATE.batch - 1));
    expect(gate.verdict()).toBeUndefined();
  });

  it('begins a batch anew when one was judged', () => {
    gate.add(seen(OWN_GATE.batch, 0));
    gate.add(seen(OWN_GATE.batch - 1, OWN_GATE.batch - 1));
    expect(gate.verdict()).toBeUndefined();
    gate.add(seen(1, 1));
    expect(gate.verdict()?.message).toMatch(/60 of 60/);
  });

  it('says nothing of windows that nothing is known of', () => {
    gate.add({ ...noCounters(), windows: 1_000 });
    expect(gate.verdict()).toBeUndefined();
  });

  it('leaves a model that failed on a window', () => {
    gate.add({ ...noCounters(), errors: 1, failure: { code: 'outputNotFinite', message: 'it gave NaN' } });
    expect(gate.verdict()).toMatchObject({
      code: 'outputNotFinite',
      message: 'the model failed on 1 windows: it gave NaN',
    });
  });
});
