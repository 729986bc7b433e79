/**
 * People who are not in the story, on a stack of their own: each has an empty folder and a page of docs/, and types the
 * commands that stand there. What a page leaves to somebody else, somebody else does here.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contributor, dao, filesOf, openTheatre, type OpenTheatre } from '@livepod/story';
import { blocksOf, Person } from './person.js';
import { Reader, type Seen } from './reader.js';

const state = mkdtempSync(join(tmpdir(), 'livepod-people-'));
let open: OpenTheatre;
let network: string;
const people: Person[] = [];
const reader = new Reader();

/** Somebody with tokens, or with most of the votes. */
const others = new Map<string, Person>();

beforeAll(async () => {
  open = await openTheatre({ state, fresh: true, once: true, stackOnly: true, iVote: true, help: false });
  network = join(state, 'network.json');
  const { theatre } = open;
  theatre.tell = () => {};
  await theatre.voters.start();
  await dao.tell(theatre);
});
afterAll(async () => {
  for (const person of [...people, ...others.values()]) await person.leave();
  await reader.leave();
  await open?.close();
  rmSync(state, { recursive: true, force: true });
});

function somebody(environment: Record<string, string> = {}): Person {
  const person = new Person({ LIVEPOD_NETWORK: network, ...environment });
  people.push(person);
  return person;
}

/** What one of the story's cast types. */
async function other(name: string, command: string): Promise<string> {
  const known = others.get(name) ?? new Person({ LIVEPOD_NETWORK: network });
  others.set(name, known);
  return known.types(command, { LIVEPOD_IDENTITY: open.theatre.cast.file(name) });
}

/** Enough of the story's voters for a majority. */
async function othersVote(proposal: string): Promise<void> {
  await other('voter-5', `livepod vote ${proposal} yes`);
  await other('voter-4', `livepod vote ${proposal} yes`);
}

const json = <T>(text: string): T => JSON.parse(text) as T;
const openProposals = async (person: Person): Promise<{ proposal: number; title: string }[]> =>
  json(await person.types('livepod proposals --open --json'));

/** Opens an address as somebody with a browser does: it is a page that does nothing but be read. */
async function seen(address: string): Promise<Seen> {
  const page = await reader.opens(address);
  expect({ trouble: page.trouble, active: page.active }).toEqual({ trouble: [], active: 0 });
  expect(page.text).toContain('the answer of one replica, and not certified');
  return page;
}

/** The addresses that `livepod pages` printed: a name and an address to a line. */
const addressesIn = (printed: string): Record<string, string> =>
  Object.fromEntries(
    printed
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/) as [string, string]),
  );

describe('a contributor who has docs/contributors.md', () => {
  it('goes from nothing to an accepted dataset, and sees its trail', async () => {
    const { theatre } = open;
    const ada = somebody();
    mkdirSync(join(ada.home, 'recordings'));
    filesOf(theatre.recordings, theatre.people.podOwners[0]!)
      .slice(0, 2)
      .forEach(({ bytes }, at) => writeFileSync(join(ada.home, 'recordings', `run${at + 1}.csv`), bytes));

    const [identity, guess, look, bond, contribute, vote, trail, pages] = blocksOf('contributors');
    const principal = (await ada.types(identity!)).split('\n')[0]!;
    await ada.types(guess!);
    expect(await ada.types(look!)).toContain('2 of 2 files would be taken');
    await other('bank', `livepod tokens send ${principal} 40`);
    expect(await ada.types(bond!)).toContain('bond holds 20 tokens');
    expect(await ada.types(contribute!)).toContain('State:     submitted');
    expect(await ada.types(contribute!)).toContain('State:     submitted'); // given again, nothing happens twice
    await ada.types(vote!);
    const [proposal] = await openProposals(ada);
    expect(proposal?.title).toContain('Walks of Ada');
    await othersVote(String(proposal!.proposal));
    const told = await ada.types(trail!);
    expect(told).toContain('Walks of Ada');
    expect(told).toContain('accepted');
    expect(told).toContain('Nobody was ever given its key.');
    expect(told).toMatch(/accepted {2}\[datasets \d+, \d+\]/);

    const { dataset, votes, ...trailPages } = addressesIn(await ada.types(pages!));
    const page = await seen(dataset!);
    expect(page.title).toMatch(/^dataset sha256:[0-9a-f]{64}$/);
    expect(page.text).toMatch(/status\s+accepted/);
    expect(page.text).toMatch(/validation\s+The contributor's signature/);
    expect(page.links).toContain(votes);
    expect((await seen(votes!)).text).toContain('Walks of Ada');
    for (const address of Object.values(trailPages)) expect((await seen(address)).text).toContain('There are none.');
  });
});

const addressOf = (links: string[], part: string): string =>
  links.find((link) => decodeURIComponent(link).includes(part))!;

/** What `livepod dataset show` says of a dataset. */
async function shown(
  person: Person,
  title: string,
): Promise<{ labels: Record<string, number>; validation: string; proof: object }> {
  const { statistics, validation, proof } = json<{
    statistics: { labels: Record<string, number> };
    validation: string;
    proof: object;
  }>(await person.types(`livepod dataset show "${title}" --json`));
  return { labels: statistics.labels, validation, proof };
}

describe('a voter who has docs/voters.md', () => {
  it('goes from nothing to a vote that counts, and to following somebody', async () => {
    const maker = somebody();
    await maker.types('livepod identity new maker.json && export LIVEPOD_IDENTITY=maker.json');
    await other('bank', `livepod tokens send ${(await maker.types('livepod identity show maker.json')).trim()} 30`);
    await maker.types('livepod stake 10');
    const { theatre } = open;
    mkdirSync(join(maker.home, 'data'));
    writeFileSync(join(maker.home, 'data/a.csv'), filesOf(theatre.recordings, theatre.people.podOwners[1]!)[0]!.bytes);

    const grace = somebody();
    const [identity, stake, list, show, datasets, pages, vote, follow] = blocksOf('voters');
    const account = await grace.types(identity!);
    const principal = /Account (\S+)/.exec(account)![1]!;
    await other('bank', `livepod tokens send ${principal} 150`);
    await grace.types(stake!);
    await maker.types('livepod bond post contributor 10');
    await maker.types('livepod schema guess data/a.csv > schema.json');
    await maker.types('livepod contribute data --schema schema.json --title "For Grace"');
    await maker.types('livepod dataset propose "For Grace"');
    expect(await grace.types(list!)).toContain('For Grace');
    const [proposal] = await openProposals(grace);
    const PROPOSAL = String(proposal!.proposal);
    const words = await grace.types(show!, { PROPOSAL });
    expect(words).toContain('Accept');
    expect(words).toMatch(/Checked: The contributor's signature/);
    expect(words).toMatch(/Proof: +entry \d+ of the governance canister’s log/);
    expect(await grace.types(datasets!)).toContain('For Grace');
    const { labels, validation, proof } = await shown(grace, 'For Grace');
    expect({ validation, proof }).toEqual({
      validation: expect.stringContaining('sealed') as string,
      proof: expect.objectContaining({ log: 'datasets' }) as object,
    });

    const lists = addressesIn(await grace.types(pages!));
    for (const [kind, address] of Object.entries(lists)) expect((await seen(address)).title).toBe(kind);
    expect((await seen(lists['proposals']!)).text).toContain('For Grace');
    const listed = await seen(lists['datasets']!);
    for (const [label, count] of Object.entries(labels)) expect(listed.text).toContain(`${count} ${label}`);
    const proposed = await seen(addressOf(listed.links, '/datasets/sha256'));
    expect(proposed.text).toMatch(/rate hz\s+\d+\.\d{3}/);
    for (const [label, count] of Object.entries(labels))
      expect(proposed.text).toMatch(new RegExp(`${count}\\s+${label}`));
    expect(proposed.text).toMatch(/validation\s+The contributor's signature.*sealed/);

    const hostile = '<img src=x onerror=alert(1)><script>document.title="stolen"</script>';
    writeFileSync(join(maker.home, 'data/a.csv'), filesOf(theatre.recordings, theatre.people.podOwners[1]!)[1]!.bytes);
    await maker.types(`livepod contribute data --schema schema.json --title '${hostile}'`);
    const stolen = await seen(lists['datasets']!);
    expect(stolen.title).toBe('datasets');
    expect(stolen.text).toContain(hostile);
    expect(await grace.types(vote!, { PROPOSAL })).toMatch(/Voted yes on proposal \d+/);
    const { neurons } = json<{ neurons: { id: string }[] }>(
      await grace.types(`livepod account ${theatre.cast.principal('voter-5')} --json`),
    );
    await grace.types(follow!, { NEURON: neurons[0]!.id });
    await othersVote(PROPOSAL);
  });
});

describe('a provider who has docs/providers.md', () => {
  it('is up in five commands, and says ready when it is', async () => {
    const operator = somebody();
    const lab = somebody({ LIVEPOD_SCRATCH: mkdtempSync('/dev/shm/livepod-people-') });
    const [add, init, fund, register, run] = blocksOf('providers');
    await operator.types(add!);
    await lab.types(`cp ${join(operator.home, 'provider-2.invitation.json')} .`);
    const principal = / is (\S+); its key/.exec(await lab.types(init!))![1]!;
    await other('bank', fund!.replace('$PRINCIPAL', principal));
    await lab.types(register!);
    const [doctor, work] = run!.trim().split('\n');
    expect(await lab.types(doctor!)).toContain('waits for its vote');
    const working = lab.keeps(work!, /"ready":true/, 170);
    const [proposal] = await openProposals(lab);
    await othersVote(String(proposal!.proposal));
    await working;
    expect(json<{ ok: boolean }>(await lab.types('livepod provider doctor --json'))).toMatchObject({ ok: true });
  });
});

describe('a pod owner who has docs/pods.md', () => {
  it('has a pod that says what it runs, and what is wrong', async () => {
    const { theatre } = open;
    const ada = somebody();
    const [init, doctor, run, status] = blocksOf('pods');
    expect(await ada.types(init!)).toMatch(/[0-9a-f]{64}/);
    expect(await ada.types(doctor!)).toContain('recordings'); // there is no such folder yet, and it says so
    mkdirSync(join(ada.home, 'recordings/me'), { recursive: true });
    const [watched] = filesOf(theatre.recordings, theatre.people.podOwners[0]!);
    writeFileSync(join(ada.home, 'recordings/me/a_sw.csv'), watched!.bytes);
    await ada.keeps(run!, /"api":/, 60); // ready once its channel has a model
    expect(json(await ada.types(status!))).toMatchObject({ version: 0, channel: 'stable' });
    const second = await ada.fails(run!.replace('--port 8390', '--port 0'));
    expect(second).toContain('is in use by the pod with process id');
  });
});

describe('an operator who has docs/operators.md', () => {
  it('has an input made and looked at, starts a round, steers it, and ends it', async () => {
    const { theatre } = open;
    const name = contributor(theatre.people.first[0]!);
    await other(name, 'mkdir -p data');
    const [recording] = filesOf(theatre.recordings, theatre.people.first[0]!);
    writeFileSync(join(others.get(name)!.home, 'data/a.csv'), recording!.bytes);
    await other(name, 'livepod schema guess data/a.csv > schema.json');
    await other(name, 'livepod contribute data --schema schema.json --title "Watch of somebody"');

    const grace = somebody();
    const [there, begin, steer] = blocksOf('operators');
    expect(await grace.types(there!)).toContain('Watch of somebody');
    expect(await grace.types(begin!)).toContain('lifecycle could be started as it stands.');
    const wrong = '{"round": "x", "recipe": "latest", "provider": "provider-1", "datset": ["Watch of sombody"]}';
    expect(await grace.fails(`livepod ops check lifecycle '${wrong}'`)).toMatch(
      /"datset" is not a field of this input. Leave it out, or call it "datasets"[^]*"recipe" is "latest"/,
    );
    const sample = json<object>(await grace.types('cat round.json'));
    writeFileSync(
      join(grace.home, 'other.json'),
      JSON.stringify({ ...sample, round: 'other', provider: 'provider-9', datasets: ['Watch of sombody'] }),
    );
    const { findings } = json<{ findings: { path: string; remedy: string }[] }>(
      await grace.fails('livepod ops check lifecycle other.json --json'),
    );
    expect(findings.map(({ path }) => path)).toEqual(['datasets[0]', 'provider']);
    expect(findings[0]!.remedy).toContain('did you mean Watch of somebody?');

    const steps = steer!.trim().split('\n');
    for (const step of steps.slice(0, -1)) await grace.types(step);
    expect(await grace.types(steps.at(-1)!)).toContain('"outcome": "aborted"');
  });
});
