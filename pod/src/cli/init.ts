import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type IcNetwork } from '@livepod/client';
import { saveIdentity } from '@livepod/client/node';
import { PodError } from '../errors.js';
import { sha256 } from '../hashes.js';
import { makeFolder, writeAtomically } from '../state/disk.js';
import type { Asked } from './commands.js';
import { checkedRoot, given, identityFile, networkIn } from './files.js';

/** What `init` made or found: what a person compares, and where it is. */
export interface Made {
  ok: true;
  folder: string;
  id: string;
  files: { path: string; how: 'made' | 'kept' | 'fetched'; from?: string }[];
  network: { icHost: string; rootKeySha256: string };
  root: { version: number; sha256: string; expires: string; keys: number; threshold: number };
  next: string[];
}

/** The files of a pod's folder. */
export const placesIn = (folder: string) => ({
  identity: join(folder, 'identity.json'),
  network: join(folder, 'network.json'),
  root: join(folder, 'root.json'),
  state: join(folder, 'state'),
});

/**
 * Makes a pod's folder. What is there is never overwritten: it is checked, and must not say otherwise than what is
 * given.
 *
 * @throws PodError `badFile` · `invalidArguments` · `network` · CanisterError when the models canister is asked for the
 *   root and cannot be reached or believed
 */
export async function init(values: Asked['values']): Promise<Made> {
  const folder = values['folder'] ?? 'my-pod';
  const places = placesIn(folder);
  makeFolder(folder);
  const files: Made['files'] = [];

  const network = networkIn(
    await placed(files, places.network, values['network'], 'network.json', () => {
      throw new PodError(
        'invalidArguments',
        {},
        "--network is missing: the operator's network.json, or the address that it is at.",
      );
    }),
    places.network,
  );
  const kept = existsSync(places.identity);
  if (!kept) saveIdentity(places.identity, randomBytes(32));
  files.push({ path: places.identity, how: kept ? 'kept' : 'made' });
  const id = identityFile(places.identity).getPrincipal().toText();

  const rootBytes = await placed(
    files,
    places.root,
    values['root'],
    'root.json',
    () => publishedRoot(network),
    (bytes) => {
      checkedRoot(bytes, values['root'] ?? 'The root that the models canister has');
      compared(bytes, values['root-sha256']);
    },
  );
  const root = checkedRoot(rootBytes, places.root);
  compared(rootBytes, values['root-sha256']);
  const stateKept = existsSync(places.state);
  makeFolder(places.state);
  files.push({ path: places.state, how: stateKept ? 'kept' : 'made' });

  const example = `--folder ${folder} --recordings DIR --person NAME`;
  return {
    ok: true,
    folder,
    id,
    files,
    network: { icHost: network.icHost, rootKeySha256: sha256(Buffer.from(network.rootKey, 'hex')) },
    root: {
      version: root.version,
      sha256: sha256(rootBytes),
      expires: root.expires,
      keys: root.roles['root']?.keyIDs.length ?? 0,
      threshold: root.roles['root']?.threshold ?? 0,
    },
    next: [`livepod-pod doctor ${example}`, `livepod-pod run ${example}`],
  };
}

/** In words, with what a person should compare. */
export function madeInWords({ folder, id, files, network, root, next }: Made): string {
  const lines = files.map(({ path, how, from }) => `  ${path.padEnd(30)} ${how}${from ? ` from ${from}` : ''}`);
  return [
    `${folder} is this pod's: ${id}`,
    ...lines,
    '',
    `It trusts root.json version ${root.version}, signed by ${root.threshold} of ${root.keys} keys, until ` +
      `${root.expires}, on the network at ${network.icHost}. Compare both with whoever gave you the pod:`,
    `  root.json         SHA-256 ${root.sha256}`,
    `  network's rootKey SHA-256 ${network.rootKeySha256}`,
    '',
    'Next:',
    ...next.map((command) => `  ${command}`),
    '',
  ].join('\n');
}

/** A file of the folder: as it is, or as it is given now. One that is there and differs from what is given stays. */
async function placed(
  files: Made['files'],
  path: string,
  source: string | undefined,
  file: 'network.json' | 'root.json',
  otherwise: () => Promise<Buffer>,
  check: (bytes: Buffer) => void = (bytes) => void networkIn(bytes, source ?? path),
): Promise<Buffer> {
  const kept = existsSync(path) ? readFileSync(path) : undefined;
  if (kept && source === undefined) {
    files.push({ path, how: 'kept' });
    return kept;
  }
  const bytes = source === undefined ? await otherwise() : await given(source, file);
  check(bytes);
  if (kept && !kept.equals(bytes))
    throw new PodError(
      'badFile',
      { path },
      `${path} is there and says otherwise than ${source}; remove it to take the new one, or leave ` +
        `--${file.slice(0, -'.json'.length)} out.`,
    );
  if (!kept) writeAtomically(path, bytes);
  files.push({ path, how: kept ? 'kept' : 'fetched', from: source ?? 'the models canister, verified' });
  return bytes;
}

/**
 * The newest root that the models canister has, by a query that is signed by a node of the network under its root key:
 * whoever carries it cannot change it.
 */
async function publishedRoot(network: IcNetwork): Promise<Buffer> {
  const { models } = await connect(network, undefined, { retryTimes: 2 });
  const { root_version: version } = await models.get_publication();
  if (version === 0)
    throw new PodError(
      'badFile',
      {},
      'The models canister has no root yet; ask the operator when the DAO publishes one, or name a file with --root.',
    );
  const url = `/tuf/${version}.root.json`;
  const { status_code: status, body } = await models.http_request({
    method: 'GET',
    url,
    headers: [],
    certificate_version: [],
    body: new Uint8Array(),
  });
  if (status !== 200)
    throw new PodError('network', { url, status }, `The models canister answers ${status} for ${url}; try again.`);
  return Buffer.from(body);
}

function compared(root: Buffer, wanted: string | undefined): void {
  if (wanted === undefined || wanted.toLowerCase() === sha256(root)) return;
  throw new PodError(
    'badFile',
    { sha256: sha256(root) },
    `The root has SHA-256 ${sha256(root)}, and not ${wanted}; do not trust it: ask whoever gave you the pod.`,
  );
}
