import { installMissing } from '../debian.js';
import { versionOf } from '../run.js';
import type { Step } from '../step.js';

/** Training runs in a place of its own or not at all: bubblewrap makes such a place, without root too. */
export const sandbox: Step = {
  name: 'sandbox',
  title: 'Sandbox for training',
  ways: ['as root, on Debian: apt-get install bubblewrap (done by itself when run as root)'],
  async run(progress) {
    const there = await versionOf('bwrap');
    if (there) return { how: 'found', detail: there };
    await installMissing({ bwrap: 'bubblewrap' }, progress);
    const installed = await versionOf('bwrap');
    if (installed) return { how: 'built', detail: installed };
    throw new Error('bubblewrap is not installed, and no training runs without a sandbox');
  },
};
