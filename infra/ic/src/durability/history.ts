import { join } from 'node:path';
import { IcError } from '../errors.js';
import { executeRound, type RoundInput } from '../subnet/rounds.js';
import type { Subnet } from '../subnet/subnet.js';
import { Checkpoints } from './checkpoint.js';
import { numbered, syncFolder } from './files.js';
import { Journal } from './journal.js';
import type { PageStore } from './page-store.js';
import { unwritable } from './unwritable.js';

/** A round's write-ahead record; `executed` is what the state counted before it. */
interface JournalRecord {
  input: RoundInput;
  executed: bigint;
}

const CHECKPOINT_AFTER = 64 << 20;
const CHECKPOINT_ROUNDS = 5000;
const CHECKPOINT_INSTRUCTIONS = 100_000_000_000n;
/** Milliseconds from a checkpoint that could not be written to the next try. */
const CHECKPOINT_AGAIN = 10_000;

/**
 * A subnet's past on disk: the last checkpoint, and the journal of the rounds since. A round is written here before
 * anything of it leaves the host, and a restart executes the journal again and comes to the same state.
 */
export class History {
  readonly #folder: string;
  readonly #subnet: Subnet;
  readonly #checkpoints: Checkpoints;
  readonly #checkpointAfter: number;
  #journal: Journal;
  #lastCheckpoint = { round: 0, executed: 0n };
  /** Milliseconds since the epoch: no checkpoint before it, after one that could not be written. */
  #noCheckpointBefore = 0;

  /**
   * Brings the subnet to where it was.
   *
   * @param checkpointAfter  bytes of journal; default 64 MiB
   * @throws IcError `stateDamaged` · `stateOutdated`
   */
  constructor(folder: string, subnet: Subnet, pages: PageStore, checkpointAfter = CHECKPOINT_AFTER) {
    this.#folder = folder;
    this.#subnet = subnet;
    this.#checkpoints = new Checkpoints(folder, pages);
    this.#checkpointAfter = checkpointAfter;
    this.#journal = this.#recover();
  }

  /**
   * Writes the next round's input; it is safe when what is returned is fulfilled. @throws what the system says, as on a
   * full disk
   */
  write(input: RoundInput): { durable: Promise<void> } {
    this.#journal.write({ input, executed: this.#subnet.state.executed } satisfies JournalRecord);
    return { durable: this.#journal.sync() };
  }

  /** Writes the whole state and begins a new journal. @throws what the system says, as on a full disk */
  checkpoint(): void {
    const number = this.#subnet.state.round;
    const path = join(this.#folder, `journal-${number}.bin`);
    const fresh = this.#journal.path === path ? this.#journal : Journal.open(path).journal;
    try {
      this.#checkpoints.save(this.#subnet, number);
    } catch (failure) {
      if (fresh !== this.#journal) fresh.close();
      throw failure;
    }
    if (fresh !== this.#journal) this.#journal.close();
    this.#journal = fresh;
    this.#checkpoints.prune(number);
    this.#lastCheckpoint = { round: number, executed: this.#subnet.state.executed };
  }

  /** A checkpoint that the disk does not take is for later: the journal has everything. */
  tryCheckpoint(): void {
    try {
      this.checkpoint();
    } catch (failure) {
      const why = unwritable(this.#folder, failure);
      if (!why) throw failure;
      this.#noCheckpointBefore = Date.now() + CHECKPOINT_AGAIN;
      process.emitWarning(`No checkpoint was written. ${why.message}`);
    }
  }

  /** Whether a restart would take long to read the journal, or to execute it again. */
  get isLong(): boolean {
    const { round, executed } = this.#subnet.state;
    if (Date.now() < this.#noCheckpointBefore) return false;
    return (
      this.#journal.size > this.#checkpointAfter ||
      round - this.#lastCheckpoint.round > CHECKPOINT_ROUNDS ||
      executed - this.#lastCheckpoint.executed > CHECKPOINT_INSTRUCTIONS
    );
  }

  close(): void {
    this.#journal.close();
  }

  #recover(): Journal {
    const checkpoint = this.#checkpoints.restore(this.#subnet) ?? 0;
    this.#lastCheckpoint = { round: checkpoint, executed: this.#subnet.state.executed };
    let journal: Journal | undefined;
    for (const number of [...new Set([checkpoint, ...numbered(this.#folder, 'journal')])].filter(
      (one) => one >= checkpoint,
    )) {
      journal?.close();
      const opened = Journal.open<JournalRecord>(join(this.#folder, `journal-${number}.bin`));
      journal = opened.journal;
      for (const record of opened.records) this.#replay(record);
    }
    syncFolder(this.#folder);
    return journal!;
  }

  #replay({ input, executed }: JournalRecord): void {
    const { state } = this.#subnet;
    if (input.round <= state.round) return;
    if (input.round !== state.round + 1 || executed !== state.executed) {
      throw new IcError(
        'stateDamaged',
        { round: input.round, reached: state.round },
        `The journal in ${this.#folder} does not lead on from round ${state.round}; restore the folder from a ` +
          'copy, or start with an empty --state.',
      );
    }
    executeRound(this.#subnet, input);
  }
}
