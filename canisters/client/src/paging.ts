import { PAGE_LIMIT } from '@livepod/protocol';

/** A page's place in a list that goes from the newest back. */
export interface Page {
  before: [] | [bigint];
  limit: number;
}

/** All of a list that goes from the newest back. @param numberOf  what the next page is `before` */
export function everyPage<T>(read: (page: Page) => Promise<T[]>, numberOf: (last: T) => bigint): Promise<T[]> {
  return every((place, limit) => read({ before: place, limit }), numberOf);
}

/** All of a list in the order of its keys. @param keyOf  what the next page is `after` */
export function everyAfter<T, K>(
  read: (page: { after: [] | [K]; limit: number }) => Promise<T[]>,
  keyOf: (last: T) => K,
): Promise<T[]> {
  return every((place, limit) => read({ after: place, limit }), keyOf);
}

async function every<T, K>(
  read: (place: [] | [K], limit: number) => Promise<T[]>,
  keyOf: (last: T) => K,
): Promise<T[]> {
  const all: T[] = [];
  for (let place: [] | [K] = []; ;) {
    const page = await read(place, PAGE_LIMIT);
    all.push(...page);
    if (page.length < PAGE_LIMIT) return all;
    place = [keyOf(page.at(-1)!)];
  }
}
