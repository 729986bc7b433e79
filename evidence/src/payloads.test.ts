import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { GOVERNED, hex, type GovernedMethod } from '@livepod/protocol';
import { refusal } from '../test/world.js';
import { readPayload } from './payloads.js';

const encoded = (type: IDL.Type, value: unknown): string => hex(new Uint8Array(IDL.encode([type], [value])));
const read = (method: GovernedMethod, payload: string) => readPayload('x', GOVERNED[method].id, payload);
const text = (...names: string[]) => IDL.Record(Object.fromEntries(names.map((name) => [name, IDL.Text])));

describe('what a vote would carry out', () => {
  it('is the method of its number and its argument, with long numbers and principals as text, bytes as hex', () => {
    expect(read('accept_dataset', encoded(text('dataset'), { dataset: 'sha256:1' }))).toEqual({
      ...{ method: 'accept_dataset', argument: { dataset: 'sha256:1' } },
    });
    const someone = Principal.fromText('2vxsx-fae');
    const provider = IDL.Record({ provider: IDL.Principal });
    expect(read('approve_provider', encoded(provider, { provider: someone }))?.argument).toEqual({
      provider: '2vxsx-fae',
    });
    const job = IDL.Record({ job: IDL.Nat64 });
    expect(read('grant_access', encoded(job, { job: 7n }))?.argument).toEqual({ job: '7' });
    const root = IDL.Record({ root: IDL.Vec(IDL.Nat8) });
    expect(read('publish_root', encoded(root, { root: Uint8Array.of(1, 255) }))?.argument).toEqual({ root: '01ff' });
    const operators = IDL.Record({ operators: IDL.Vec(IDL.Principal), drivers: IDL.Vec(IDL.Principal) });
    expect(read('set_operators', encoded(operators, { operators: [someone], drivers: [] }))?.argument).toEqual({
      ...{ operators: ['2vxsx-fae'], drivers: [] },
    });
  });

  const gate = { min_windows: IDL.Nat32, max_correction_permille: IDL.Nat32, max_errors: IDL.Nat32 };
  const more = {
    min_pods: IDL.Opt(IDL.Nat32),
    min_pod_windows: IDL.Opt(IDL.Nat32),
    max_bad_permille: IDL.Opt(IDL.Nat32),
  };
  const plan = (fields: object, gateFields: object) =>
    IDL.Record({
      ...{ checkpoint: IDL.Text, channel: IDL.Text },
      plan: IDL.Record({
        waves: IDL.Vec(IDL.Nat32),
        soak_seconds: IDL.Nat32,
        gate: IDL.Record({ ...gate, ...gateFields }),
        ...fields,
      }),
    });
  const judged = { min_windows: 80, max_correction_permille: 350, max_errors: 0 };
  const adopt = { checkpoint: 'c', channel: 'stable' };

  it('leaves out of a plan what its vote did not know yet', () => {
    const old = encoded(plan({}, {}), {
      ...adopt,
      plan: { waves: Uint32Array.of(1, 3), soak_seconds: 6, gate: judged },
    });
    expect(read('adopt_checkpoint', old)?.argument).toEqual({
      ...{ ...adopt, plan: { waves: [1, 3], soak_seconds: 6, gate: judged, skippable_soak: [] } },
    });
  });

  it('keeps of a plan what was voted', () => {
    const type = plan({ skippable_soak: IDL.Opt(IDL.Bool), shares: IDL.Opt(IDL.Vec(IDL.Nat32)) }, more);
    const voted = { ...judged, min_pods: [3], min_pod_windows: [20], max_bad_permille: [400] };
    const bytes = encoded(type, {
      ...adopt,
      plan: { waves: [], soak_seconds: 6, gate: voted, skippable_soak: [true], shares: [[10, 1000]] },
    });
    expect(read('adopt_checkpoint', bytes)?.argument).toEqual({
      ...adopt,
      plan: { waves: [], soak_seconds: 6, gate: voted, skippable_soak: [true], shares: [[10, 1000]] },
    });
  });

  it('is not known for a function that is none of ours', () => {
    expect(readPayload('x', 1, '')).toBeNull();
    expect(readPayload('x', 999_999, 'zz')).toBeNull();
  });

  it.each(['', '00', '4449444c', 'zz', encoded(IDL.Text, 'x'), encoded(text('other'), { other: 'x' })])(
    'that is %j is no argument, and is refused',
    async (payload) =>
      expect(await refusal(() => read('accept_dataset', payload))).toMatch(
        /^wrongDocument: x: it is no argument of accept_dataset/,
      ),
  );
});
