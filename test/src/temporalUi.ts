import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page, Request } from 'playwright-core';
import { launchChromium } from './chromium.js';

const PICTURES = process.env['LIVEPOD_PICTURES']
  ? fileURLToPath(new URL('../../docs/pictures/', import.meta.url))
  : join(tmpdir(), 'livepod-pictures');

/** What went between the browser and the Temporal UI's server: never what went to the codec server. */
export interface Exchange {
  url: string;
  bytes: Buffer;
}

/** The Temporal UI (2.42) as an operator uses it: every step by what is seen on the page. */
export class TemporalUi {
  readonly exchanges: Exchange[] = [];
  private readonly reading: Promise<void>[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly context: BrowserContext,
    readonly page: Page,
    private readonly url: string,
    private readonly namespace: string,
  ) {}

  /** Opens a browser that knows nothing yet. */
  static async open(url: string, namespace: string): Promise<TemporalUi> {
    const browser = await launchChromium();
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
    context.setDefaultTimeout(20_000);
    const ui = new TemporalUi(browser, context, await context.newPage(), url, namespace);
    context.on('requestfinished', (request) => void ui.reading.push(ui.note(request)));
    return ui;
  }

  private async note(request: Request): Promise<void> {
    if (
      new URL(request.url()).origin !== this.url ||
      /\/_app\/|\.(js|css|woff2?|svg|png|ico)$/.test(new URL(request.url()).pathname)
    )
      return;
    const body = await request
      .response()
      .then((response) => response?.body())
      .catch(() => undefined);
    const headers = JSON.stringify(await request.allHeaders().catch(() => ({})));
    this.exchanges.push({
      url: request.url(),
      bytes: Buffer.concat([
        Buffer.from(`${request.url()}\n${headers}\n${request.postData() ?? ''}\n`),
        body ?? Buffer.alloc(0),
      ]),
    });
  }

  /** Everything exchanged so far. */
  async traffic(): Promise<Exchange[]> {
    await Promise.all(this.reading);
    return this.exchanges;
  }

  async picture(name: string): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: join(PICTURES, `ui-${name}.png`), animations: 'disabled' });
  }

  /** Says in the UI's settings where the codec server is, and that the session's cookie goes there. */
  async useCodec(endpoint: string): Promise<void> {
    const { page } = this;
    await page.goto(`${this.url}/namespaces/${this.namespace}/workflows`);
    await page.locator('[data-testid^="data-encoder-status"]:visible').first().click();
    const choice = page.getByTestId('override-accordion').getByRole('button').first();
    await choice.click();
    await page.locator('#use-local-endpoint-radio').check({ force: true });
    await choice.click(); // open, it pushes the rest below the bar
    await page.locator('#data-encoder-endpoint-input').fill(endpoint);
    await page.getByTestId('data-encoder-include-credentials').click();
    await page.locator('#pass-access-credentials:checked').waitFor({ state: 'attached' });
    await this.picture('codec-settings');
    await page.getByTestId('confirm-data-encoder-button').click();
    await page.getByTestId('data-encoder-title').waitFor({ state: 'detached' });
  }

  /** Starts a workflow through the form, from a link that fills in all but the input. */
  async start(workflowType: string, taskQueue: string, workflowId: string, input: unknown): Promise<void> {
    const { page } = this;
    const filled = new URLSearchParams({ workflowType, taskQueue, workflowId }).toString();
    await page.goto(`${this.url}/namespaces/${this.namespace}/workflows/start-workflow?${filled}`);
    await page.getByText('Task Queue is Active').waitFor();
    // the form takes the input of the last run of this type, and must not do so after ours is typed
    await page.waitForLoadState('networkidle');
    await this.type(page.locator('.cm-content').first(), input);
    await page.getByTestId('start-workflow-button').click();
    await page
      .getByText(/workflow started|success/i)
      .first()
      .waitFor();
  }

  /** A workflow's page, once it runs; `part` is one of its tabs. */
  async open(workflowId: string, part: 'history' | 'user-metadata', seconds = 20): Promise<void> {
    const { page } = this;
    for (const deadline = Date.now() + seconds * 1000; ;) {
      await page.goto(`${this.url}/namespaces/${this.namespace}/workflows/${workflowId}`);
      const there = await page.waitForURL(/\/workflows\/[^/]+\/[0-9a-f-]{36}/, { timeout: 5_000 }).then(
        () => true,
        () => false,
      );
      if (there) break;
      if (Date.now() > deadline) throw new Error(`${workflowId} has no page: it did not start within ${seconds} s.`);
    }
    await page.goto(
      `${page
        .url()
        .split('?')[0]!
        .replace(/\/(history|user-metadata|timeline)$/, '')}/${part}`,
    );
  }

  /** What the workflow tells on its page, as an operator reads it. */
  async details(workflowId: string, until: RegExp, seconds = 60): Promise<string> {
    await this.open(workflowId, 'user-metadata', seconds);
    const frames = this.page.locator('iframe[title="output"]');
    for (const deadline = Date.now() + seconds * 1000; ; await this.page.waitForTimeout(1000)) {
      const texts = await Promise.all(
        (await frames.all()).map((_, index) =>
          this.page
            .frameLocator('iframe[title="output"]')
            .nth(index)
            .locator('body')
            .innerText()
            .catch(() => ''),
        ),
      );
      const text = texts.join('\n');
      if (until.test(text)) return text;
      if (Date.now() > deadline) throw new Error(`The page of ${workflowId} does not say ${until} but:\n${text}`);
      await this.page.keyboard.press('r');
    }
  }

  /** Fills in and sends the update dialog. @returns the sentence of a refusal; undefined when it was done */
  async update(workflowId: string, name: string, input: unknown, picture?: string): Promise<string | undefined> {
    const { page } = this;
    await this.open(workflowId, 'history');
    await page.getByRole('button', { name: 'More Actions' }).click();
    await page.locator('[data-testid="update-button"]:visible').first().click();
    const dialog = page.locator('dialog[open][data-testid="update-confirmation-modal"]');
    await dialog.getByTestId('update-select-button').click();
    await page.getByRole('option', { name: new RegExp(`^${name}\\b`) }).click();
    await this.type(dialog.locator('.cm-content'), input);
    if (picture) await this.picture(picture);
    await dialog.getByTestId('confirm-modal-button').click();
    const refusal = dialog.getByRole('alert').filter({ hasNotText: 'In Progress' }).filter({ hasText: /\S/ });
    const outcome = await Promise.race([
      page
        .getByText('Update successful', { exact: false })
        .first()
        .waitFor()
        .then(() => undefined),
      refusal
        .first()
        .waitFor()
        .then(() => refusal.first().innerText()),
    ]);
    if (outcome !== undefined && picture) await this.picture(`${picture}-refused`);
    return outcome;
  }

  /** All text of the page's code blocks: inputs, results, failures. */
  async payloads(until: RegExp, seconds = 60): Promise<string> {
    for (const deadline = Date.now() + seconds * 1000; ; await this.page.waitForTimeout(500)) {
      const text = (
        await this.page
          .getByTestId('input-and-result')
          .locator('.cm-content')
          .allInnerTexts()
          .catch(() => [])
      ).join('\n');
      if (until.test(text)) return text;
      if (Date.now() > deadline) throw new Error(`${this.page.url()} does not show ${until} but:\n${text}`);
    }
  }

  private async type(editor: ReturnType<Page['locator']>, input: unknown): Promise<void> {
    await editor.click();
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.insertText(JSON.stringify(input));
    // it formats what was typed, and moves what is below
    await editor.evaluate((element) => (element as HTMLElement).blur());
    await this.page.waitForTimeout(300);
  }

  async close(): Promise<void> {
    await this.context.close();
    await this.browser.close();
  }
}
