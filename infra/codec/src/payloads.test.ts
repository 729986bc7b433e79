import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { acceptShare, KeyRing, newRing, readRing, rotate, share, writeRing } from './keyRing.js';
import { IN_CLEAR, LivepodCodec, RECIPIENT } from './payloads.js';

let folder: string;
let path: string;
let codec: LivepodCodec;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepod-codec-'));
  path = join(folder, 'codec.json');
  writeRing(path, newRing('livepod'));
  codec = new LivepodCodec(new KeyRing(path));
});
afterEach(() => rmSync(folder, { recursive: true }));

const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value)!;
const value = (from: Payload): unknown => defaultPayloadConverter.fromPayload(from);
const workflow = (workflowId: string, namespace = 'livepod') => ({ type: 'workflow' as const, namespace, workflowId });
const activity = (workflowId: string, namespace = 'livepod') => ({
  type: 'activity' as const,
  namespace,
  workflowId,
  activityId: '1',
  isLocal: false,
});
const one = async (encoded: Promise<Payload[]>): Promise<Payload> => (await encoded)[0]!;
const sealed = (context = workflow('lifecycle-1'), by = codec): Promise<Payload> =>
  one(by.encode([payload({ secret: 'canary' })], context));
const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: { code: string }) => error.code,
  );

describe('the payload codec', () => {
  it('hides a payload and its metadata, and gives both back', async () => {
    const hidden = await sealed();
    expect(Buffer.from(hidden.data!).includes('canary')).toBe(false);
    expect(Object.keys(hidden.metadata!).sort()).toEqual(['encoding', 'key-id', 'namespace', 'workflow-id']);
    const open = await one(codec.decode([hidden], workflow('lifecycle-1')));
    expect(value(open)).toEqual({ secret: 'canary' });
    expect(Buffer.from(open.metadata!['encoding']!).toString()).toBe('json/plain');
  });

  it('never makes the same ciphertext twice', async () => {
    expect(Buffer.compare((await sealed()).data!, (await sealed()).data!)).not.toBe(0);
  });

  it('opens an activity’s payload in the workflow that scheduled it', async () => {
    expect(
      value(await one(codec.decode([await sealed(activity('lifecycle-1') as never)], activity('lifecycle-1')))),
    ).toEqual({ secret: 'canary' });
  });

  it('opens a payload of the UI, which knows no workflow, in any workflow of its namespace', async () => {
    const [ofUi] = await codec.encode([payload('from the form')], { namespace: 'livepod' } as never);
    expect(value(await one(codec.decode([ofUi!], workflow('lifecycle-7'))))).toBe('from the form');
  });

  describe('of a payload in clear', () => {
    const worker = () => new LivepodCodec(new KeyRing(path), true);

    it.each([
      ['a result that a client reads', () => codec, workflow('lifecycle-1')],
      ['an activity’s argument or result', worker, activity('lifecycle-1')],
      ['a Nexus order', worker, undefined],
    ])('uses nothing: in %s it is refused', async (_, by, context) => {
      await expect(by().decode([payload('clear')], context as never)).rejects.toMatchObject({
        code: 'clearPayload',
        message: expect.stringContaining('anybody may have written it'),
      });
    });

    it('gives it to a workflow as what came in clear, which queries alone take', async () => {
      expect(value(await one(worker().decode([payload({ round: 7 })], workflow('lifecycle-1'))))).toEqual({
        [IN_CLEAR]: { round: 7 },
      });
    });

    it.each([
      ['ends the field that it is put into', '1},"round":{"a":1'],
      ['is no JSON', 'round'],
      ['is nothing', ''],
    ])('refuses one that %s', async (_, data) => {
      const clear = { metadata: payload(1).metadata!, data: Buffer.from(data) };
      expect(await code(worker().decode([clear], workflow('lifecycle-1')))).toBe('clearPayload');
    });

    it('refuses another encoding, also for a workflow', async () => {
      const bytes = payload(Buffer.from('bytes'));
      expect(Buffer.from(bytes.metadata!['encoding']!).toString()).toBe('binary/plain');
      expect(await code(worker().decode([bytes], workflow('lifecycle-1')))).toBe('clearPayload');
    });

    it('lets pass what holds nothing', async () => expect(await codec.decode([{}])).toEqual([{}]));
  });

  it('refuses a payload that was moved to another workflow', async () => {
    expect(await code(codec.decode([await sealed()], workflow('lifecycle-2')))).toBe('wrongWorkflow');
  });

  it('refuses a moved payload that claims to be of its new workflow', async () => {
    const moved = await sealed();
    moved.metadata!['workflow-id'] = Buffer.from('lifecycle-2');
    expect(await code(codec.decode([moved], workflow('lifecycle-2')))).toBe('notAuthentic');
    delete moved.metadata!['workflow-id'];
    expect(await code(codec.decode([moved], workflow('lifecycle-2')))).toBe('notAuthentic');
  });

  it('opens a schedule’s arguments in the runs that it starts, and in no others', async () => {
    const hidden = await sealed(workflow('treasury-watch'));
    expect(value(await one(codec.decode([hidden], workflow('treasury-watch-2026-11-10T12:15:00Z'))))).toEqual({
      secret: 'canary',
    });
    expect(await code(codec.decode([hidden], workflow('treasury-watch-by-hand')))).toBe('wrongWorkflow');
  });

  it.each([0, 12, 40])('refuses a payload with one bit flipped, at byte %i', async (at) => {
    const hidden = await sealed();
    hidden.data![at]! ^= 1;
    expect(await code(codec.decode([hidden], workflow('lifecycle-1')))).toBe('notAuthentic');
  });

  it('opens what a schedule’s run came to in the next run of that schedule, and in no other', async () => {
    const result = await sealed(workflow('treasury-watch-2026-11-10T12:00:00Z'));
    expect(value(await one(codec.decode([result], workflow('treasury-watch-2026-11-10T12:15:00Z'))))).toEqual({
      secret: 'canary',
    });
    for (const other of ['treasury-watch', 'rounds-2026-11-10T12:15:00Z'])
      expect(await code(codec.decode([result], workflow(other)))).toBe('wrongWorkflow');
  });

  it('refuses a payload that was cut short', async () => {
    const hidden = await sealed();
    expect(await code(codec.decode([{ ...hidden, data: hidden.data!.subarray(0, 20) }], workflow('lifecycle-1')))).toBe(
      'notAuthentic',
    );
  });

  it('refuses a payload of another namespace', async () => {
    expect(await code(codec.decode([await sealed()], workflow('lifecycle-1', 'elsewhere')))).toBe('wrongNamespace');
  });

  it('refuses a key that it does not hold, and says what that means', async () => {
    writeRing(join(folder, 'other.json'), newRing('livepod'));
    const hidden = await sealed(undefined, new LivepodCodec(new KeyRing(join(folder, 'other.json'))));
    await expect(codec.decode([hidden], workflow('lifecycle-1'))).rejects.toThrow(
      /is not in the key ring of namespace livepod/,
    );
  });
});

describe('a key ring', () => {
  it('rotates: new payloads get the new key, old ones still open', async () => {
    const before = await sealed();
    const id = rotate(path);
    utimesSync(path, 1, 1); // also where two writes fall into one tick of the clock
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const after = await sealed();
    expect(Buffer.from(after.metadata!['key-id']!).toString()).toBe(id);
    expect(value(await one(codec.decode([before], workflow('lifecycle-1'))))).toEqual({ secret: 'canary' });
    expect(value(await one(codec.decode([after], workflow('lifecycle-1'))))).toEqual({ secret: 'canary' });
  });

  it('learns a rotated key at once when a payload needs it', async () => {
    const other = new LivepodCodec(new KeyRing(path));
    rotate(path);
    const fresh = await sealed(undefined, new LivepodCodec(new KeyRing(path)));
    expect(value(await one(other.decode([fresh], workflow('lifecycle-1'))))).toEqual({ secret: 'canary' });
  });

  it('is for its owner’s eyes only, after a rotation too', () => {
    rotate(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['not JSON', 'seed', /is not JSON/],
    ['no namespace', { active: 'a', keys: { a: 'f'.repeat(64) } }, /names no namespace/],
    ['a short key', { namespace: 'livepod', active: 'a', keys: { a: 'abc' } }, /key a is not 64 hex digits/],
    [
      'an active key that is absent',
      { namespace: 'livepod', active: 'b', keys: { a: 'f'.repeat(64) } },
      /active key b is not among its keys/,
    ],
    [
      'a customer without a shared key',
      { namespace: 'p', customer: 'livepod', active: 'a', keys: { a: 'f'.repeat(64) } },
      /shares no key with its customer/,
    ],
  ])('is refused with %s, and the sentence names no key', (_, ring, sentence) => {
    writeFileSync(path, typeof ring === 'string' ? ring : JSON.stringify(ring));
    expect(() => readRing(path)).toThrow(sentence);
    expect(() => readRing(path)).not.toThrow(/ffff|abc/);
  });
});

describe('between a customer and its provider', () => {
  let provider: LivepodCodec;
  beforeEach(() => {
    const theirs = join(folder, 'provider.json');
    writeRing(theirs, newRing('provider-1'));
    acceptShare(theirs, share(path, 'provider-1'));
    provider = new LivepodCodec(new KeyRing(theirs));
  });
  const order = async (): Promise<Payload> => {
    const marked = payload({ round: 'r' });
    marked.metadata![RECIPIENT] = Buffer.from('provider-1');
    return one(codec.encode([marked], workflow('lifecycle-1-training')));
  };

  it('a marked order is read by the provider’s Nexus handler, which knows no context', async () => {
    const open = await one(provider.decode([await order()]));
    expect(value(open)).toEqual({ round: 'r' });
    expect(open.metadata).not.toHaveProperty(RECIPIENT);
  });

  it('what the provider’s workflow returns is read by the workflow that asked', async () => {
    const result = await sealed(workflow('training-job-1', 'provider-1'), provider);
    expect(value(await one(codec.decode([result], workflow('lifecycle-1-training'))))).toEqual({ secret: 'canary' });
  });

  it('what the provider’s activities exchange stays its own', async () => {
    expect(
      await code(
        codec.decode(
          [await sealed(activity('training-job-1', 'provider-1') as never, provider)],
          workflow('lifecycle-1-training'),
        ),
      ),
    ).toBe('unknownKey');
  });

  it('what is not marked stays ours', async () => {
    expect(await code(provider.decode([await sealed()]))).toBe('unknownKey');
  });

  it('an order to a provider that holds no key is not sent in clear', async () => {
    const marked = payload('order');
    marked.metadata![RECIPIENT] = Buffer.from('provider-2');
    await expect(codec.encode([marked], workflow('lifecycle-1'))).rejects.toThrow(
      /No key is shared with namespace provider-2; make one with livepod codec share provider-2/,
    );
  });

  it('a shared key rotates when both hold it', async () => {
    rotate(path, 'provider-1');
    acceptShare(join(folder, 'provider.json'), share(path, 'provider-1'));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(value(await one(provider.decode([await order()])))).toEqual({ round: 'r' });
  });
});
