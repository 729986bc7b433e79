import { chromium, type Browser } from 'playwright-core';

/** No sandbox for root; no traffic of Chromium's own. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The machine's own Chromium. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env['LIVEPOD_CHROMIUM'] ?? '/usr/bin/chromium', args: ARGUMENTS });
