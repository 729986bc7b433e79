import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type WorkflowHandle,
} from '@temporalio/client';
import { stateOf } from '@livepod/client';
import { signOperatorToken, type OperatorAction } from '@livepod/protocol';
import { stateQuery } from '@livepod/workflows';
import { identity } from '../people.js';
import type { Subjects } from '../subjects.js';

const HOUR = 3_600_000_000_000n;
/** A step that was struck by silence is heard of after the server's heartbeat time-out and its next attempt. */
const PATIENCE_MS = 90_000;

/**
 * Sends an update with a fresh token of the operator's, repeated under one id until the server says what came of it.
 */
export async function update(
  subjects: Subjects,
  handle: WorkflowHandle,
  name: OperatorAction,
  given: object = {},
  id: string = name,
): Promise<void> {
  for (const until = Date.now() + PATIENCE_MS; ;) {
    try {
      await handle.executeUpdate<unknown, [object]>(name, {
        updateId: `${handle.workflowId}-${id}`,
        args: [{ ...given, token: await signed(subjects, handle, name) }],
      });
      return;
    } catch (error) {
      // The server is away, or what makes the update sensible has not been heard of yet; the id makes a repeat the same
      // update.
      if (
        error instanceof WorkflowUpdateFailedError &&
        !(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) &&
        Date.now() > until
      )
        throw error;
      await sleep(300);
    }
  }
}

/** For what the workflow would change, as that stands now. */
async function signed({ lab }: Subjects, handle: WorkflowHandle, action: OperatorAction): Promise<string> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const { signs } = await handle.query(stateQuery);
  const { object, state } = signs[action] ?? { object: 'workflow' };
  return signOperatorToken(new Uint8Array(identity('operator').getKeyPair().secretKey.slice(0, 32)), {
    action,
    workflow: handle.workflowId,
    object,
    state: (await stateOf(await lab.people.as('operator'), object)) ?? state ?? 'none',
    audience: lab.network.canisters.fleet,
    notBefore: now - 1_000_000_000n,
    expires: now + HOUR / 2n,
    nonce: randomBytes(16),
  });
}
