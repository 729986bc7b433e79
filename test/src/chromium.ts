import { CHROMIUM, CHROMIUM_ARGUMENTS } from '@livepod/ic/testing';
import { chromium, type Browser } from 'playwright-core';

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
