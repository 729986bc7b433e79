import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { contribute, deriveSecrets, signerOf } from '@livepod/transfer';
import { namedNow, operatorToken } from '@livepod/cli/operating';
import { connect } from '@livepod/client';
import { readRing, rotate } from '@livepod/codec';
import { operatorTokenOf, unhex, type OperatorAction } from '@livepod/protocol';
import { keyRings } from '@livepod/stack';
import { contributor, dao, filesOf, openTheatre, schemaOf, type OpenTheatre } from '@livepod/story';
import { connectClient } from '@livepod/workers/temporal';
import { presigned } from './presigned.js';
import { leaksBelow, leaksIn, type Secret } from './secretScan.js';
import { TemporalUi } from './temporalUi.js';

const folder = mkdtempSync(join(tmpdir(), 'livepod-ui-'));
const state = join(folder, 'state');
const mark = randomBytes(6).toString('hex');
const canary = (what: string): string => `canary-${what}-${mark}`;
const TINY = { epochs: 1, windowsPerEpoch: 128, batch: 16, filters: 8 };
let open: OpenTheatre;
let ui: TemporalUi;
/** Every one that was used: none may be read anywhere. */
const tokens: string[] = [];
let signIn: string;
const dataKeys: Secret[] = [];

beforeAll(async () => {
  open = await openTheatre({ state, fresh: true, once: true, stackOnly: true, iVote: false, help: false });
  const { theatre } = open;
  theatre.tell = () => {};
  await theatre.voters.start();
  await dao.tell(theatre);
  signIn = await open.signIn();
  ui = await TemporalUi.open(theatre.network.temporal!.uiUrl!, theatre.network.temporal!.namespace);
});
afterAll(async () => {
  await ui?.close();
  await open?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A token for an update of a workflow as it stands, as `livepod ops token` makes it. */
async function signed(workflow: string, action: OperatorAction): Promise<{ token: string }> {
  const { network, temporal, cast } = open.theatre;
  const asked = (await namedNow({ network }, temporal, workflow, action))!;
  const { fleet } = network.canisters;
  const token = operatorToken(cast.seed('operator'), { fleet, minutes: 15, ...asked });
  tokens.push(token);
  return { token };
}

describe('an operator who signs with a key and does all else in a browser', () => {
  const round = 'by-hand';
  const id = `lifecycle-${round}`;
  const datasets: string[] = [];
  let checkpoint: string;
  let release: number;
  const plan = { waves: [1, 2], soakSeconds: 0, gate: { minWindows: 0, maxCorrectionPermille: 1000, maxErrors: 9 } };

  it('signs in at the codec server by a link', async () => {
    await ui.page.goto(signIn);
    await ui.page.getByRole('heading', { name: 'Live Pod for operators' }).waitFor();
    expect(new URL(ui.page.url()).search).toBe('');
  });

  it('tells the UI where it is', () => ui.useCodec(open.theatre.network.temporal!.codecUrl!));

  it('starts a lifecycle through the form, from a link', async () => {
    datasets.push(await contributed(0, 'bucket'), await contributed(1, 's3'));
    await ui.start('lifecycle', 'orchestrator', id, {
      round,
      recipe: open.theatre.memory.told.recipe,
      provider: 'provider-1',
      datasets,
      arguments: TINY,
      plan,
      approveWaves: true,
      holdSeconds: 0,
    });
  });

  it('reads on its page what is happening', async () => {
    expect(await ui.details(id, /by-hand/)).toMatch(/provider-1/);
  });

  it('is refused without a token, in a sentence', async () => {
    expect(await ui.update(id, 'pause', { reason: 'Looking at the numbers' }, 'update')).toMatch(/token/i);
  });

  it('pauses it, reads so, and lets it go on', async () => {
    expect(
      await ui.update(id, 'pause', { reason: 'Looking at the numbers', ...(await signed(id, 'pause')) }),
    ).toBeUndefined();
    expect(await ui.details(id, /Paused: Looking at the numbers/)).toMatch(/resume/);
    await ui.picture('paused');
    expect(await ui.update(id, 'pause', { reason: 'Once more', token: tokens[0] })).toMatch(
      /It is paused already; resume it first/,
    );
    expect(await ui.update(id, 'resume', await signed(id, 'resume'))).toBeUndefined();
    await ui.details(id, /Resumed|Roll|Train|Review/);
  });

  it('does not notice that the key is rotated meanwhile', () =>
    expect(rotate(keyRings(state).ours)).toMatch(/^k\d{8}-/));

  it('lets the second wave begin, and reads result and input in clear', async () => {
    await ui.details(`${id}-rollout`, /Waiting for approval: wave 2 of 2/, 240);
    expect(await ui.update(`${id}-rollout`, 'approve', await signed(`${id}-rollout`, 'approve'))).toBeUndefined();
    await ui.open(id, 'history');
    const shown = await ui.payloads(/"outcome": "completed"/, 120);
    expect(shown).toMatch(new RegExp(`"round": "${round}"`));
  });

  it('trains a second checkpoint by itself, and gives the job more time', async () => {
    await ui.start('trainingRound', 'orchestrator', 'training-2', {
      round: 'two',
      provider: 'provider-1',
      recipe: open.theatre.memory.told.recipe,
      arguments: { ...TINY, epochs: 40 },
      seed: 2,
      datasets,
      base: null,
      reward: '500000000',
      deadlineSeconds: 3600,
    });
    await ui.details('training-2', /Provider provider-1 trains/, 120);
    const more = { seconds: 1800, ...(await signed('training-2', 'extendDeadline')) };
    expect(await ui.update('training-2', 'extendDeadline', more)).toBeUndefined();
    await ui.open('training-2', 'history');
    checkpoint = /"checkpoint": "(sha256:[0-9a-f]{64})"/.exec(await ui.payloads(/"checkpoint": "sha256:/, 240))![1]!;
  });

  it('has it reviewed, and reads the number of its release', async () => {
    await ui.start('checkpointReview', 'orchestrator', 'review-2', {
      round: 'two',
      checkpoint,
      channel: 'stable',
      plan,
    });
    release = Number(
      /Official: version 2 of channel stable, release (\d+)/.exec(
        await ui.details('review-2', /Official: version 2/, 120),
      )![1],
    );
  });

  it('starts its rollout, pauses the release, lets it go on', async () => {
    const rollout = `rollout-${release}`;
    await ui.start('modelRollout', 'orchestrator', rollout, {
      release,
      channel: 'stable',
      waves: 2,
      approveWaves: true,
    });
    await ui.details(rollout, /Waiting for approval: wave 2 of 2/);
    expect(
      await ui.update(rollout, 'pause', { reason: 'Pods report late', ...(await signed(rollout, 'pause')) }),
    ).toBeUndefined();
    expect(await ui.details(rollout, /Paused: Pods report late/)).toMatch(/resume/);
    await ui.picture('paused-release');
    expect(await releaseState(release)).toEqual('paused');
    expect(await ui.update(rollout, 'resume', await signed(rollout, 'resume'))).toBeUndefined();
    expect(await releaseState(release)).not.toEqual('paused');
    expect(await ui.update(rollout, 'approve', await signed(rollout, 'approve'))).toBeUndefined();
    await ui.details(rollout, /Version 2 is stable for the whole channel/, 120);
  });

  it('rolls back', async () => {
    await ui.start('modelRollback', 'rollback', 'rollback-stable-stairs', {
      channel: 'stable',
      version: 1,
      reason: 'Version 2 misreads stairs',
      ref: 'stairs',
    });
    await ui.open('rollback-stable-stairs', 'history');
    expect(await ui.payloads(/"version"/, 120)).toMatch(/Version 2 misreads stairs/);
    expect(await stableVersion()).toBe(1);
  });

  it('reads why a bad input was refused, and what to do', async () => {
    await ui.start('lifecycle', 'orchestrator', 'lifecycle-bad', {
      round: 'bad',
      provider: 'provider-1',
      recipe: canary('in-failure'),
      datasets: [],
    });
    await ui.open('lifecycle-bad', 'history');
    expect(await ui.payloads(/Give an id/)).toContain(`\\"recipe\\" is \\"${canary('in-failure')}\\"`);
    await ui.picture('failure');
  });

  it('sees nothing of it without signing in', async () => {
    const stranger = await TemporalUi.open(open.theatre.network.temporal!.uiUrl!, 'livepod');
    try {
      await stranger.open('lifecycle-bad', 'history');
      expect(await stranger.payloads(/binary|aes-gcm|Encoded|[A-Za-z0-9+/]{40}/)).not.toContain(canary('in-failure'));
    } finally {
      await stranger.close();
    }
  });
});

it('a schedule runs again after a run that came to something', async () => {
  const { temporal } = open.theatre;
  const runs = (): Promise<string[]> =>
    temporal.schedule
      .getHandle('treasury-watch')
      .describe()
      .then(({ info }) => info.recentActions.map(({ action }) => action.workflow.workflowId));
  for (const count of [1, 2]) {
    const before = await runs();
    let begun: string | undefined;
    while (begun === undefined) {
      // skipped while the schedule has not heard that the run before ended
      await temporal.schedule.getHandle('treasury-watch').trigger();
      await sleep(2000);
      begun = (await runs()).find((id) => !before.includes(id));
    }
    const result = await temporal.workflow.getHandle(begun).result();
    expect({ count, result }).toEqual({ count, result: expect.objectContaining({}) });
  }
});

describe('secrets', () => {
  let planted: Secret[];
  beforeAll(async () => {
    const { theatre } = open;
    const { network } = theatre;
    const signed = presigned({ ...network.s3!, ...theatre.s3 }, canary('object'));
    expect((await fetch(signed)).status).toBe(404); // it is good: another signature is refused with 403
    await theatre.temporal.workflow
      .execute('modelRollback', {
        taskQueue: 'rollback',
        workflowId: 'rollback-canary',
        args: [{ channel: 'stable', version: 0, reason: `${canary('in-input')} ${signed}`, ref: 'canary' }],
      })
      .catch(() => {});
    planted = [
      ...readdirSync(join(state, 'identities'))
        .filter((file) => file.endsWith('.json'))
        .map((file) => ({
          name: `seed of ${file}`,
          value: unhex((JSON.parse(readFileSync(join(state, 'identities', file), 'utf8')) as { seed: string }).seed),
        })),
      ...Object.entries(keyRings(state)).flatMap(([name, path]) =>
        Object.entries({ ...readRing(path).keys, ...Object.values(readRing(path).shared ?? {})[0]?.keys }).map(
          ([key, secret]) => ({ name: `codec key ${key} of ${name}`, value: unhex(secret) }),
        ),
      ),
      { name: 'S3 secret', value: theatre.s3.secretAccessKey },
      { name: 'signature of the presigned URL', value: new URL(signed).searchParams.get('X-Amz-Signature')! },
      { name: 'presigned URL', value: signed },
      ...tokens.flatMap((token, index) => [
        { name: `operator token ${index}`, value: token },
        { name: `signature of operator token ${index}`, value: operatorTokenOf(token).signature },
      ]),
      { name: 'sign-in token', value: new URL(signIn).searchParams.get('token')! },
      { name: 'canary in an input', value: canary('in-input') },
      { name: 'canary in a failure', value: canary('in-failure') },
      ...dataKeys,
    ];
    expect(planted.length).toBeGreaterThan(20);
  });

  it('are not in what the Temporal server keeps', () =>
    expect(leaksBelow(join(state, 'temporal'), planted)).toEqual([]));
  it('are not in any log', () => expect(leaksBelow(join(state, 'logs'), planted)).toEqual([]));
  it('are not in what the browser and the Temporal UI exchange', async () => {
    const traffic = await ui.traffic();
    expect(traffic.length).toBeGreaterThan(50);
    expect(traffic.flatMap(({ url, bytes }) => leaksIn(url.slice(0, 200), bytes, planted))).toEqual([]);
  });

  it('would be found: with the codec off they are there', async () => {
    const { temporal } = open.theatre.network;
    const clear = await connectClient({ ...temporal!, codecUrl: undefined }, { keys: 'off' });
    try {
      await clear.workflow.start('lifecycle', {
        taskQueue: 'nobody',
        workflowId: 'lifecycle-leak',
        args: [{ round: canary('leaked'), token: tokens[0] }],
      });
    } finally {
      await clear.connection.close();
    }
    const leaks = leaksBelow(join(state, 'temporal'), [{ name: 'leak', value: canary('leaked') }, ...planted]);
    expect([...new Set(leaks.map(({ secret }) => secret))].sort()).toEqual([
      'leak',
      'operator token 0',
      'signature of operator token 0',
    ]);
    await ui.open('lifecycle-leak', 'history');
    await ui.payloads(new RegExp(canary('leaked')));
    expect(
      (await ui.traffic()).flatMap(({ url, bytes }) => leaksIn(url, bytes, [{ name: 'leak', value: canary('leaked') }]))
        .length,
    ).toBeGreaterThan(0);
  });
});

/** As the fleet canister tells it to anybody. */
async function releaseState(release: number): Promise<string> {
  const { fleet } = await connect(open.theatre.network);
  return Object.keys((await fleet.get_release(BigInt(release)))!.state)[0]!;
}

async function stableVersion(): Promise<number | undefined> {
  const { models } = await connect(open.theatre.network);
  return (await models.get_channel('stable'))!.stable[0]?.version;
}

/** A dataset of two recordings of one of the story's people; its data key is remembered. */
async function contributed(index: number, store: 'bucket' | 's3'): Promise<string> {
  const { theatre } = open;
  const person = theatre.people.first[index]!;
  const seed = theatre.cast.seed(contributor(person));
  const title = `Watch of ${person}`;
  const recordings = filesOf(theatre.recordings, person).slice(0, 2);
  const files = recordings.map(({ name, bytes }) => ({
    name,
    bytes: new TextEncoder().encode(bytes),
  }));
  const { dataset } = await contribute({
    clients: await connect(theatre.network, theatre.cast.identity(contributor(person))),
    seed,
    recordings,
    schema: schemaOf(theatre.recordings),
    title,
    store,
    licence: { fee: '100000000' },
    ...(store === 's3' ? { s3: { ...theatre.network.s3!, ...theatre.s3 } } : {}),
  });
  const { dataKey, wrapSeed } = await deriveSecrets(signerOf(seed), files, `${store}:${title}`);
  dataKeys.push({ name: `data key of ${person}`, value: dataKey }, { name: `wrapping of ${person}`, value: wrapSeed });
  return dataset;
}
