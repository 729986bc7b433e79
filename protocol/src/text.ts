/**
 * Text of strangers (recipes, providers, pods, contributors, servers), as each medium shows it: as text and nothing
 * else. One function for each medium; what prints calls it, whoever wrote the text. Without dependencies, for
 * workflows.
 */

/**
 * What moves a cursor, turns the direction of writing or shows as nothing: controls (C0, DEL, C1), the separators and
 * bidirectional controls of Unicode (UAX #9), soft and zero-width marks, tags, and halves of surrogate pairs. Joiners
 * stay: emoji and several scripts need them.
 */
const UNSEEN = new RegExp(
  [
    String.raw`[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff`,
    String.raw`\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]`,
  ].join(''),
  'gu',
);

/** `\u202e` for a character that is not seen: also JSON's way to write it, so that JSON stays the same JSON. */
const named = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');

const seen = (text: string, kept: string): string =>
  text.replace(UNSEEN, (character) => (kept.includes(character) ? character : named(character)));

/** One line of text without anything unseen. Line breaks and tabs become spaces: a line cannot pass for two. */
export const oneLine = (text: string): string => seen(text.replace(/[\r\n\t\v\f\u0085\u2028\u2029]+/g, ' '), '');

/** Lines for a terminal: no escape sequence, no cursor movement, no turned direction. JSON stays the same JSON. */
export const forTerminal = (text: string): string => seen(text, '\n\t');

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for HTML, within an element or a quoted attribute. */
export const forHtml = (text: string): string =>
  seen(text, '\n\t').replace(/[&<>"']/g, (character) => ENTITIES[character]!);

/**
 * One line for Markdown (CommonMark with GitHub's additions): no emphasis, code, link, picture, HTML, table, heading or
 * list, and no address that becomes a link by itself.
 */
export const forMarkdown = (text: string): string =>
  oneLine(text)
    .trim()
    .replace(/[\\`*_[\]<>|~&@]/g, '\\$&')
    .replace(/:\/\//g, '\\://')
    .replace(/www\./gi, (www) => `${www.slice(0, 3)}\\.`)
    .replace(/^([-+=#]|\d+(?=[.)]))/, (start) => (/\d/.test(start) ? `${start}\\` : `\\${start}`));

/** A Markdown link; of an address that is no web page or place on this site, the name alone. */
export function markdownLink(name: string, address: string): string {
  const shown = forMarkdown(name);
  if (!/^(https?:\/\/|\/(?!\/))/.test(address)) return shown;
  const safe = oneLine(address).replace(/[\s()<>\\[\]"`|]/g, (character) => encodeURIComponent(character));
  return `[${shown}](${safe.replace(/\(/g, '%28').replace(/\)/g, '%29')})`;
}
