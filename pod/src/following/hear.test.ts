import { canonicalJson } from '@livepod/protocol';
import { channel } from '../home.fixture.js';
import { Shipped } from '../updates/trust.fixture.js';
import { hear } from './hear.js';

let shipped: Shipped;
beforeEach(async () => {
  shipped = await Shipped.open();
});
afterEach(() => shipped.close());

const offer = (name: string, sequence: number, says = name): void => {
  const bytes = canonicalJson({ ...channel(sequence, null), channel: says });
  shipped.repository.offer(`channels/${name}.json`, Buffer.from(bytes));
  shipped.repository.sign();
};

describe('a channel', () => {
  it('that has had no checkpoint yet is waited for; one that was heard before has to be there', async () => {
    expect(await hear(shipped.trust(), 'stable', 0)).toBeUndefined();
    await expect(hear(shipped.trust(), 'stable', 1)).rejects.toMatchObject({ code: 'untrustedMetadata' });
  });

  it('is heard at its sequence, at the same one again, and at no earlier one', async () => {
    offer('stable', 5);
    expect(await hear(shipped.trust(), 'stable', 0)).toMatchObject({ sequence: 5 });
    expect(await hear(shipped.trust(), 'stable', 5)).toMatchObject({ sequence: 5 });
    await expect(hear(shipped.trust(), 'stable', 6)).rejects.toMatchObject({ code: 'metadataRollback' });
  });

  it('is not another one’s document under its name', async () => {
    offer('stable', 5, 'beta');
    await expect(hear(shipped.trust(), 'stable', 0)).rejects.toMatchObject({
      code: 'untrustedMetadata',
      details: { channel: 'beta' },
    });
  });

  it('is heard as it is now, not as it was when the pod last asked', async () => {
    offer('stable', 5);
    const trust = shipped.trust();
    await hear(trust, 'stable', 0);
    offer('stable', 6);
    expect(await hear(trust, 'stable', 5)).toMatchObject({ sequence: 6 });
  });
});
