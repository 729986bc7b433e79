import { ParentClosePolicy, workflowInfo } from '@temporalio/workflow';
import { short } from './narration.js';

/** At most eight children, however many datasets: each takes a page. */
export function pages(datasets: string[]): string[][] {
  const size = Math.ceil(datasets.length / 8);
  const count = Math.ceil(datasets.length / size);
  return Array.from({ length: count }, (_, page) => datasets.slice(page * size, (page + 1) * size));
}

/** The options of a child that ends with its parent; a stage's second attempt has a workflow of its own. */
export function child(id: string, staticSummary: string, attempt: number) {
  return {
    workflowId: `${workflowInfo().workflowId}-${id}${attempt === 1 ? '' : `-${attempt}`}`,
    staticSummary,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  };
}

/** The child that takes in one page of datasets. */
export function pageTaker(page: string[], attempt: number) {
  const first = short(page[0]!);
  return child(`intake-${first}`, page.length === 1 ? `Dataset ${first}` : `${page.length} datasets`, attempt);
}
