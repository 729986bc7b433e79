import { reaches, type Clients, type Fleet } from '@livepod/client';
import { PAGE_LIMIT } from '@livepod/protocol';
import type { PodsOfRelease } from './port.js';

/** A page names so many pods of each version. */
const NAMED = 12;
/** Pods that are looked at: of a larger fleet the first. */
const PAGES = 50;

/** Which version each pod of a release's channel is to run: the release's while it is exposed, else the one before. */
export async function podsOf(clients: Clients, release: Fleet.Release): Promise<PodsOfRelease> {
  const versions = new Map<number, { pods: string[]; count: number }>();
  let after: [] | [Fleet.Pod['principal']] = [];
  for (let read = 0; read < PAGES; read++) {
    const page: Fleet.Pod[] = await clients.fleet.list_pods({ after, limit: PAGE_LIMIT });
    for (const pod of page.filter(({ channel }) => channel === release.channel)) {
      const version = isOffered(release, pod) ? release.version : (release.previous[0] ?? 0);
      const group = versions.get(version) ?? { pods: [], count: 0 };
      if (group.pods.length < NAMED) group.pods.push(pod.name);
      group.count++;
      versions.set(version, group);
    }
    if (page.length < PAGE_LIMIT) break;
    after = [page.at(-1)!.principal];
  }
  return {
    versions: [...versions].map(([version, group]) => ({ version, ...group })).sort((a, b) => b.version - a.version),
    installed: Number(release.installed),
    returned: Number(release.returned),
  };
}

function isOffered(release: Fleet.Release, pod: Fleet.Pod): boolean {
  if ('completed' in release.state) return true;
  return !('stopped' in release.state || 'superseded' in release.state) && reaches(release, pod);
}
