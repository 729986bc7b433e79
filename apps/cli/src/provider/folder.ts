import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Network } from '@livepod/client';
import { writeWhole } from '@livepod/client/node';
import { CliError } from '../errors.js';

/** What an operator hands to a new provider; secret, since it holds the key that both encrypt with. */
export interface Invitation {
  type: 'livepod.invitation/v1';
  /** Also of the Temporal namespace and the Nexus endpoint. */
  name: string;
  network: Network;
  share: { namespace: string; active: string; keys: Record<string, string> };
  s3?: { accessKeyId: string; secretAccessKey: string };
}

/** What a provider's folder says of it. */
interface Settings {
  name: string;
}

/** A provider's files, in one folder that is its own. */
export class ProviderFolder {
  readonly identity: string;
  readonly keys: string;
  readonly network: string;
  private readonly settingsFile: string;
  private readonly s3File: string;

  constructor(readonly path: string) {
    this.identity = join(path, 'identity.json');
    this.keys = join(path, 'codec.json');
    this.network = join(path, 'network.json');
    this.settingsFile = join(path, 'provider.json');
    this.s3File = join(path, 's3.json');
  }

  /** Writes what an invitation says; each file whole, or not at all. */
  accept({ name, network, s3 }: Invitation): void {
    writeWhole(this.network, `${JSON.stringify(network, null, 2)}\n`);
    writeWhole(this.settingsFile, `${JSON.stringify({ name } satisfies Settings)}\n`);
    if (s3) writeWhole(this.s3File, `${JSON.stringify(s3)}\n`);
  }

  /** @throws CliError `badArguments` when there was no `provider init` here */
  get name(): string {
    if (!existsSync(this.settingsFile))
      throw new CliError(
        'badArguments',
        { folder: this.path },
        `${this.path} is no provider’s folder; make it from the operator’s invitation: livepod provider init FILE.`,
      );
    return (JSON.parse(readFileSync(this.settingsFile, 'utf8')) as Settings).name;
  }

  /** What the process that trains is told by its environment. */
  get environment(): Record<string, string> {
    const s3 = existsSync(this.s3File)
      ? (JSON.parse(readFileSync(this.s3File, 'utf8')) as NonNullable<Invitation['s3']>)
      : undefined;
    return {
      LIVEPOD_NETWORK: this.network,
      LIVEPOD_IDENTITY: this.identity,
      LIVEPOD_CODEC_KEYS: this.keys,
      ...(s3 ? { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey } : {}),
    };
  }
}
