import { contribute } from '@livepod/transfer';
import { CanisterError, connect } from '@livepod/client';
import { canonicalJson, documentId, parseCanonical, type Licence } from '@livepod/protocol';
import { contributor, FIRST_IN_S3, TOKEN } from '../cast.js';
import { StoryError } from '../errors.js';
import { insist } from '../patience.js';
import { filesOf, schemaOf, withShuffledLabels, withWrongUnits, type RecordingFile } from '../recordings.js';
import type { Chapter, Theatre } from './chapter.js';

const FEE = TOKEN;

/**
 * Cuts, encrypts, signs and uploads one person's recordings by that person's own identity; once, however often it is
 * called.
 */
async function upload(
  theatre: Theatre,
  name: string,
  title: string,
  files: RecordingFile[],
  store: 'bucket' | 's3',
): Promise<string> {
  const { memory, cast, network } = theatre;
  const known = memory.told.datasets[name];
  if (known) return known.id;
  theatre.tell(`${title}: ${files.length} recordings to ${store === 's3' ? 'S3' : 'a canister bucket'}`);
  const identity = cast.identity(name);
  const clients = await connect(network, identity);
  const { dataset } = await insist(title, () =>
    contribute({
      clients,
      seed: cast.seed(name),
      recordings: files,
      schema: schemaOf(theatre.recordings),
      title,
      modality: 'motion',
      store,
      licence: licenceOf(cast.principal(name)),
      ...(store === 's3' ? { s3: { ...network.s3!, ...theatre.s3 } } : {}),
    }),
  );
  memory.note((told) => void (told.datasets[name] = { id: dataset, contributor: cast.principal(name), store }));
  return dataset;
}

const licenceOf = (account: string): Licence => ({
  fee: String(FEE),
  access: 'fee',
  purposes: ['motion-recognition'],
  providerClasses: ['bonded'],
  termDays: 365,
  splits: [{ account, basisPoints: 10_000 }],
});

export const firstContributions: Chapter = {
  title: 'Eight people contribute: five to canister buckets, three to S3',
  async tell(theatre) {
    for (const [index, person] of theatre.people.first.entries()) {
      await upload(
        theatre,
        contributor(person),
        `Watch of ${person}`,
        filesOf(theatre.recordings, person),
        index < FIRST_IN_S3 ? 'bucket' : 's3',
      );
    }
    await refusedForItsSignature(theatre);
    const doubtful = await upload(
      theatre,
      'contributor-newcomer',
      'Watch of a newcomer',
      withWrongUnits(filesOf(theatre.recordings, theatre.people.second[0]!).slice(0, 3)),
      'bucket',
    );
    theatre.voters.refuse(doubtful);
  },
};

export const secondContributions: Chapter = {
  title: 'Six more people contribute',
  async tell(theatre) {
    for (const person of theatre.people.second)
      await upload(theatre, contributor(person), `Watch of ${person}`, filesOf(theatre.recordings, person), 'bucket');
  },
};

export const carelessContribution: Chapter = {
  title: 'A dataset with shuffled labels slips through a careless vote',
  async tell(theatre) {
    const files = theatre.people.second.slice(0, 3).flatMap((person) => filesOf(theatre.recordings, person));
    await upload(
      theatre,
      'contributor-careless',
      'Watch of many',
      withShuffledLabels(files, theatre.recordings.labels),
      'bucket',
    );
  },
};

/** The first person's manifest under another title, with the signature of the original: the canister must refuse it. */
async function refusedForItsSignature(theatre: Theatre): Promise<void> {
  const { memory, cast, network, people } = theatre;
  if (memory.told.refused) return;
  const name = contributor(people.first[0]!);
  const clients = await connect(network, cast.identity(name));
  const original = await insist('reading a manifest', () =>
    clients.datasets.get_manifest(memory.told.datasets[name]!.id),
  );
  if (!original)
    throw new StoryError(
      'wentWrong',
      { dataset: memory.told.datasets[name]!.id },
      'The first dataset has no manifest in the datasets canister.',
    );
  const altered = canonicalJson({
    ...(parseCanonical(new Uint8Array(original.manifest)) as object),
    title: 'Watch of somebody else',
  });
  const id = documentId(altered);
  try {
    await insist(
      'a registration with a wrong signature',
      () => clients.datasets.register({ manifest: altered, signature: original.signature }),
      (error) => error instanceof CanisterError && error.code !== 'network',
    );
  } catch (error) {
    if (!(error instanceof CanisterError) || error.code !== 'wrongSignature') throw error;
    theatre.tell(`a dataset with a wrong signature was refused: ${error.message}`);
    memory.note(
      (told) => void (told.refused = { id, contributor: cast.principal(name), store: 'bucket', why: error.message }),
    );
    return;
  }
  throw new StoryError('wentWrong', { dataset: id }, `Dataset ${id} was registered in spite of its wrong signature.`);
}
