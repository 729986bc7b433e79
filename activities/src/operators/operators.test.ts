import type { Clients } from '@livepod/client';
import {
  canonicalJson,
  hex,
  operatorTokenText,
  principalOfDer,
  principalText,
  ed25519Der,
  sha256,
  signDocument,
  signOperatorToken,
  utf8,
  type Asked,
} from '@livepod/protocol';
import { ed25519 } from '@noble/curves/ed25519';
import { canisterOperators } from './canister.js';

const seed = sha256(utf8('operator'));
const publicKey = ed25519Der(ed25519.getPublicKey(seed));
const operator = principalText(principalOfDer(publicKey));
const fleet = 'aaaaa-aa';
const HOUR = 3_600_000;
/** The canisters' answers are all that matters of them here: that they are right is tested with the canisters. */
const clients = (known: boolean, pauses: number): Clients =>
  ({
    network: { canisters: { fleet } },
    certified: {
      fleet: {
        is_operator: async (asked: { toText(): string }) => known && asked.toText() === operator,
        get_release: async (id: bigint) => ({ id, state: { rolling: null }, wave: 2, pauses: [pauses] }),
      },
      access: { get_job: async (id: bigint) => ({ id, state: { granted: null }, deadline: 99n }) },
    },
  }) as unknown as Clients;
const asked: Asked = { action: 'pause', workflow: 'rollout-3', object: 'release/3', state: 'rolling/2/0' };
const token = (change: Partial<Asked & { audience: string }> = {}): string =>
  signOperatorToken(seed, {
    ...asked,
    audience: fleet,
    notBefore: 1_000_000n * BigInt(HOUR),
    expires: 2_000_000n * BigInt(HOUR),
    nonce: new Uint8Array(16),
    ...change,
  });
const ask = (given: string, { known = true, now = 1.5 * HOUR, pauses = 0, ...more }: Options = {}) =>
  canisterOperators(clients(known, pauses), async () => now).authorise({ ...asked, token: given, ...more });
type Options = { [K in keyof Asked]?: Asked[K] | undefined } & { known?: boolean; now?: number; pauses?: number };

const ofTheFirstVersion = (): string => {
  const document = canonicalJson({
    type: 'livepod.operator/v1',
    operator,
    publicKey: hex(publicKey),
    actions: ['pause'],
    workflow: '*',
    audience: fleet,
    notBefore: '0',
    expires: String(9_000_000n * BigInt(HOUR)),
    nonce: '0'.repeat(32),
  });
  return operatorTokenText({ document, signature: signDocument(document, seed) });
};

describe('an operator’s token', () => {
  it('allows what it names, on that object in that state, in its time', async () => {
    expect(await ask(token())).toEqual({ operator, until: new Date(2 * HOUR).toISOString() });
    const approve = { action: 'approve', object: 'workflow', state: 'awaitingApproval/1/0' } as const;
    expect(await ask(token(approve), approve)).toMatchObject({ operator });
    const extend = { action: 'extendDeadline', object: 'job/7', state: 'granted/99' } as const;
    expect(await ask(token(extend), { ...extend, state: 'training/0' })).toMatchObject({ operator });
  });

  it('of a run that began before tokens named an object is held to what its canister says', async () => {
    const run = { object: undefined, state: undefined };
    expect(await ask(token(), run)).toMatchObject({ operator });
    await expect(ask(token({ state: 'rolling/1/0' }), run)).rejects.toThrow('and that is in rolling/2/0 now');
    await expect(ask(token(), { ...run, workflow: 'rollout-4' })).rejects.toThrow('it is for workflow rollout-3');
  });

  it.each<[string, string, Options, string]>([
    ['another action', token(), { action: 'abort' }, 'it allows pause'],
    ['another workflow', token(), { workflow: 'rollout-4' }, 'it is for workflow rollout-3'],
    ['another release', token(), { object: 'release/4' }, 'it is for release/3, and this is about release/4'],
    ['a workflow, being for a release', token(), { object: 'workflow' }, 'and this is about workflow'],
    [
      'a release that has moved on since',
      token({ state: 'rolling/1/0' }),
      {},
      'it is for release/3 in rolling/1/0, and that is in rolling/2/0 now',
    ],
    ['a release that a person has paused since', token(), { pauses: 1 }, 'and that is in rolling/2/1 now'],
    [
      'a workflow in another state',
      token({ object: 'workflow', state: 'training/0' }),
      { object: 'workflow', state: 'held/0' },
      'it is for workflow in training/0, and that is in held/0 now',
    ],
    ['a time after it', token(), { now: 2 * HOUR }, 'it expired at 1970-01-01T02:00:00.000Z'],
    ['a time before it', token(), { now: 0.5 * HOUR }, 'it begins at 1970-01-01T01:00:00.000Z'],
    ['another fleet', token({ audience: '2vxsx-fae' }), {}, 'it is for the fleet canister 2vxsx-fae'],
    ['somebody who is no operator', token(), { known: false }, `${operator} is not an operator of the fleet canister`],
    ['anything, being of the first version', ofTheFirstVersion(), {}, 'it is of the first version'],
    ['a text that is no token', 'pause please', {}, 'The token is not one of an operator'],
    ['a changed signature', `${token().slice(0, -4)}AAAA`, {}, 'The signature is not one of key'],
  ])('does not allow %s', async (_, given, options, why) => {
    await expect(ask(given, options)).rejects.toMatchObject({
      code: 'notAuthorized',
      message: expect.stringContaining(why),
    });
  });
});
