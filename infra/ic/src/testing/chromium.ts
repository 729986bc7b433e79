/** The browser that set-up provides. */
export const CHROMIUM = process.env.LIVEPOD_CHROMIUM ?? '/usr/bin/chromium';

/** As root and without a network: no sandbox of its own, and nothing that it would look up by itself. */
export const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
