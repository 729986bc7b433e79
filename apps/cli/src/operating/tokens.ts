import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect, networkTime, stateOf } from '@livepod/client';
import { loadSeed } from '@livepod/client/node';
import {
  instead,
  MAX_OPERATOR_TOKEN_SECONDS,
  OPERATOR_ACTIONS,
  signOperatorToken,
  type Asked,
  type OperatorAction,
} from '@livepod/protocol';
import { stateQuery, type WorkflowState } from '@livepod/workflows';
import type { TemporalClient } from '@livepod/workers/temporal';
import { CliError } from '../errors.js';
import type { Place } from './place.js';

/** Clocks of operator, worker and canister may differ by so much. */
const EARLIER_MS = 60_000;
const LONGEST_MINUTES = MAX_OPERATOR_TOKEN_SECONDS / 60 - EARLIER_MS / 60_000;

/** Signs a token with an operator's key. `now` in milliseconds since 1970. @throws CliError `badArguments` */
export function operatorToken(
  seed: Uint8Array,
  { fleet, minutes, now = Date.now(), ...asked }: Asked & { fleet: string; minutes: number; now?: number },
): string {
  if (!(minutes > 0 && minutes <= LONGEST_MINUTES))
    throw new CliError(
      'badArguments',
      { minutes },
      `A token holds for more than 0 and at most ${LONGEST_MINUTES} minutes.`,
    );
  const ns = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;
  return signOperatorToken(seed, {
    ...asked,
    audience: fleet,
    notBefore: ns(now - EARLIER_MS),
    expires: ns(now + minutes * 60_000),
    nonce: randomBytes(16),
  });
}

/** @throws CliError `badArguments` */
export function operatorAction(name: string): OperatorAction {
  if (OPERATOR_ACTIONS.includes(name as OperatorAction)) return name as OperatorAction;
  throw new CliError('badArguments', { name }, `There is no action ${name}: ${instead(name, OPERATOR_ACTIONS)}.`);
}

/**
 * What a token for an update has to name now: the workflow says what it changes, and its canister where that stands.
 * Undefined when the workflow does not take the update now. A run that began before tokens named anything says nothing.
 */
export async function namedNow(
  { network }: Pick<Place, 'network'>,
  client: Pick<TemporalClient, 'workflow'>,
  workflow: string,
  action: OperatorAction,
): Promise<Asked | undefined> {
  const { signs }: Partial<WorkflowState> = await client.workflow.getHandle(workflow).query(stateQuery);
  const named = signs ? signs[action] : { object: 'workflow', state: 'none' };
  if (!named) return undefined;
  const state = (await stateOf(await connect(network), named.object)) ?? named.state;
  return state === undefined ? undefined : { action, workflow, object: named.object, state };
}

/** By the network's clock: this machine's may be wrong. */
export const timeOf = async ({ network }: Place): Promise<number> => networkTime(await connect(network));

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
