import { join } from 'node:path';
import type { Ed25519KeyIdentity } from '@dfinity/identity';
import { loadOrCreateIdentity, loadSeed } from '@livepod/client/node';
import type { Recordings } from '@livepod/stack';
import { StoryError } from './errors.js';

/** One token in its smallest unit. */
export const TOKEN = 100_000_000n;

export const VOTERS = [
  { name: 'voter-1', stake: 80_000n * TOKEN },
  { name: 'voter-2', stake: 120_000n * TOKEN },
  { name: 'voter-3', stake: 150_000n * TOKEN },
  { name: 'voter-4', stake: 250_000n * TOKEN },
  { name: 'voter-5', stake: 400_000n * TOKEN },
] as const;

/** People who take part with motion of their own, by what they do in the story. */
export interface People {
  /** contribute in the first round */
  first: string[];
  /** contribute in the second */
  second: string[];
  /** measured by the evaluator; never trained on */
  holdout: string[];
  /** own a pod; two of them contribute too where the data set has no more people */
  podOwners: string[];
}

export const FIRST_ROUND = 8;
export const SECOND_ROUND = 6;
export const PODS = 6;
/** The first of the first round's people whose data goes to S3; those before upload to buckets. */
export const FIRST_IN_S3 = 5;

/** Who plays what: the data set's people in order. @throws StoryError `tooFewPeople` */
export function castPeople(recordings: Pick<Recordings, 'people' | 'folder'>): People {
  const { people } = recordings;
  const contributors = FIRST_ROUND + SECOND_ROUND;
  if (people.length < contributors + 4) {
    throw new StoryError(
      'tooFewPeople',
      { folder: recordings.folder, people: people.length },
      `${recordings.folder} has recordings of ${people.length} people; the story needs ${contributors + 4}.`,
    );
  }
  const holdout = people.slice(contributors, contributors + 10);
  return {
    first: people.slice(0, FIRST_ROUND),
    second: people.slice(FIRST_ROUND, contributors),
    holdout,
    podOwners: [...people.slice(contributors), ...people.slice(FIRST_ROUND).reverse()]
      .filter((person, index, all) => all.indexOf(person) === index)
      .slice(0, PODS),
  };
}

/** The keys of everybody in the story, one file each, made when first asked for. */
export class Cast {
  constructor(private readonly state: string) {}

  identity(name: string): Ed25519KeyIdentity {
    return loadOrCreateIdentity(this.file(name));
  }

  principal(name: string): string {
    return this.identity(name).getPrincipal().toText();
  }

  seed(name: string): Uint8Array {
    this.identity(name);
    return loadSeed(this.file(name));
  }

  /** The identity file, for a process that is to act as `name`. */
  file(name: string): string {
    return join(this.state, 'identities', `${name}.json`);
  }
}

export const contributor = (person: string): string => `contributor-${person}`;
export const podName = (number: number): string => `pod-${number}`;
