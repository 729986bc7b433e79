import { tipAt } from '../../test/network.js';
import { refusal, World } from '../../test/world.js';
import type { Entry, JsonObject } from '../format.js';
import { Proposals, type ProposalAccount } from './proposals.js';

const ADOPTING = { proposal: 20 };
const SECOND = 1_000_000_000n;
const later = (at: string, by: bigint): string => String(BigInt(at) + by);

const drawn = async (world: World): Promise<ProposalAccount[]> => {
  const proposals = new Proposals(world.facts);
  await proposals.ofRound();
  return proposals.list();
};
const adopting = async (world: World): Promise<ProposalAccount> => (await drawn(world)).at(-1)!;
const made = (world: World) => world.one('governance', 'proposal_made', ADOPTING);
const votes = (world: World) => world.all('governance', 'voted', ADOPTING);
const decided = (world: World) => world.one('governance', 'proposal_decided', ADOPTING);
const executed = (world: World) => world.one('governance', 'proposal_executed', ADOPTING);
const effect = (world: World) => world.one('models', 'checkpointAdopted', { version: 2 });
/** So many votes are left, the decision says so, and the deadline was before it. */
function fewer(world: World, count: number, more: JsonObject = {}): void {
  const { governance } = world.file.canisters;
  const gone = new Set(votes(world).slice(count));
  governance.log = governance.log.filter((entry) => !gone.has(entry));
  governance.log.forEach((entry, index) => (entry.index = index));
  const yes = votes(world).reduce((sum, { event }) => sum + Number(event['power']), 0);
  Object.assign(decided(world).event, { yes, ...more });
  overdue(world);
}
const overdue = (world: World): void =>
  void (made(world).event['deadline'] = Number(BigInt(decided(world).at) / SECOND));

describe('a round’s proposals', () => {
  it('are what the log of the governance says, with their votes and what they changed', async () => {
    const world = new World();
    const own = world.file.proposals.filter(({ reference }) => reference?.includes('/round-2/'));
    expect(own.length).toBeGreaterThan(0);
    expect(await drawn(world)).toEqual(own);
  });

  it('are those of its name, and none where a reference is no text', async () => {
    const world = new World();
    for (const { event } of world.all('governance', 'proposal_made')) event['reference'] = 5;
    expect(await drawn(world)).toEqual([]);
    made(world).event['reference'] = 'adopt/round-22/x';
    expect(await drawn(world)).toEqual([]);
  });

  it.each<[string, (world: World) => void, string]>([
    [
      'a vote that was cast twice',
      (w) => w.add('governance', { ...votes(w)[1]!.event }, { after: votes(w)[1]! }),
      'contradiction: .*voted twice',
    ],
    [
      'its proposer’s vote',
      (w) => w.drop('governance', 'voted', { ...ADOPTING, neuron: made(w).event['proposer']! }),
      'contradiction: .*its proposer.s vote is missing',
    ],
    [
      'more power than there is',
      (w) => void (made(w).event['total'] = Number(decided(w).event['yes']) - 1),
      'contradiction: .*more power voted',
    ],
    ['another sum of yes votes', (w) => void (decided(w).event['yes'] = 1), 'contradiction: .*the sum of yes votes'],
    ['another sum of no votes', (w) => void (decided(w).event['no'] = 1), 'contradiction: .*the sum of no votes'],
    ['another power of all', (w) => void (decided(w).event['total'] = 1), 'contradiction: .*the power of all voters'],
    [
      'a vote after its decision',
      (w) => {
        const { log } = w.file.canisters.governance;
        const late = votes(w).at(-1)!;
        log.splice(log.indexOf(late), 1);
        log.splice(log.indexOf(decided(w)) + 1, 0, late);
        log.forEach((entry, index) => (entry.index = index));
      },
      'contradiction: .*the vote came after the decision',
    ],
    [
      'a decision before its deadline without a majority',
      (w) => {
        fewer(w, 3);
        made(w).event['deadline'] = Number(made(w).event['deadline']) + 1;
      },
      'contradiction: .*before its deadline without a majority',
    ],
    [
      'a decision that does not follow',
      (w) => void (decided(w).event['adopted'] = false),
      'contradiction: .*whether it was adopted',
    ],
    [
      'an execution without a decision',
      (w) => w.drop('governance', 'proposal_decided', ADOPTING),
      'contradiction: .*without having been adopted',
    ],
    [
      'a failed execution without a decision',
      (w) => {
        executed(w).event['type'] = 'proposal_failed';
        w.drop('governance', 'proposal_decided', ADOPTING);
      },
      'contradiction: .*without having been adopted',
    ],
    [
      'an execution of which nothing came',
      (w) => w.drop('models', 'checkpointAdopted', { version: 2 }),
      'missing: .*what proposal 20 carried out',
    ],
    [
      'an effect on something else',
      (w) => void (effect(w).event['channel'] = 'beta'),
      'missing: .*what proposal 20 carried out',
    ],
    [
      'an effect by somebody else',
      (w) => void (effect(w).caller = 'aaaaa-aa'),
      'missing: .*what proposal 20 carried out',
    ],
    [
      'an effect long before its decision',
      (w) => void (effect(w).at = later(decided(w).at, -5n * SECOND - 1n)),
      'missing: .*what proposal 20',
    ],
    [
      'an effect long after its execution',
      (w) => void (effect(w).at = later(executed(w).at, 5n * SECOND + 1n)),
      'missing: .*what proposal 20',
    ],
    [
      'other words than were read',
      (w) => void (w.file.documents.proposals.find(({ proposal }) => proposal === 20)!.rendering += '.'),
      'wrongDocument: .*rendering: .*not what voters read',
    ],
    [
      'another payload than was voted on',
      (w) => void (w.file.documents.proposals.find(({ proposal }) => proposal === 20)!.payload = '00'),
      'wrongDocument: .*payload: .*put to the vote',
    ],
    ['power that is no number', (w) => void (votes(w)[0]!.event['power'] = 'all'), 'contradiction: .*a whole number'],
  ])('are refused with %s missing or wrong', async (_, change, why) => {
    const world = new World();
    change(world);
    expect(await refusal(() => drawn(world))).toMatch(new RegExp(`^${why}`));
  });

  it.each<[string, (world: World) => void]>([
    [
      'an effect within five seconds before its decision',
      (w) => void (effect(w).at = later(decided(w).at, -5n * SECOND)),
    ],
    [
      'an effect within five seconds after its execution',
      (w) => void (effect(w).at = later(executed(w).at, 5n * SECOND)),
    ],
    ['a decision at its deadline, with its quorum', (w) => fewer(w, 3)],
    [
      'as much power as there is',
      (w) => {
        made(w).event['total'] = decided(w).event['total'] = decided(w).event['yes']!;
      },
    ],
  ])('hold with %s', async (_, change) => {
    const world = new World();
    change(world);
    expect(await adopting(world)).toMatchObject({ outcome: 'executed', proposal: 20 });
  });
});

describe('a proposal', () => {
  const without = (world: World): void => {
    world.drop('governance', 'proposal_executed', ADOPTING);
    world.drop('models', 'checkpointAdopted', { version: 2 });
  };

  it('that is adopted and not yet carried out is open; a motion is carried out when it is adopted', async () => {
    const world = new World();
    without(world);
    expect(await adopting(world)).toMatchObject({ outcome: 'open', executed: null, effect: null });
    made(world).event['function'] = 1;
    expect(await adopting(world)).toMatchObject({ outcome: 'executed', method: null, argument: null, effect: null });
  });

  it('that is not decided is open', async () => {
    const world = new World();
    without(world);
    world.drop('governance', 'proposal_decided', ADOPTING);
    expect(await adopting(world)).toMatchObject({ outcome: 'open', decided: null });
  });

  it('that failed, or was withdrawn, says so', async () => {
    const world = new World();
    const end = executed(world);
    end.event['type'] = 'proposal_failed';
    world.drop('models', 'checkpointAdopted', { version: 2 });
    expect(await adopting(world)).toMatchObject({ outcome: 'failed', executed: { entry: end.index }, effect: null });
    end.event['type'] = 'proposal_withdrawn';
    world.drop('governance', 'proposal_decided', ADOPTING);
    expect(await adopting(world)).toMatchObject({ outcome: 'withdrawn', decided: { log: 'governance' } });
  });

  it('that lost is rejected; votes against are told as no', async () => {
    const world = new World();
    without(world);
    for (const { event } of votes(world).slice(1)) event['vote'] = 2;
    const no = votes(world)
      .slice(1)
      .reduce((sum, { event }) => sum + Number(event['power']), 0);
    Object.assign(decided(world).event, { yes: votes(world)[0]!.event['power'], no, adopted: false });
    const lost = await adopting(world);
    expect(lost).toMatchObject({ outcome: 'rejected', no: String(no) });
    expect(lost.votes.map(({ vote }) => vote)).toEqual(['yes', 'no', 'no', 'no', 'no']);
  });

  it('is of a neuron that followed others where it says so, and has a reference or none', async () => {
    const world = new World();
    votes(world)[2]!.event['follows'] = true;
    expect((await adopting(world)).votes.map(({ follows }) => follows)).toEqual([false, false, true, false, false]);
  });

  it('has power beyond the numbers of JavaScript as text', async () => {
    const world = new World();
    const total = String(2n ** 60n);
    made(world).event['total'] = decided(world).event['total'] = total;
    for (const { event } of votes(world)) event['power'] = String(2n ** 57n);
    Object.assign(decided(world).event, { yes: String(5n * 2n ** 57n) });
    expect(await adopting(world)).toMatchObject({ total, yes: String(5n * 2n ** 57n) });
  });
});

describe('what stands behind a change', () => {
  const behind = (world: World, entry: Entry = effect(world)): Promise<ProposalAccount | null> =>
    new Proposals(world.facts).behind(entry, 'adopt_checkpoint');
  /** The log of the governance without its first entries, from a tip of that time. */
  function startLater(world: World, from: Entry): void {
    const { governance } = world.file.canisters;
    const first = governance.log.indexOf(from);
    const { hash } = governance.log[first - 1]!;
    governance.start = { ...tipAt(hash, governance.id, BigInt(from.at)), length: first, hash };
    governance.log.splice(0, first);
  }

  it('is the executed proposal that asked for it', async () => {
    expect(await behind(new World())).toMatchObject({ proposal: 20 });
  });

  it.each<[string, (world: World) => void]>([
    ['that was not executed', (w) => w.drop('governance', 'proposal_executed', ADOPTING)],
    ['that was not decided', (w) => w.drop('governance', 'proposal_decided', ADOPTING)],
    ['that was never made', (w) => w.drop('governance', 'proposal_made', ADOPTING)],
    ['of another function', (w) => void (made(w).event['function'] = 1001)],
    ['of another version of things', (w) => void (effect(w).event['checkpoint'] = `sha256:${'0'.repeat(64)}`)],
    ['that was executed long before', (w) => void (effect(w).at = later(executed(w).at, 5n * SECOND + 1n))],
    ['that was decided long after', (w) => void (effect(w).at = later(decided(w).at, -5n * SECOND - 1n))],
  ])('is no proposal %s', async (_, change) => {
    const world = new World();
    change(world);
    expect(await refusal(() => behind(world))).toMatch(/^missing: canisters.models.log\[18\]: no executed proposal/);
  });

  it.each([-5n, 5n])('may differ by five seconds, for clocks differ: %d', async (by) => {
    const world = new World();
    effect(world).at = later(by < 0n ? decided(world).at : executed(world).at, by * SECOND);
    expect(await behind(world)).toMatchObject({ proposal: 20 });
  });

  it('is nobody but the governance', async () => {
    const world = new World();
    effect(world).caller = 'aaaaa-aa';
    expect(await refusal(() => behind(world))).toMatch(/^contradiction: .*who did it/);
  });

  it('may be a proposal that was made before the file starts, and executed since', async () => {
    const world = new World();
    startLater(world, votes(world)[2]!);
    expect(await behind(world)).toBeNull();
    const other = new World();
    startLater(other, other.one('governance', 'proposal_made', { proposal: 19 }));
    effect(other).event['checkpoint'] = 'x';
    expect(await refusal(() => behind(other))).toMatch(/^missing: /);
  });

  it('may be older than the file for a thing that was there before its start', async () => {
    const world = new World();
    const { governance } = world.file.canisters;
    startLater(world, made(world));
    const proposals = new Proposals(world.facts);
    expect(proposals.mayBeOlder(20, undefined)).toBe(true);
    expect(proposals.mayBeOlder(3, undefined)).toBe(true);
    const there = (at: string): Entry => ({ ...governance.log[0]!, at });
    expect(proposals.mayBeOlder(3, there(later(made(world).at, 5n * SECOND)))).toBe(true);
    expect(proposals.mayBeOlder(3, there(later(made(world).at, 5n * SECOND + 1n)))).toBe(false);
    expect(new Proposals(new World().facts).mayBeOlder(99, undefined)).toBe(false);
  });
});
