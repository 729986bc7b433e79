/**
 * Governance under attack, with its real Wasm on the embedded IC host. What a message costs is the network's own count
 * of instructions. `npm run bench -- governance` does the same with 100,000 neurons.
 */
import { Crowd, TOKEN } from '../test/crowd.js';

const NEURONS = Number(process.env['LIVEPOD_CROWD'] ?? 150);
const MOST_INSTRUCTIONS = 1_000_000_000;
const WIDTH = 15;

/** The worst graphs of followers there are: each neuron, and whom it follows. */
const GRAPHS: Record<string, (neuron: number) => number[]> = {
  'a chain': (neuron) => (neuron === 0 ? [] : [neuron - 1]),
  'a star': (neuron) => (neuron === 0 ? [] : [0]),
  'layers that all follow the layer before': (neuron) => {
    const before = (Math.floor(neuron / WIDTH) - 1) * WIDTH;
    return before < 0 ? [] : Array.from({ length: WIDTH }, (_, n) => before + n);
  },
  'a cycle': (neuron) => [(neuron + 1) % NEURONS],
};

describe('a DAO with very many neurons', () => {
  let crowd: Crowd;
  beforeAll(async () => {
    crowd = await Crowd.gather({ neurons: NEURONS, parameters: { max_open_proposals_per_neuron: [3] } });
  }, 900_000);
  afterAll(() => crowd?.leave());

  it.each(Object.keys(GRAPHS))(
    'is not stopped by %s among followers: each message stays below 1 B instructions',
    async (name) => {
      await crowd.follow(name, GRAPHS[name]!);
      const proposal = await crowd.propose(crowd.whale, name);
      const first = name.startsWith('layers') ? [...Array(WIDTH).keys()] : [0];
      for (const neuron of first) await crowd.vote(neuron, proposal, 'no');
      const { latest_tally, decided_timestamp_seconds } = await crowd.until(
        proposal,
        (data) => data.decided_timestamp_seconds > 0n,
      );
      expect(latest_tally[0]!.no).toBeGreaterThanOrEqual((BigInt(NEURONS) * TOKEN * 99n) / 100n);
      expect(decided_timestamp_seconds).toBeGreaterThan(0n);
      const costs = await crowd.costs();
      for (const [kind, most] of Object.entries(costs)) expect([kind, most < MOST_INSTRUCTIONS]).toEqual([kind, true]);
    },
    600_000,
  );

  it('says how its voting power is distributed', async () => {
    const [certified] = await crowd.governance.get_distribution();
    expect(certified?.certificate).toHaveLength(1);
    expect(JSON.parse(certified!.json)).toMatchObject({ neurons: NEURONS + 1, nakamoto: expect.any(Number) });
  });

  it('is not filled with proposals by one neuron', async () => {
    await crowd.follow('nobody', () => []);
    for (let n = 0; n < 3; n += 1) await crowd.propose(7, `spam ${n}`);
    await expect(crowd.propose(7, 'spam 3')).rejects.toThrow('3 open proposals');
    await crowd.propose(8, 'from another');
  }, 600_000);
});

describe('a DAO whose slots an attacker fills', () => {
  let crowd: Crowd;
  beforeAll(async () => {
    crowd = await Crowd.gather({ neurons: 4, parameters: { max_neurons: [5n], reject_cost_e8s: [TOKEN / 2n] } });
  }, 600_000);
  afterAll(() => crowd?.leave());

  it('charges a neuron for what is rejected, and burns it', async () => {
    const proposal = await crowd.propose(0, 'nobody wants this');
    for (const neuron of [1, crowd.whale]) await crowd.vote(neuron, proposal, 'no');
    const rejected = await crowd.until(proposal, (data) => data.decided_timestamp_seconds > 0n);
    expect(rejected.reject_cost_e8s).toBe(TOKEN / 2n);
    const [result] = (await crowd.governance.get_neuron({ neuron_id: [{ id: crowd.id(0) }] })).result;
    expect(result).toMatchObject({ Neuron: { neuron_fees_e8s: TOKEN / 2n } });
  });

  it('lets the least make room for who brings more, and gives its money back less what it owed', async () => {
    const before = await crowd.balance();
    await crowd.stake(99, 2n * TOKEN);
    const missing = async (): Promise<boolean> => {
      const [result] = (await crowd.governance.get_neuron({ neuron_id: [{ id: crowd.id(0) }] })).result;
      return result !== undefined && 'Error' in result;
    };
    expect(await missing()).toBe(true);
    const paid = before - 2n * TOKEN - 10_000n + TOKEN / 2n - 10_000n;
    await crowd.untilTrue(async () => (await crowd.balance()) === paid);
    await expect(crowd.stake(100, TOKEN / 100n)).rejects.toThrow('are needed');
  }, 60_000);

  it('lets in nothing that is not for it', async () => {
    const votes = { RegisterVote: { vote: 1, proposal: [{ id: 1n }] as [{ id: bigint }] } };
    await expect(crowd.byStranger(1, votes)).rejects.toThrow('rejected the message');
    const claims = { ClaimOrRefresh: { by: [{ NeuronId: {} }] as [{ NeuronId: object }] } };
    await expect(crowd.byStranger(1, claims)).resolves.toMatchObject({ command: [{ ClaimOrRefresh: {} }] });
  });
});
