import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { checkpointSaying } from '../repository.fixture.js';
import type { Installed, PodState, SlotName, StateFile } from '../state/state.js';
import { Disk, trusted, type Checkpoint } from './slots.fixture.js';

const good = checkpointSaying(0);
const bad = checkpointSaying(1);
const installed = ({ id }: Checkpoint, version = 1, release: number | null = null): Installed => ({
  ...{ checkpoint: id, version, release },
});

let disk: Disk;
beforeEach(async () => {
  disk = await Disk.open();
  disk.offer(good, bad);
});
afterEach(() => disk.close());

/** A checkpoint in a slot, and the state that says so. */
async function put(slot: SlotName, checkpoint: Checkpoint, change: (state: PodState) => void = () => {}) {
  await disk.slots.fill(slot, trusted(checkpoint), disk.chunks);
  disk.state.change((state) => {
    state.slots[slot] = installed(checkpoint);
    change(state);
  });
}
const runs = (slot: SlotName) => (state: PodState) => void (state.active = slot);
const note = (): string => disk.path('bootstrap', 'installed.json');
const noChunks = (): void => rmSync(`${disk.folder}/chunks`, { recursive: true });

describe('the first official checkpoint that runs', () => {
  const keep = async (what: Installed | null, state: StateFile = disk.state): Promise<Installed | null> => {
    await disk.keeper(state).keepFirst(what);
    return disk.state.value.slots.bootstrap;
  };

  it('becomes the bootstrap model, with a note beside it', async () => {
    await put('a', good, runs('a'));
    expect(await keep(installed(good))).toEqual(installed(good));
    expect(disk.slots.whole('bootstrap', good.id)).toBeDefined();
    expect([existsSync(note()), disk.log]).toEqual([true, ['bootstrap model kept']]);
  });

  it('stays it: no later one takes its place', async () => {
    await put('a', bad, runs('a'));
    await put('bootstrap', good);
    expect(await keep(installed(bad, 2))).toEqual(installed(good));
  });

  it('is no candidate, none on probation, and not nothing', async () => {
    await put('a', good, runs('a'));
    expect(await keep(installed(good, 1, 7))).toBeNull();
    expect(await keep(null)).toBeNull();
    disk.state.change((state) => void (state.phase = 'probation'));
    expect(await keep(installed(good))).toBeNull();
    expect(disk.log).toEqual([]);
  });

  it('is kept later when that fails now, and not tried again at once', async () => {
    await put('a', good, runs('a'));
    const state = disk.state;
    const keeper = disk.keeper(state);
    rmSync(disk.path('a', 'manifest.json'));
    await keeper.keepFirst(installed(good));
    await keeper.keepFirst(installed(good));
    expect([disk.log, state.value.slots.bootstrap]).toEqual([['tried in vain'], null]);
  });
});

describe('a pod whose state file was lost', () => {
  const lost = async (change: () => void = () => {}) => {
    await put('bootstrap', good, runs('bootstrap'));
    await disk.keeper().lookAfter(); // notes down what it is
    rmSync(`${disk.folder}/pod.json`);
    change();
    const state = disk.state;
    disk.keeper(state).recover();
    return state.value;
  };

  it('runs its bootstrap model, and says why', async () => {
    const { active, slots, history } = await lost();
    expect([active, slots.bootstrap]).toEqual(['bootstrap', installed(good)]);
    expect(history).toEqual([
      expect.objectContaining({ version: 1, why: expect.stringContaining('state file is lost') }),
    ]);
  });

  it('runs nothing when that is damaged, and tells the log', async () => {
    const { active, slots } = await lost(() => writeFileSync(disk.path('bootstrap', 'model.onnx'), 'x'));
    expect([active, slots.bootstrap, disk.log]).toEqual([null, null, ['not recovered']]);
  });

  it.each([
    ['another pod’s', '{"pod":"02","content":{"checkpoint":"x"},"sum":"x"}'],
    ['damaged', '{"half'],
  ])('does not believe a note that is %s', async (_, content) => {
    const { active } = await lost(() => writeFileSync(note(), content));
    expect([active, disk.log]).toEqual([null, []]);
  });

  it('has nothing to run without a note', async () => {
    expect((await lost(() => rmSync(note()))).active).toBeNull();
  });
});

describe('a pod whose state file is there', () => {
  it('goes on with what that says', async () => {
    await put('bootstrap', good);
    await put('a', bad, runs('a'));
    await disk.keeper().lookAfter();
    disk.state.change((state) => void (state.slots.bootstrap = null));
    disk.keeper().recover();
    expect([disk.state.value.active, disk.state.value.slots.bootstrap]).toEqual(['a', null]);
    disk.state.change((state) =>
      Object.assign(state, { active: null, slots: { ...state.slots, bootstrap: installed(bad) } }),
    );
    disk.keeper().recover();
    expect([disk.state.value.active, disk.state.value.slots.bootstrap]).toEqual([null, installed(bad)]);
  });
});

describe('what does not run', () => {
  it('is looked at once after a start, and filled again where it is damaged', async () => {
    await put('a', good, runs('a'));
    await put('b', bad);
    writeFileSync(disk.path('b', 'model.onnx'), 'x');
    const keeper = disk.keeper();
    await keeper.lookAfter();
    expect(disk.slots.whole('b', bad.id)).toBeDefined();
    expect(disk.log).toEqual(['slot damaged', 'slot mended']);
    writeFileSync(disk.path('b', 'model.onnx'), 'x');
    await keeper.lookAfter();
    expect(disk.log).toHaveLength(2);
  });

  it('is filled again from the network when its manifest is gone too', async () => {
    await put('a', good, runs('a'));
    await put('b', bad);
    rmSync(disk.path('b'), { recursive: true });
    noChunks();
    await disk.keeper().lookAfter();
    expect(disk.slots.whole('b', bad.id)).toBeDefined();
  });

  it('is tried again later when it cannot be filled now, and not at once', async () => {
    await put('a', good, runs('a'));
    await put('b', bad);
    rmSync(disk.path('b', 'model.onnx'));
    noChunks();
    const kept = new Map(disk.repository.files);
    disk.repository.files.clear();
    const keeper = disk.keeper();
    await keeper.lookAfter();
    await keeper.lookAfter();
    expect(disk.log).toEqual(['slot damaged', 'tried in vain']);
    for (const [path, bytes] of kept) disk.repository.files.set(path, bytes);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    await keeper.lookAfter();
    expect(disk.slots.whole('b', bad.id)).toBeDefined();
  });

  it('is nothing that runs: the active slot was looked at when it was started', async () => {
    await put('a', good, runs('a'));
    writeFileSync(disk.path('a', 'model.onnx'), 'x');
    await disk.keeper().lookAfter();
    expect(disk.log).toEqual([]);
  });

  it('is noted down for a bootstrap model that came from an earlier program, once', async () => {
    await put('bootstrap', good, runs('bootstrap'));
    await disk.keeper().lookAfter();
    expect(existsSync(note())).toBe(true);
    writeFileSync(note(), `${disk.read('bootstrap', 'installed.json')} `);
    await disk.keeper().lookAfter();
    expect(disk.read('bootstrap', 'installed.json')).toMatch(/ $/);
    await put('a', bad);
    expect(existsSync(disk.path('a', 'installed.json'))).toBe(false);
  });
});
