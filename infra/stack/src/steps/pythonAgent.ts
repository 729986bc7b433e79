import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { installMissing } from '../debian.js';
import { cache, own } from '../paths.js';
import { run } from '../run.js';
import { hashOf, stamped, writeStamp } from '../stamp.js';
import type { Step } from '../step.js';

const PINS = own('pins', 'ic-py.txt');
const folder = cache('ic-py');

/** ic-py in an environment of its own: the tests of the IC host talk to it as strangers do. */
export const pythonAgent: Step = {
  name: 'ic-py',
  title: 'Python agent, for tests',
  ways: ['Python 3.9 or later with venv (Debian: apt-get install python3-venv), and the package index'],
  async run(progress) {
    const inputs = await hashOf([PINS]);
    const stamp = cache('stamps', 'ic-py');
    if (existsSync(`${folder}/bin/python`) && (await stamped(stamp, inputs)))
      return { how: 'cached', detail: 'ic-py 1.0.1' };
    await rm(folder, { recursive: true, force: true });
    try {
      await run('python3', ['-m', 'venv', folder], { timeout: 120_000 });
    } catch {
      await installMissing({ 'python3-venv': 'python3-venv' }, progress);
      await run('python3', ['-m', 'venv', folder], { timeout: 120_000 });
    }
    await run(`${folder}/bin/pip`, ['install', '--require-hashes', '--disable-pip-version-check', '-r', PINS], {
      onLine: progress,
      timeout: 300_000,
    });
    await writeStamp(stamp, inputs);
    return { how: 'built', detail: 'ic-py 1.0.1' };
  },
};
