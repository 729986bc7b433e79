import { foundBesides } from '@livepod/protocol/findings';
import { patched } from '@temporalio/workflow';
import { finding, invalidInput, reading, together, type Guard } from './guards.js';
import { saidByTheWorld } from './inputs.js';
import { checks } from './ports.js';
import { input, type Round } from './round.js';

/** What stays while a round is held: what it is called, and what was voted in. */
const STAYS = ['round', 'datasets'];

/** The round as it would be with the change. */
const changeOf = (round: Round, change: Record<string, unknown>): Guard<Round> => {
  const fixed = STAYS.filter((name) => name in change);
  const others = Object.fromEntries(Object.entries(change).filter(([name]) => !fixed.includes(name)));
  return together(
    (_, field) => input({ ...round, ...others }, field),
    () => fixed.map((name) => finding(name, 'stays as it is', 'Start another round for it')),
  );
};

/**
 * A held round with other fields, once they are read as the whole was and compared with the world. What the round
 * itself has begun since, such as its job, is no objection: only what is changed is looked at.
 *
 * @throws ApplicationFailure `InvalidInput`
 */
export async function amended(
  round: Round,
  change: Record<string, unknown>,
): Promise<{ changed: Round; ids: Record<string, string> }> {
  const names = Object.keys(change);
  const own = ({ path }: { path: string }): boolean => names.includes(path.split(/[.[]/)[0]!);
  const read = reading(changeOf(round, change), change);
  if ('findings' in read) {
    const { findings, rest } = read;
    const more = rest && patched('malformed-compared') ? (await saidByTheWorld('lifecycle', rest)).filter(own) : [];
    throw invalidInput('retryStage', foundBesides(findings, more));
  }
  const { findings, ids } = await checks.input({ workflow: 'lifecycle', input: { ...read.value } });
  const wrong = findings.filter(own);
  if (wrong.length > 0) throw invalidInput('retryStage', wrong);
  return { changed: read.value, ids };
}
