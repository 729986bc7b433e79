import { decodeCandid } from '../candid.js';
import { METHODS, Settings } from '../management/candid.js';
import { principalOf } from '../subnet/principals.js';
import { argumentsOf, CALLER, LittleSubnet, refusalIn } from '../testing/little-subnet.js';
import { argument, call, reply, scripted, text } from '../testing/script.js';
import { sha256 } from '../wasm/module.js';

const network = new LittleSubnet();
afterAll(() => network.remove());

const EMPTY = scripted({});
const OTHER = scripted({ 'query x': [reply()] });
/** A canister that asks the management canister, since users may not ask for histories. */
const asking = scripted(
  Object.fromEntries(
    ['canister_info', 'create_canister', 'install_code'].map((method) => [
      `update ${method}`,
      [
        call(text(''), method, {
          arg: argument,
          cycles: method === 'create_canister' ? 2_000_000_000_000n : undefined,
        }),
      ],
    ]),
  ),
);
const asker = network.deploy(asking);
const settings = (changes: object): object => ({
  settings: { ...Object.fromEntries(Settings._fields.map(([name]) => [name, []])), ...changes },
});
const manage = (method: Parameters<LittleSubnet['manage']>[0], id: string, more: object = {}): void =>
  void network.manage(method, { canister_id: principalOf(id), sender_canister_version: [], ...more });

interface Info {
  total_num_changes: bigint;
  module_hash: [Uint8Array] | [];
  controllers: { toText(): string }[];
  recent_changes: { canister_version: bigint; origin: object; details: [object] | [] }[];
}

function info(id: string, recent?: bigint): Info {
  const answer = network.call(
    asker.id,
    'canister_info',
    argumentsOf('canister_info', {
      canister_id: principalOf(id),
      num_requested_changes: recent === undefined ? [] : [recent],
    }),
  );
  if (answer.kind === 'reject') throw new Error(answer.rejection.message);
  return decodeCandid(METHODS.canister_info[1] as never, answer.data)[0] as unknown as Info;
}

const byUser = { from_user: { user_id: CALLER } };
const deployment = (mode: string, wasm: Uint8Array): object => ({
  code_deployment: { mode: { [mode]: null }, module_hash: new Uint8Array(sha256(wasm)) },
});
const changes = (id: string, recent: bigint): unknown[] =>
  info(id, recent).recent_changes.map(({ canister_version, origin, details: [what] }) => [
    canister_version,
    origin,
    what,
  ]);

describe('the history of a canister', () => {
  it('has its creation, what was installed, and controllers, each with the version that it made', () => {
    const canister = network.create();
    const { id } = canister;
    network.install(canister, EMPTY);
    network.install(canister, OTHER, { reinstall: null });
    network.install(canister, EMPTY, { upgrade: [] });
    manage('uninstall_code', id);
    // counts as a version, and is no change of the history
    manage('update_settings', id, settings({ freezing_threshold: [1000n] }));
    manage('update_settings', id, settings({ controllers: [[CALLER, principalOf('aa01')]] }));
    const all = changes(id, 20n);
    expect(all.slice(-5)).toEqual([
      [1n, byUser, deployment('install', EMPTY)],
      [2n, byUser, deployment('reinstall', OTHER)],
      [3n, byUser, deployment('upgrade', EMPTY)],
      [4n, byUser, { code_uninstall: null }],
      [6n, byUser, { controllers_change: { controllers: expect.arrayContaining([CALLER]) } }],
    ]);
    expect(changes(id, 0n)).toEqual([]);
    expect(changes(id, 1n)).toEqual(all.slice(-1));
    expect(changes(id, 2n)).toEqual(all.slice(-2));
    expect(info(id).recent_changes).toEqual([]);
    expect(info(id).module_hash).toEqual([]);
    expect(info(id).controllers.length).toBe(2);
  });

  it('has the last twenty, and counts all', () => {
    const canister = network.deploy(EMPTY);
    const before = info(canister.id).total_num_changes;
    for (let times = 0; times < 25; times += 1)
      network.install(canister, times % 2 ? EMPTY : OTHER, { reinstall: null });
    expect(info(canister.id).total_num_changes).toEqual(before + 25n);
    expect(changes(canister.id, 100n).length).toBe(20);
    expect(changes(canister.id, 1n)).toEqual([[26n, byUser, deployment('reinstall', OTHER)]]);
  });

  it('names a canister that made a change, with the version that it says it has, which must be its own', () => {
    const creation = (version: bigint[]): Uint8Array =>
      argumentsOf('create_canister', { settings: [], sender_canister_version: version });
    const { version } = asker.state;
    const answer = network.call(asker.id, 'create_canister', creation([version]));
    if (answer.kind === 'reject') throw new Error(answer.rejection.message);
    const id = Buffer.from(answer.data).subarray(-10).toString('hex');
    expect(changes(id, 1n)).toEqual([
      [
        0n,
        { from_canister: { canister_id: principalOf(asker.id), canister_version: [version] } },
        { creation: expect.objectContaining({ controllers: [principalOf(asker.id)] }) },
      ],
    ]);
    const wrong = network.call(asker.id, 'create_canister', creation([666n]));
    expect(wrong.kind === 'reply' && [wrong.data[0], Buffer.from(wrong.data).toString()]).toEqual([
      5,
      expect.stringContaining(
        'IC0504: Management canister call payload includes sender canister version 666 that does not match',
      ),
    ]);
  });

  it('is not told to users', () => {
    expect(
      refusalIn(
        network.manage('canister_info', { canister_id: principalOf(asker.id), num_requested_changes: [] }),
        'info',
      ).code,
    ).toBe(4);
  });
});
