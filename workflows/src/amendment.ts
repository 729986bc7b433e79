import { checked, invalidInput, refuse, type Guard } from './guards.js';
import { checks } from './ports.js';
import { input, type Round } from './round.js';

/** What stays while a round is held: what it is called, and what was voted in. */
const STAYS = ['round', 'datasets'];

const changeOf =
  (round: Round): Guard<Round> =>
  (value, field) => {
    const change = value as Record<string, unknown>;
    const fixed = STAYS.find((name) => name in change);
    if (fixed !== undefined) refuse(fixed, 'stays as it is', 'Start another round for it');
    return input({ ...round, ...change }, field);
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
  const changed = checked('retryStage', changeOf(round), change);
  const { findings, ids } = await checks.input({ workflow: 'lifecycle', input: { ...changed } });
  const names = Object.keys(change);
  const own = findings.filter(({ path }) => names.includes(path.split(/[.[]/)[0]!));
  if (own.length > 0) throw invalidInput('retryStage', own);
  return { changed, ids };
}
