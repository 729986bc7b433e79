import { setTimeout as sleep } from 'node:timers/promises';
import { OPERATOR_ACTIONS, type OperatorAction } from '@livepod/protocol';
import { stateQuery, type WorkflowState } from '../src/index.js';
import type { States } from '../src/states.js';
import type { Rehearsal } from './rehearsal.js';

/** The pages of a rehearsal's workflows, as an operator reads and uses them. */
export class Pages {
  constructor(private readonly rehearsal: () => Rehearsal) {}

  of(workflowId: string): Promise<WorkflowState> {
    return this.rehearsal().client.getHandle(workflowId).query(stateQuery);
  }

  /** Sends an update with a token that allows it. */
  async send(workflowId: string, action: OperatorAction, more: object = {}): Promise<string> {
    const signed = await this.rehearsal().sign(workflowId, action);
    return this.rehearsal()
      .client.getHandle(workflowId)
      .executeUpdate<string, [object]>(action, { args: [{ ...more, ...signed }] });
  }

  async reaches(workflowId: string, state: string): Promise<WorkflowState> {
    for (let tried = 0; tried < 200; tried++) {
      const now = await this.of(workflowId).catch(() => undefined); // its parent may not have started it yet
      if (now?.state === state) return now;
      await sleep(50);
    }
    throw new Error(`${workflowId} is ${JSON.stringify(await this.of(workflowId))}, not ${state}`);
  }

  /** The page is in this state, takes what its table says, and says no time that has passed. */
  async tellsTheTruth(workflowId: string, table: States, state: string): Promise<WorkflowState> {
    const now = await this.reaches(workflowId, state);
    const may = table[state]!.may.filter((action) => action !== 'resume' || state === 'paused');
    expect([...now.possible].sort()).toEqual([...may].sort());
    if (now.until !== null) expect(Date.parse(now.until)).toBeGreaterThan(Date.now());
    for (const action of OPERATOR_ACTIONS.filter((each) => !may.includes(each)))
      await expect(this.send(workflowId, action)).rejects.toThrow(
        table[state]!.over ? /already completed/ : /Workflow Update failed/,
      );
    return now;
  }
}
