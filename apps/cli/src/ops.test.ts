import { Command } from 'commander';
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, RetryState } from '@temporalio/common';
import { addOps } from './ops.js';
import { failureInWords } from './watching.js';

const program = new Command('livepod');
addOps(program);

/** Commands that do something, by their whole name. */
const leaves = (command: Command, name = ''): [string, Command][] =>
  command.commands.length === 0
    ? [[name, command]]
    : command.commands.flatMap((each) => leaves(each, `${name} ${each.name()}`.trim()));

describe.each(leaves(program))('livepod %s', (_, command) => {
  let help = '';
  command.configureOutput({ writeOut: (text) => void (help += text) });
  command.outputHelp();

  it('says what it does, with an example', () => {
    expect(command.description()).not.toBe('');
    expect(help).toMatch(/^Example: livepod ops /m);
  });

  it('has --json', () => expect(help).toContain('--json'));
});

describe('a failure', () => {
  it('is told by its innermost cause, with its code and where that was', () => {
    const cause = ApplicationFailure.nonRetryable('S3 does not answer; see that it runs.', 'storageUnavailable');
    const step = new ActivityFailure(
      'Activity task failed',
      'training.fetch',
      '1',
      RetryState.MAXIMUM_ATTEMPTS_REACHED,
      undefined,
      cause,
    );
    const child = new ChildWorkflowFailure(
      'livepod',
      { workflowId: 'a', runId: 'b' },
      'trainingJob',
      RetryState.NON_RETRYABLE_FAILURE,
      step,
    );
    expect(failureInWords(new Error('Workflow execution failed', { cause: child }))).toBe(
      'S3 does not answer; see that it runs. (trainingJob, training.fetch; code storageUnavailable)',
    );
  });

  it('without a cause is told as it is', () => expect(failureInWords(new Error('Gone'))).toBe('Gone'));
});
