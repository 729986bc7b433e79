/** A device with a shipped root and a repository on loopback, for the tests of the TUF client. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Repository } from '../repository.fixture.js';
import { Fetcher } from './fetcher.js';
import { Trust } from './trust.js';

export const DAY = 24 * 3600 * 1000;

export class Shipped {
  readonly folder = mkdtempSync(join(tmpdir(), 'pod-trust-'));
  readonly repository = new Repository();
  root = this.repository.root(1);
  private address = '';

  static async open(): Promise<Shipped> {
    const made = new Shipped();
    made.address = await made.repository.listen();
    made.repository.sign();
    return made;
  }

  async close(): Promise<void> {
    await this.repository.close();
    rmSync(this.folder, { recursive: true });
  }

  /**
   * The client as after a restart.
   *
   * @param ahead  of the right time, milliseconds: what the device's clock says; null, and it is given no clock
   */
  trust(ahead: number | null = 0): Trust {
    const fetcher = new Fetcher(this.address, '');
    if (ahead === null) return new Trust(this.folder, fetcher, this.root);
    return new Trust(this.folder, fetcher, this.root, () => new Date(Date.now() + ahead));
  }

  /** The version of the targets that a device comes to believe after a restart. */
  async believes(ahead = 0): Promise<number> {
    return (await this.trust(ahead).refresh()).version;
  }

  has(name: string): boolean {
    return existsSync(join(this.folder, name));
  }
  kept(name: string): Buffer {
    return readFileSync(join(this.folder, name));
  }
  keep(name: string, content: string | Buffer): void {
    writeFileSync(join(this.folder, name), content);
  }
  asked(path: string): number {
    return this.repository.requests.filter((one) => one === path).length;
  }
}
