import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { mustStayInMemory, probeSandbox, scratchOf, WITHOUT_SANDBOX } from '@livepod/activities';
import { connect, networkTime, type Clients, type Network } from '@livepod/client';
import { loadIdentity, readNetwork } from '@livepod/client/node';
import { readRing } from '@livepod/codec';
import { parseDatasetManifest, parseRecipe, tokens } from '@livepod/protocol';
import { bundleRecipe, modulesHere, recipeNames } from '@livepod/recipes';
import { ObjectStore } from '@livepod/transfer';
import { connectClient } from '@livepod/workers/temporal';
import { told } from '../output.js';
import { purposeOf } from '../people/bond.js';
import type { ProviderFolder } from './folder.js';

/** What is looked at before a provider works. */
export interface Check {
  name: string;
  ok: boolean;
  says: string;
  /** What to do, when it is not ok. */
  remedy?: string;
  /** Whether no job can be done without it. */
  needed: boolean;
}

type Answer = { ok: boolean; says: string; remedy?: string };

/** Looks at everything that a job needs, in the order in which a job meets it. Changes nothing. */
export async function checksOf(folder: ProviderFolder): Promise<Check[]> {
  const network = readNetwork(folder.network);
  const identity = loadIdentity(folder.identity);
  const clients = await connect(network, identity);
  const looks: [string, boolean, () => Promise<Answer>][] = [
    ['canisters', true, () => reachable(clients)],
    ['bond', true, () => bonded(clients)],
    ['registration', true, () => registered(clients)],
    ['Temporal', true, () => temporal(folder, network)],
    ['S3', network.s3 !== undefined, () => store(clients, network, folder)],
    ['recipes', true, () => recipes(clients)],
    ['scratch', true, () => scratch(clients.principal.toText())],
    ['sandbox', true, () => sandbox(clients, folder)],
  ];
  const checks: Check[] = [];
  for (const [name, needed, look] of looks) {
    try {
      checks.push({ name, needed, ...(await look()) });
    } catch (error) {
      checks.push({ name, needed, ok: false, says: told(error).message });
    }
  }
  return checks;
}

async function reachable(clients: Clients): Promise<Answer> {
  const off = Math.abs((await networkTime(clients)) - Date.now()) / 1000;
  if (off > 60)
    return {
      ok: false,
      says: `this machine’s clock is ${Math.round(off)} s away from the network’s`,
      remedy: 'set the clock (timedatectl set-ntp true)',
    };
  return { ok: true, says: `${clients.network.icHost} answers, certificates verify` };
}

async function bonded(clients: Clients): Promise<Answer> {
  const bond = await clients.treasury.get_bond({ holder: clients.principal, purpose: purposeOf('provider') });
  return bond && bond.amount > 0n
    ? { ok: true, says: `${tokens(bond.amount)} tokens` }
    : { ok: false, says: 'there is none', remedy: 'livepod provider register --bond 200' };
}

async function registered(clients: Clients): Promise<Answer> {
  const known = await clients.access.get_provider(clients.principal);
  if (!known) return { ok: false, says: 'not registered', remedy: 'livepod provider register' };
  return 'approved' in known.status
    ? { ok: true, says: `${known.name} is approved` }
    : { ok: false, says: `${known.name} waits for its vote`, remedy: 'livepod proposals --open' };
}

async function temporal(folder: ProviderFolder, { temporal: where }: Network): Promise<Answer> {
  if (!where)
    return { ok: false, says: 'network.json names no server', remedy: 'ask the operator for a new invitation' };
  const namespace = where.providerNamespace;
  const ring = readRing(folder.keys);
  if (ring.namespace !== namespace)
    return {
      ok: false,
      says: `the key ring is of namespace ${ring.namespace}, and the work is in ${namespace}`,
      remedy: 'livepod provider init with the right invitation, in a folder of its own',
    };
  const { connection } = await connectClient(where, { namespace, keys: folder.keys });
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return { ok: true, says: `${where.address}, namespace ${namespace}` };
  } finally {
    await connection.close();
  }
}

/** Reads the head of some accepted dataset: what a provider may do is read what is there, and nothing else. */
async function store(clients: Clients, { s3 }: Network, folder: ProviderFolder): Promise<Answer> {
  if (!s3) return { ok: true, says: 'none here: datasets lie in canisters' };
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = {
    ...process.env,
    ...folder.environment,
  };
  if (!accessKeyId || !secretAccessKey)
    return {
      ok: false,
      says: 'there are no keys for it',
      remedy: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the operator gives out keys that may read',
    };
  const found = (
    await clients.datasets.newest_datasets({ about: [{ status: { accepted: null } }], before: [], limit: 100 })
  ).find(({ dataset }) => 's3' in dataset.storage);
  const signed = found && (await clients.datasets.get_manifest(found.dataset.id));
  if (!signed) return { ok: true, says: `${s3.endpoint}: keys are there; no dataset lies there yet to try them on` };
  const { storage, files } = parseDatasetManifest(Uint8Array.from(signed.manifest));
  if (storage.kind !== 's3') return { ok: true, says: 'nothing to try' };
  const objects = new ObjectStore({ ...s3, accessKeyId, secretAccessKey });
  try {
    const head = await objects.head(storage.bucket, storage.prefix + files[0]!.name);
    return { ok: true, says: `${s3.endpoint}: ${head ? 'a dataset can be read' : 'answers'}` };
  } finally {
    objects.close();
  }
}

async function recipes(clients: Clients): Promise<Answer> {
  const approved = (await clients.access.list_recipes({ after: [], limit: 100 })).filter(
    ({ status }) => 'approved' in status,
  );
  const here: string[] = [];
  for (const { id, name, version } of approved) {
    const view = await clients.access.get_recipe(id);
    if (!view || !recipeNames.includes(name)) continue;
    const { bundle } = parseRecipe(Uint8Array.from(view.document));
    if (bundle === `sha256:${(await bundleRecipe(name)).sha256}`) here.push(`${name} ${version}`);
  }
  if (approved.length === 0) return { ok: true, says: 'none is approved yet' };
  return here.length > 0
    ? { ok: true, says: `${here.join(', ')} of ${approved.length} approved` }
    : {
        ok: false,
        says: 'no approved recipe is, byte for byte, the one that is installed here',
        remedy: 'install the version of this software that was approved',
      };
}

async function scratch(principal: string): Promise<Answer> {
  const path = scratchOf(principal);
  const parent = existsSync(path) ? path : join(path, '..');
  await mustStayInMemory(parent);
  const { bavail, bsize } = await statfs(parent);
  const free = Math.floor((bavail * bsize) / 1e6);
  return free >= 512
    ? { ok: true, says: `${path}, ${free} MB free, in memory` }
    : {
        ok: false,
        says: `${path} has ${free} MB free`,
        remedy: 'make room, or set LIVEPOD_SCRATCH to a larger folder',
      };
}

/** Tried once by each process: what is looked at again while a vote is open is not this. */
let probed: ReturnType<typeof probeSandbox> | undefined;

/** Tries what an attacker would, in the sandbox that recipes run in. */
async function sandbox(clients: Clients, folder: ProviderFolder): Promise<Answer> {
  if (process.env['LIVEPOD_WITHOUT_SANDBOX'] === WITHOUT_SANDBOX) return unconfined(clients);
  probed ??= probeSandbox(modulesHere, [folder.identity, folder.keys]);
  const { holds, way, limits, tried, succeeded } = await probed;
  if (way === null)
    return {
      ok: false,
      says: 'recipes cannot be confined here',
      remedy: 'install bubblewrap (Debian: apt-get install bubblewrap), and let it make namespaces: docs/providers.md',
    };
  if (!holds)
    return {
      ok: false,
      says: `a recipe could get out: ${succeeded.join(', ')}`,
      remedy: 'do not run this provider here; update the kernel and bubblewrap',
    };
  const by = way === 'root' ? 'made by root' : 'a user namespace of its own';
  const kept = limits === 'cgroup' ? 'cgroup v2' : 'resource limits and a watch from outside';
  return { ok: true, says: `holds (${by}; limits by ${kept}); tried ${tried.join(', ')}` };
}

async function unconfined(clients: Clients): Promise<Answer> {
  const known = await clients.access.get_provider(clients.principal);
  return known && 'open' in known.class
    ? { ok: true, says: 'none, by your word; your registration says so: class open, which licences may exclude' }
    : {
        ok: false,
        says: 'none, by your word, and your registration does not say so',
        remedy: 'register another identity with livepod provider register --class open, or use the sandbox',
      };
}
