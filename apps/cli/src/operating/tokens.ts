import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadSeed } from '@livepod/client/node';
import { OPERATOR_ACTIONS, signOperatorToken, type OperatorAction } from '@livepod/protocol';
import { CliError } from '../errors.js';

/** Clocks of operator, worker and canister may differ by so much. */
const EARLIER_MS = 60_000;
const LONGEST_HOURS = 7 * 24;

/** Signs a token with an operator's key. @throws CliError `badArguments` */
export function operatorToken(
  seed: Uint8Array,
  grant: { fleet: string; actions: readonly string[]; workflow: string; hours: number },
): string {
  const unknown = grant.actions.find((action) => !OPERATOR_ACTIONS.includes(action as OperatorAction));
  if (unknown !== undefined || grant.actions.length === 0)
    throw new CliError(
      'badArguments',
      { unknown },
      `There is no action ${unknown ?? ''}; name some of ${OPERATOR_ACTIONS.join(', ')}, with commas between.`,
    );
  if (!(grant.hours > 0 && grant.hours <= LONGEST_HOURS))
    throw new CliError(
      'badArguments',
      { hours: grant.hours },
      `A token holds for more than 0 and at most ${LONGEST_HOURS} hours.`,
    );
  const now = Date.now();
  const ns = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;
  return signOperatorToken(seed, {
    actions: grant.actions as OperatorAction[],
    workflow: grant.workflow,
    audience: grant.fleet,
    notBefore: ns(now - EARLIER_MS),
    expires: ns(now + grant.hours * 3_600_000),
    nonce: randomBytes(16),
  });
}

/** An operator's key: the file that is named, or the one that the stack made for its operator beside network.json. */
export function operatorSeed(networkFile: string, identity?: string): Uint8Array {
  const file = identity ?? join(dirname(networkFile), 'identities', 'operator.json');
  if (!existsSync(file))
    throw new CliError(
      'badArguments',
      { file },
      `There is no operator's key in ${file}; name it with --identity or LIVEPOD_OPERATOR.`,
    );
  return loadSeed(file);
}
