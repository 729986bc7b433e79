import type { Client as TemporalClient } from '@temporalio/client';
import type { Network } from '@livepod/client';
import type { Recordings } from '@livepod/stack';
import type { Cast, People } from '../cast.js';
import type { Memory } from '../memory.js';
import type { Pods } from '../pods.js';
import type { Voters } from '../voters.js';

/** What every chapter has at hand. */
export interface Theatre {
  network: Network;
  cast: Cast;
  people: People;
  recordings: Recordings;
  memory: Memory;
  voters: Voters;
  pods: Pods;
  temporal: TemporalClient;
  s3: { accessKeyId: string; secretAccessKey: string };
  /** Shows a line under the chapter that is being told. */
  tell: (line: string) => void;
}

/** One chapter. Told again after an interruption, it goes on where it was. */
export interface Chapter {
  title: string;
  tell(theatre: Theatre): Promise<void>;
}
