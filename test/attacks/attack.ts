import type { Ground } from './ground.js';

/** Who attacks; each holds what that party holds, and nothing else. */
export const PARTIES = {
  stranger: 'anybody on the Internet, with or without a key of their own',
  orchestrator: 'the orchestrator, with its own key and every answer it gives to workflows',
  temporal: 'the Temporal server, which holds all payloads and no codec key',
  objects: 'the S3 server, or whoever may write to its bucket',
  mirror: 'a gateway or mirror of signed metadata and chunks',
  replica: 'one node of the Internet Computer, which answers queries alone',
  contributor: 'a contributor with a bond',
  provider: 'an approved training provider with a job',
  recipe: 'code in an approved recipe, in the sandbox of its provider',
  checkpoint: 'the bytes of a model, and the manifest that comes with them',
  evaluator: 'an appointed evaluator',
  pod: 'an enrolled pod',
} as const;
export type Party = keyof typeof PARTIES;

export interface Played {
  /** *nothing*: refused, and the world is as it was. *delay*: what was to happen happens later. */
  outcome: 'nothing' | 'delay' | 'broken';
  /** How it was refused, or what was had by it. */
  why: string;
}

/** One thing that one party may try. */
export interface Attack {
  party: Party;
  /** What is tried, as the table says it. */
  name: string;
  /** The test that fails when the check is taken out, from the root of the repository. */
  test: string;
  play(ground: Ground, seed: number): Promise<Played>;
  /** It ends what others stand on, and is played after them. */
  last?: true;
}

export interface Cell extends Played {
  party: Party;
  attack: string;
  seed: number;
}

export const nothing = (why: string): Played => ({ outcome: 'nothing', why });
export const delay = (why: string): Played => ({ outcome: 'delay', why });
export const broken = (why: string): Played => ({ outcome: 'broken', why });

/** The worst of several. */
export function worst(played: readonly Played[]): Played {
  const of = (outcome: Played['outcome']): Played | undefined => played.find((one) => one.outcome === outcome);
  return of('broken') ?? of('delay') ?? of('nothing') ?? broken('nothing was tried');
}

/** What an error is called. */
export const codeOf = (error: unknown): string => {
  const { code, name } = error as { code?: unknown; name?: string };
  return typeof code === 'string' ? code : (name ?? 'an error without a name');
};

/**
 * Tries something that must be refused by one of these codes and leave the world as it was. What is refused for another
 * reason was not tried: that counts as broken, too.
 */
export async function refused(
  ground: Ground,
  codes: readonly string[],
  trial: () => Promise<unknown>,
): Promise<Played> {
  const before = await ground.world();
  let code: string | undefined;
  try {
    await trial();
  } catch (error) {
    code = codeOf(error);
    if (!codes.includes(code)) return broken(`refused as ${code}, and not as ${codes.join(' or ')}: ${String(error)}`);
  }
  const changed = ground.differences(before, await ground.world());
  if (changed.length > 0) return broken(`the world changed: ${changed.join('; ')}`);
  return code === undefined ? broken('it was accepted') : nothing(`refused as ${code}`);
}
