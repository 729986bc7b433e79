import { existsSync } from 'node:fs';
import { aptInstall, canInstall } from '../debian.js';
import { versionOf } from '../run.js';
import type { Step } from '../step.js';

/** Where Debian puts it. */
const CHROMIUM = '/usr/bin/chromium';

/** A browser for the tests of the Temporal UI. */
export const browser: Step = {
  name: 'browser',
  title: 'Chromium for tests',
  ways: [
    'LIVEPOD_CHROMIUM=/path/to/chromium',
    'as root, on Debian: apt-get install chromium (done by itself when run as root)',
  ],
  async run(progress) {
    const path = process.env['LIVEPOD_CHROMIUM'] ?? CHROMIUM;
    if (!existsSync(path) && path === CHROMIUM && canInstall()) {
      await aptInstall(['chromium', 'fonts-dejavu-core'], progress);
      return { how: 'built', detail: (await versionOf(path)) ?? path };
    }
    if (!existsSync(path))
      return { how: 'found', detail: 'none', warning: `${path} is not there: the test of the Temporal UI will fail` };
    return { how: 'found', detail: (await versionOf(path)) ?? path };
  },
};
