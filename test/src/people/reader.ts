import type { Browser } from 'playwright-core';
import { launchChromium } from '../chromium.js';

/** What somebody sees of a page, and whether it did anything but be read. */
export interface Seen {
  title: string;
  text: string;
  /** Errors of scripts, of what the page may not load, and dialogs that it opened. */
  trouble: string[];
  links: string[];
  /** Elements that a page for reading has no use for. */
  active: number;
}

/** Somebody who opens addresses in a browser. */
export class Reader {
  private browser: Promise<Browser> | undefined;

  async opens(address: string): Promise<Seen> {
    this.browser ??= launchChromium();
    const page = await (await this.browser).newPage();
    const trouble: string[] = [];
    page.on('pageerror', (error) => trouble.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') trouble.push(message.text());
    });
    page.on('dialog', (dialog) => {
      trouble.push(`it opened a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    try {
      const response = await page.goto(address);
      if (!response?.ok()) throw new Error(`${address} answers ${response?.status()}: ${await response?.text()}`);
      return {
        title: await page.title(),
        text: await page.locator('body').innerText(),
        trouble,
        links: await page.locator('main a').evaluateAll((all) => all.map((each) => (each as HTMLAnchorElement).href)),
        active: await page.locator('script, img, iframe, object, form').count(),
      };
    } finally {
      await page.close();
    }
  }

  async leave(): Promise<void> {
    await (await this.browser)?.close();
  }
}
