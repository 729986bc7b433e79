import type { JobTerms } from '@livepod/activities/ports';
import { Rehearsal } from '../test/rehearsal.js';
import { id, World } from '../test/world.js';

let rehearsal: Rehearsal;
beforeAll(async () => void (rehearsal = await Rehearsal.open()), 120_000);
afterAll(() => rehearsal?.close());

let rounds = 0;

/** A round of two datasets whose job is another one than was ordered; how it ends, and what it did until then. */
async function given(change: Partial<JobTerms>, world = new World()) {
  rehearsal.world = world;
  world.given = change;
  const name = `given-${++rounds}`;
  const handle = await rehearsal.start('trainingRound', name, {
    round: name,
    provider: 'provider-1',
    recipe: id('e'),
    arguments: { learningRate: '0.01' },
    seed: 1,
    datasets: [id('1'), id('2')],
    base: null,
    reward: '500',
    deadlineSeconds: 3600,
  });
  const ended = (await handle.result().catch((error: Error) => error.cause)) as unknown;
  return { ended, journal: world.journal };
}

describe('a round pays for what it ordered, and for nothing else', () => {
  it.each<[string, Partial<JobTerms>, string]>([
    ['another job than the provider named', { job: 8 }, 'job'],
    ['another approval than the provider named', { approvalDigest: id('b') }, 'digest'],
    ['a job of another provider', { providerName: 'provider-2' }, 'provider'],
    ['a job of a provider that voters did not approve', { providerName: null }, 'provider'],
    ['a job of an earlier round', { clientRef: 'round/earlier' }, 'reference'],
    ['another recipe', { recipe: id('f') }, 'recipe'],
    ['fewer epochs than the recipe’s', { arguments: { epochs: 1, learningRate: '0.01' } }, 'arguments'],
    ['another argument than the one given', { arguments: { epochs: 3, learningRate: '0.1' } }, 'arguments'],
    ['another seed', { seed: 2 }, 'seed'],
    ['another base', { base: id('d') }, 'base'],
    ['a dataset less', { datasets: [{ id: id('1'), epoch: 0 }] }, 'datasets'],
    ['a dataset more', { datasets: ['1', '2', '3'].map((digit) => ({ id: id(digit), epoch: 0 })) }, 'datasets'],
    ['a dataset’s older key', { datasets: ['1', '2'].map((digit) => ({ id: id(digit), epoch: 7 })) }, 'datasets'],
    ['higher licence fees', { fees: '201' }, 'fees'],
    ['a higher reward', { reward: '501' }, 'reward'],
    ['grants that last longer', { deadline: '2099-01-01T00:00:00.000Z' }, 'deadline'],
  ])('refuses %s', async (_, change, field) => {
    const { ended, journal } = await given(change);
    expect(ended).toMatchObject({ type: 'NotAsOrdered', details: [{ field }], nonRetryable: true });
    expect(journal).toEqual(['request job', 'give up request']);
  });

  it('takes the job that was ordered', async () => {
    const { ended, journal } = await given({});
    expect(ended).toMatchObject({ job: 7, checkpoint: id('c') });
    expect(journal).toEqual(['request job', 'open escrow', 'train', 'publish', 'wipe']);
  });

  it('refuses a checkpoint that its provider names and its job does not have', async () => {
    const world = new World();
    world.training.publish = async () => ({ checkpoint: id('d'), bytes: 1000 });
    const { ended, journal } = await given({ state: 'submitted', checkpoint: id('c') }, world);
    expect(ended).toMatchObject({ type: 'NotAsOrdered', details: [{ field: 'checkpoint' }] });
    expect(journal.slice(-2)).toEqual(['fail job', 'refund']);
  });

  it('gives the money back when another job has become of the one that was paid', async () => {
    const world = new World();
    const granted = world.access.granted;
    world.access.granted = async (request) => ({ ...(await granted(request)), approvalDigest: id('b') });
    const { ended, journal } = await given({}, world);
    expect(ended).toMatchObject({ type: 'NotAsOrdered', details: [{ field: 'digest' }] });
    expect(journal.slice(-2)).toEqual(['fail job', 'refund']);
  });
});
