import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributeUpdatePair } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';

const key = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

/**
 * Every search attribute the workflows set, all of type Keyword. Set-up registers them in our namespace before a worker
 * starts; in a provider's own nothing has to be registered: its workflows set none.
 */
export const searchAttributes = {
  stage: key('LivepodStage'),
  round: key('LivepodRound'),
  dataset: key('LivepodDataset'),
  model: key('LivepodModel'),
  proposal: key('LivepodProposal'),
  provider: key('LivepodProvider'),
  release: key('LivepodRelease'),
  outcome: key('LivepodOutcome'),
};

/** Makes the running workflow findable: `mark({ proposal: 12, outcome: 'adopted' })`. */
export function mark(values: Partial<Record<keyof typeof searchAttributes, string | number>>): void {
  const pairs = Object.entries(values).map(([name, value]) => ({
    key: searchAttributes[name as keyof typeof searchAttributes],
    value: String(value),
  }));
  upsertSearchAttributes(pairs as SearchAttributeUpdatePair[]);
}
