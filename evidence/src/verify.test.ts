import { canonicalJson, utf8 } from '@livepod/protocol';
import { refusal, World } from '../test/world.js';
import { claimsOf } from './claims.js';
import type { JsonObject } from './format.js';
import { verify } from './verify.js';

/** The verdict on bytes whose beginning is no file: what is wrong with them is found before anything is computed. */
const bytes = (text: string | Uint8Array): Promise<string> =>
  refusal(() => verify(typeof text === 'string' ? utf8(text) : text));
const AT = 'canonical JSON \\(RFC 8785\\)';

describe('bytes', () => {
  it.each([
    ['', '\\$: it is not JSON, at byte 0; a file of evidence is '],
    ['{', '\\$: it is not JSON, at byte 1; '],
    ['{"a":1 }', 'a?\\$?: it is not written canonically, at byte 6; '],
    ['{"a":1}\n', '\\$: it is not written canonically, at byte 7; '],
    ['{"b":1,"a":2}', '.*: it is not written canonically, at byte '],
    ['{"a":1.0}', 'a: it is not written canonically, at byte 6; '],
    ['{"a":{"b":[1,2, 3]}}', 'a.b.*: it is not written canonically, at byte 15; '],
    ['{"a":"ä" }', '.*: it is not written canonically, at byte 9; '],
  ])('%j are not canonical', async (text, why) => {
    expect(await bytes(text)).toMatch(new RegExp(`^notCanonical: ${why}`));
    expect(await bytes(text)).toMatch(new RegExp(`${AT}$`));
  });

  it('that are no UTF-8 are refused where that begins', async () => {
    const broken = utf8('{"a":"x"}');
    broken[6] = 0xff;
    expect(await bytes(broken)).toMatch(/^notCanonical: a: it is not UTF-8, at byte 6; /);
  });

  it('that have no canonical form are refused with the place', async () => {
    expect(await bytes('{"a":{"b":1e400}}')).toMatch(/^notCanonical: /);
    expect(await bytes('{"a":{"b":0.5}}')).toMatch(/^(notCanonical: a.b: |missing: )/);
  });

  it('of something else are refused for their form', async () => {
    expect(await bytes('{}')).toMatch(/^missing: type: /);
    expect(await bytes('[]')).toMatch(/^wrongShape: \$: /);
  });
});

describe('a file', () => {
  const verdict = (world: World, options: Parameters<typeof verify>[1] = {}): Promise<string> =>
    refusal(() => verify(canonicalJson(world.file), { rootKey: world.file.rootKey, ...options }));

  it('is of the root key and the canisters that are trusted', async () => {
    const world = new World();
    expect(await refusal(() => verify(canonicalJson(world.file)))).toMatch(/^wrongRootKey: rootKey: /);
    expect(await verdict(world, { canisters: { fleet: world.file.canisters.models.id } })).toMatch(
      /^contradiction: canisters.fleet.id: /,
    );
    world.file.canisters.fleet.log.pop(); // so that nothing is computed
    expect(await verdict(world, { canisters: { fleet: world.file.canisters.fleet.id } })).toMatch(/^brokenChain: /);
  });

  it.each<[string, (file: JsonObject) => void, string]>([
    ['an account that lacks a list', (file) => Reflect.deleteProperty(file, 'jobs'), 'missing: jobs: it is missing'],
    ['an account with a field more', (file) => void (file['note'] = 'x'), 'differs: note: there is no such field'],
    [
      'a list with one less',
      (file) => void (file['rollbacks'] as unknown[]).pop(),
      'missing: rollbacks\\[1\\]: it is missing',
    ],
    [
      'a list with one more',
      (file) => void (file['rollbacks'] as unknown[]).push({}),
      'differs: rollbacks\\[2\\]: the logs tell of no such',
    ],
    [
      'another value',
      (file) => void ((file['rollbacks'] as JsonObject[])[0]!['reason'] = 'x'),
      'differs: rollbacks\\[0\\].reason: it says "x", and the logs say "Drill',
    ],
    ['an object for a list', (file) => void (file['rollbacks'] = {}), 'differs: rollbacks: '],
    [
      'a list for an object',
      (file) => void ((file['rollbacks'] as JsonObject[])[0]!['said'] = []),
      'differs: rollbacks\\[0\\].said: ',
    ],
    [
      'nothing for an object',
      (file) => void ((file['rollbacks'] as JsonObject[])[0]!['said'] = null),
      'differs: rollbacks\\[0\\].said: ',
    ],
    [
      'an inner field less',
      (file) => Reflect.deleteProperty((file['rollbacks'] as JsonObject[])[0]!['said'] as JsonObject, 'by'),
      'missing: rollbacks\\[0\\].said.by: ',
    ],
    ['another round', (file) => void (file['round'] = 'round-99'), 'notFound: round: nothing was proposed'],
    ['another outcome', (file) => void (file['outcome'] = 'stopped'), 'differs: outcome: '],
  ])('with %s is refused', async (_, change, why) => {
    const world = new World();
    change(world.file as unknown as JsonObject);
    expect(await verdict(world)).toMatch(new RegExp(`^${why}`));
  });
});

describe('claims', () => {
  const claims = (change: (world: World) => void = () => {}): string => {
    const world = new World();
    change(world);
    return claimsOf(world.file, world.file, 1_795_397_063_878_999_999n).join('\n');
  };

  it('say what the account says, with whole seconds and short ids', () => {
    const said = claims();
    for (const line of [
      /^7 canisters kept the logs below, certified by the network at 2026-11-23T\d\d:\d\d:\d\dZ: governance i3flu-/,
      /^The fleet log is complete from its first entry to its certified end: 29 entries/m,
      /^Proposal 20 “Adopt checkpoint fb403ec2 on channel stable” \(adopt_checkpoint\), made by qezk6-grefu… at /m,
      /: 5 votes, 67496020719282 yes and 0 no of 112492617922195; executed\.$/m,
      /^Dataset 0ca3262b8ec0… “Watch of s13”: manifest of 2 chunks signed and registered by i45xs-ifnsb…; /m,
      /; accepted by proposal 19\.$/m,
      /^Recipe motion-cnn 1\.0\.0 f6fbb1b1ed91…: approved by proposal 1\.$/m,
      /^Provider xazq2-nqsy4… \(bonded\): approved by proposal 2\.$/m,
      /^Job 2: 14 grants, and 14 releases of keys/m,
      /^Checkpoint fb403ec20e5a… of job 2: .*model\.onnx \(1 chunks\)/m,
      /^Evaluator 67oo4-ieuxg…, appointed by proposal 3 and not the provider, signed /m,
      /^It became version 2 of channel stable at .* by proposal 20\.$/m,
      /^Escrow 2 of job 2: 1900150000 e8s came in from qezk6-grefu… \(block 76\); 15 payments of 1900000000 e8s/m,
      /^Release 2 of version 2: waves of 1, 3, 6 pods as voted; 942 windows, 25 corrections, 0 errors; completed\.$/m,
      /^Channel stable was set from version 2 to version 1 at .* by proposal 25\.$/m,
      /^Round round-2: completed\. Nothing of it is left out/m,
    ])
      expect(said).toMatch(line);
    expect(said).not.toContain('was rejected');
  });

  it('say what went otherwise', () => {
    const said = claims(({ file }) => {
      file.proposals[0]!.method = null;
      file.recipes[0]!.proposal = null;
      Object.assign(file.checkpoints[0]!, {
        evaluation: null,
        rejected: { proposal: 20, said: file.rollbacks[0]!.said },
      });
      Object.assign(file.releases[0]!, { outcome: 'stopped', why: 'smoke' });
      file.rollbacks[0]!.from = null;
      file.jobs[0]!.keyReleases[0]!.released = null;
      file.canisters.fleet.code.controllers = [];
      file.slashes.push({
        proposal: 9,
        holder: 'zom5e-etsxy-g4siu-xpuyx-rhtad',
        purpose: 'provider',
        amount: '5',
        said: file.rollbacks[0]!.said,
      });
      const { models } = file.canisters;
      models.start = { ...models.tip, length: 4, hash: '' };
    });
    for (const line of [
      / \(motion\), made by /,
      /^Recipe .*: approved \(by a vote before this file starts\)\.$/m,
      /^It was rejected by proposal 20\.$/m,
      /stopped \(smoke\)\.$/m,
      /^Channel stable was set to version 1 at /m,
      /and 13 releases of keys/,
      /^The fleet log .* which nobody can change\.$/m,
      /^The provider bond of zom5e-etsxy… lost 5 e8s by proposal 9\.$/m,
      /^The models log is complete from entry 4, certified too, to/m,
      /Not here is what was recorded before the start of these logs: models \(2026-/,
    ])
      expect(said).toMatch(line);
    expect(said).not.toContain('Evaluator');
  });
});
