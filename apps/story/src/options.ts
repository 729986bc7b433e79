import { parseArgs } from 'node:util';
import { StoryError } from './errors.js';

export const HELP = `npm start -- [options]

Installs and builds what is missing, brings up the stack, tells the story on it, and stays up until Ctrl-C.

  --once          end after the summary, with status 0 if the story came out right
  --fresh         start from empty state
  --report FILE   write what happened as JSON
  --data DIR      recordings to use; else LIVEPOD_DATA, else a download
  --state DIR     where the running stack keeps everything; default: .state
  --stack-only    bring the stack up and tell no story
  --i-vote        the story’s voters leave your proposals alone, and say so: vote on them with livepod vote
  --help
`;

export interface Options {
  once: boolean;
  fresh: boolean;
  report?: string;
  data?: string;
  state?: string;
  stackOnly: boolean;
  iVote: boolean;
  help: boolean;
}

/** @throws StoryError `badOption` naming it */
export function readOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        once: { type: 'boolean', default: false },
        fresh: { type: 'boolean', default: false },
        report: { type: 'string' },
        data: { type: 'string' },
        state: { type: 'string' },
        'stack-only': { type: 'boolean', default: false },
        'i-vote': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    return { ...values, stackOnly: values['stack-only'], iVote: values['i-vote'] };
  } catch (error) {
    throw new StoryError('badOption', { args }, `${(error as Error).message}\n\n${HELP}`);
  }
}
