import type { WorkflowHandle } from '@temporalio/client';
import type { Subjects } from '../subjects.js';

/** What a run starts, once everything it needs is there. */
export interface Play {
  workflow: string;
  id: string;
  queue: 'orchestrator' | 'rollback';
  input: unknown;
  /** Its result is about everybody's things, other runs' too, and says nothing of this run. */
  aboutAll?: boolean;
  /** What a person, a pod or a client does meanwhile. */
  steer?: (handle: WorkflowHandle) => Promise<void>;
}

/** The smallest start of a workflow that takes one of its ways. */
export interface Scenario {
  name: string;
  prepare(subjects: Subjects): Promise<Play>;
}
