import {
  CanisterError,
  everyAfter,
  listProposals,
  planOfCandid,
  type Clients,
  type Decision,
  type Fleet,
  type Models,
} from '@livepod/client';
import { instead, nearest, PAGE_LIMIT, voteReference, wavesOf } from '@livepod/protocol';
import { brief, found } from './found.js';
import type { Finding } from './port.js';
import type { RecipeFound } from './rounds.js';

/** What an input names, as far as it could be read. */
interface Named {
  channel?: string;
}
export type NamedReview = Named & { round?: string; checkpoint?: string };
export type NamedRelease = Named & { release?: number; waves?: number };
export type NamedRollback = Named & { version?: number; reason?: string; ref?: string };

const channels = (clients: Clients): Promise<Models.Channel[]> =>
  everyAfter<Models.Channel, string>(
    (page) => clients.models.list_channels(page),
    (channel) => channel.name,
  );

const noSuchChannel = (name: string, names: string[]): Finding =>
  found('channel', `is "${name}", and there is no such channel`, {
    expected: 'a channel that a checkpoint was adopted for',
    remedy: `Give another one: ${instead(name, names)}`,
  });

/** Channels that pods follow, by the first thousands of them. */
async function followedChannels(clients: Clients): Promise<Set<string>> {
  const followed = new Set<string>();
  let after: Fleet.ListPods['after'] = [];
  for (let read = 0; read < 50; read++) {
    const page: Fleet.Pod[] = await clients.fleet.list_pods({ after, limit: PAGE_LIMIT });
    for (const { channel } of page) followed.add(channel);
    if (page.length < PAGE_LIMIT) break;
    after = [page.at(-1)!.principal];
  }
  return followed;
}

/**
 * Whether a checkpoint of this recipe can be adopted on the channel. Adopting makes a channel, so a new name is right
 * unless no pod follows it and it is nearly that of one which pods follow.
 *
 * @param when  `later`: an open release will be over by then
 */
export async function channelToAdoptOn(
  clients: Clients,
  { channel }: Named,
  { document }: RecipeFound,
  when: 'now' | 'later' = 'now',
): Promise<Finding[]> {
  if (channel === undefined) return [];
  const all = await channels(clients);
  const known = all.find(({ name }) => name === channel);
  if (!known) {
    const followed = await followedChannels(clients);
    const meant = !followed.has(channel) && nearest(channel, [...followed]) !== undefined;
    return meant ? [noSuchChannel(channel, [...followed])] : [];
  }
  const findings: Finding[] = [];
  const candidate = known.candidate[0];
  if (candidate && when === 'now')
    findings.push(
      found(
        'channel',
        `is "${channel}", on which release ${candidate.release} of version ${candidate.version} is open`,
        {
          expected: 'a channel without an open release',
          remedy: `Wait until release ${candidate.release} is over, or abort its rollout`,
        },
      ),
    );
  const carries = (known.stable[0] ?? candidate)?.checkpoint;
  const model = carries === undefined ? undefined : (await clients.models.get_checkpoint(carries))?.model;
  if (document && model !== undefined && model !== document.name)
    findings.push(
      found('channel', `is "${channel}", which carries the model ${model}`, {
        expected: `one for ${document.name}, which the recipe trains`,
        remedy: 'Give another channel or another recipe',
      }),
    );
  return findings;
}

export async function checkpointToReview(
  clients: Clients,
  { round, checkpoint, ...named }: NamedReview,
): Promise<Finding[]> {
  if (checkpoint === undefined) return channelToAdoptOn(clients, named, { findings: [] });
  const known = await clients.models.get_checkpoint(checkpoint);
  if (!known)
    return [
      found('checkpoint', `is ${brief(checkpoint)}, which the models canister does not know`, {
        expected: 'a submitted checkpoint',
        remedy: 'Give the id that its training ended with',
      }),
      ...(await channelToAdoptOn(clients, named, { findings: [] })),
    ];
  const findings: Finding[] = [];
  if ('rejected' in known.state)
    findings.push(
      found('checkpoint', `is ${brief(checkpoint)}, which voters rejected`, {
        expected: 'one that was not decided on',
        remedy: 'Have another one trained',
      }),
    );
  const name = { name: known.model } as RecipeFound['document'];
  findings.push(...(await channelToAdoptOn(clients, named, { findings: [], ...(name ? { document: name } : {}) })));
  if (round === undefined) return findings;
  const reference = voteReference('adopt_checkpoint', round, checkpoint.replace('sha256:', '').slice(0, 16));
  const used = await proposalOf(clients, reference);
  if (used && used.outcome !== 'open' && used.outcome !== 'adopted') findings.push(usedBefore('round', round, used));
  return findings;
}

export async function releaseToRollOut(
  clients: Clients,
  { release, channel, waves }: NamedRelease,
): Promise<Finding[]> {
  if (release === undefined) return channel === undefined ? [] : channelToChange(clients, channel);
  const known = await clients.fleet.get_release(BigInt(release));
  if (!known) {
    const open = (await channels(clients)).flatMap(({ candidate: [candidate] }) => candidate?.release ?? []);
    return [
      found('release', `is ${release}, which the fleet canister does not know`, {
        expected: 'the number of an open release',
        remedy: open.length === 0 ? 'None is open; a vote on a checkpoint opens one' : `Open is ${open.join(', ')}`,
      }),
    ];
  }
  const findings: Finding[] = [];
  const state = Object.keys(known.state)[0]!;
  if (['completed', 'stopped', 'superseded'].includes(state))
    findings.push(
      found('release', `is ${release}, which is ${state}`, {
        expected: 'an open release',
        remedy: 'Nothing is left to roll out; a new one is opened by a vote on a checkpoint',
      }),
    );
  if (channel !== undefined && known.channel !== channel)
    findings.push(
      found('channel', `is "${channel}", and release ${release} is on "${known.channel}"`, {
        expected: `"${known.channel}"`,
        remedy: `Give "${known.channel}"`,
      }),
    );
  const voted = wavesOf(planOfCandid(known.plan));
  if (waves !== undefined && waves !== voted)
    findings.push(
      found('waves', `is ${waves}, and the plan that was voted has ${voted}`, {
        expected: `${voted}`,
        remedy: `Give ${voted}`,
      }),
    );
  return findings;
}

/** A channel that is there. */
async function channelToChange(clients: Clients, channel: string): Promise<Finding[]> {
  const names = (await channels(clients)).map(({ name }) => name);
  return names.includes(channel) ? [] : [noSuchChannel(channel, names)];
}

export async function rollback(clients: Clients, { channel, version, reason, ref }: NamedRollback): Promise<Finding[]> {
  if (channel === undefined) return [];
  const unknown = await channelToChange(clients, channel);
  if (unknown.length > 0) return unknown;
  const findings: Finding[] = [];
  const refused =
    version === undefined || reason === undefined
      ? undefined
      : await validated(() => clients.models.validate_rollback_channel({ channel, version, reason }));
  if (refused !== undefined)
    findings.push(
      found(refused.startsWith('reason') ? 'reason' : 'version', `is refused: ${refused.replace(/\.$/, '')}`, {
        expected: 'what the models canister would do',
        remedy: 'Give another one',
      }),
    );
  if (ref === undefined) return findings;
  const used = await proposalOf(clients, voteReference('rollback_channel', channel, ref));
  const title = `Set channel ${channel} to version ${version ?? ''}`;
  const same = version === undefined ? used?.title.startsWith(title) : used?.title === title;
  if (used && (used.outcome !== 'open' || !same)) findings.push(usedBefore('ref', ref, used));
  return findings;
}

/** What a canister's own validator says against a change. */
async function validated(ask: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await ask();
    return undefined;
  } catch (error) {
    // `NotFound: channel stable: …`: the kind first, then the words.
    if (error instanceof CanisterError && error.code === 'invalid') return error.message.replace(/^[A-Za-z]+: /, '');
    throw error;
  }
}

function usedBefore(path: string, reference: string, { proposal, title, outcome }: Decision): Finding {
  return found(path, `is "${reference}", which was used before for proposal ${proposal}, "${title}" (${outcome})`, {
    expected: 'a reference that was not used',
    remedy: 'Give another one, such as one with the date in it',
  });
}

/** Pages that are looked through: a reference that is older than 10,000 proposals is forgotten. */
const PAGES = 100;

async function proposalOf(clients: Clients, reference: string): Promise<Decision | undefined> {
  let before: number | undefined;
  for (let read = 0; read < PAGES; read++) {
    const page = await listProposals(clients, before === undefined ? {} : { before });
    const used = page.find(({ clientRef }) => clientRef === reference);
    if (used || page.length < PAGE_LIMIT) return used;
    before = page.at(-1)!.proposal;
  }
  return undefined;
}
