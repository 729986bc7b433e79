import type { Clients } from '@livepod/client';
import {
  principalOfDer,
  principalText,
  ed25519Der,
  sha256,
  signOperatorToken,
  utf8,
  type OperatorAction,
} from '@livepod/protocol';
import { ed25519 } from '@noble/curves/ed25519';
import { canisterOperators } from './canister.js';

const seed = sha256(utf8('operator'));
const operator = principalText(principalOfDer(ed25519Der(ed25519.getPublicKey(seed))));
const fleet = 'aaaaa-aa';
const HOUR = 3_600_000;
/** The canister's answer is all that matters of it here: that it asks the right list is tested with the canister. */
const clients = (known: boolean): Clients =>
  ({
    network: { canisters: { fleet } },
    fleet: { is_operator: async (asked: { toText(): string }) => known && asked.toText() === operator },
  }) as unknown as Clients;
const token = (change: { actions?: OperatorAction[]; workflow?: string; audience?: string } = {}): string =>
  signOperatorToken(seed, {
    actions: ['pause', 'resume'],
    workflow: 'lifecycle-round-1',
    audience: fleet,
    notBefore: 1_000_000n * BigInt(HOUR),
    expires: 2_000_000n * BigInt(HOUR),
    nonce: new Uint8Array(16),
    ...change,
  });
const ask = (
  given: string,
  { known = true, now = 1.5 * HOUR, action = 'pause' as OperatorAction, workflow = 'lifecycle-round-1' } = {},
) => canisterOperators(clients(known), async () => now).authorise({ token: given, action, workflow });

describe('an operator’s token', () => {
  it('allows what it names, on that workflow, in its time', async () => {
    expect(await ask(token())).toEqual({ operator, until: new Date(2 * HOUR).toISOString() });
    expect(await ask(token({ workflow: '*' }), { workflow: 'rollout-3', action: 'resume' })).toMatchObject({
      operator,
    });
  });

  it.each([
    ['another action', token(), { action: 'abort' as OperatorAction }, 'it allows pause, resume'],
    ['another workflow', token(), { workflow: 'lifecycle-round-2' }, 'it is for workflow lifecycle-round-1'],
    ['a time after it', token(), { now: 2 * HOUR }, 'it expired at 1970-01-01T02:00:00.000Z'],
    ['a time before it', token(), { now: 0.5 * HOUR }, 'it begins at 1970-01-01T01:00:00.000Z'],
    ['another fleet', token({ audience: '2vxsx-fae' }), {}, 'it is for the fleet canister 2vxsx-fae'],
    ['somebody who is no operator', token(), { known: false }, `${operator} is not an operator of the fleet canister`],
    ['a text that is no token', 'pause please', {}, 'The token is not one of an operator'],
    ['a changed signature', `${token().slice(0, -4)}AAAA`, {}, 'The signature is not one of key'],
  ])('does not allow %s', async (_, given, options, why) => {
    await expect(ask(given, options)).rejects.toMatchObject({
      code: 'notAuthorized',
      message: expect.stringContaining(why),
    });
  });
});
