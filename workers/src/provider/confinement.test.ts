import { WITHOUT_SANDBOX } from '@livepod/activities';
import { confined } from './confinement.js';

describe('a provider without a sandbox', () => {
  const registeredAs = (known: string | null) => () => Promise.resolve(known);

  it('does not work by a word that says less than what it accepts', async () => {
    for (const word of ['', '1', 'true', 'yes', WITHOUT_SANDBOX.toUpperCase()])
      await expect(confined(word, registeredAs('open'), [])).rejects.toMatchObject({ code: 'badConfiguration' });
  });

  it('does not work while its registration promises more, so that licences cannot exclude it', async () => {
    for (const promised of ['bonded', 'enclave', null])
      await expect(confined(WITHOUT_SANDBOX, registeredAs(promised), [])).rejects.toMatchObject({
        code: 'badConfiguration',
        message: expect.stringContaining('--class open'),
      });
  });

  it('works by both words', async () => {
    expect(await confined(WITHOUT_SANDBOX, registeredAs('open'), [])).toBe(false);
  });
});
