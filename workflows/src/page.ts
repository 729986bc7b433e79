import { forMarkdown, markdownLink, oneLine } from '@livepod/protocol/text';
import type { WorkflowState } from './narration.js';

/** The UI hands the text to a frame in a URL; beyond about 2 kB it may be cut. */
const PAGE_BYTES = 1900;
const SHOWN_LINES = 12;

/**
 * What stands on the workflow's page of Temporal's UI. Its Markdown of 2.42 has no tables and no images; links open in
 * a new tab. Everything that it says may come from strangers, so all of it is escaped here.
 */
export function page(state: WorkflowState, past: { at: string; text: string }[]): string {
  const top = [
    `**${forMarkdown(state.headline)}**`,
    '',
    ...waiting(state),
    ...possible(state),
    ...facts(state),
    ...links(state),
  ];
  const lines = past
    .slice(-SHOWN_LINES)
    .map((line) => `- ${line.at.slice(11, 19)} ${forMarkdown(line.text)}`)
    .reverse();
  for (let shown = lines.length; shown > 0; shown--) {
    const text = [...top, ...lines.slice(0, shown)].join('\n');
    if (bytes(text) <= PAGE_BYTES) return text;
  }
  return cut(top.join('\n'));
}

function waiting({ waitsFor, until }: WorkflowState): string[] {
  if (waitsFor === null) return [];
  return [
    `Waits for ${withNames(waitsFor)}${until === null ? '' : `, until ${until.slice(0, 19).replace('T', ' ')} UTC`}.`,
    '',
  ];
}

/** `resume`, an update's name in backticks, is shown as code: letters alone cannot end it. */
const withNames = (text: string): string =>
  text
    .split(/(`[A-Za-z]{1,30}`)/)
    .map((part, index) => (index % 2 === 1 ? part : spaced(part)))
    .join('');

/** Escaped, with the spaces at its ends kept: it stands between names. */
const spaced = (part: string): string =>
  `${/^\s/.test(part) ? ' ' : ''}${forMarkdown(part)}${/\S\s$/.test(part) ? ' ' : ''}`;

const possible = ({ possible: updates, signs }: WorkflowState): string[] =>
  updates.length === 0
    ? []
    : [
        `You can: ${updates.map((name) => `\`${name}\``).join(', ')} (More Actions, Send an Update).`,
        '',
        ...tokens(signs),
      ];

/** As code, to be copied; what could end the code, or its line, is shown as text. */
const asCode = (text: string): string =>
  text.includes('`') || oneLine(text) !== text ? forMarkdown(text) : `\`${text}\``;

/** What a token has to name, for who makes one by hand. */
function tokens(signs: WorkflowState['signs']): string[] {
  const named = new Map<string, string[]>();
  for (const [update, { object, state }] of Object.entries(signs)) {
    const target = `${asCode(object)} ${state === undefined ? 'as it stands' : `in ${asCode(state)}`}`;
    named.set(target, [...(named.get(target) ?? []), update]);
  }
  if (named.size === 0) return [];
  const each = [...named].map(([target, of]) => `${target} (${of.join(', ')})`);
  return [`A token for it names ${each.join(' or ')}.`, ''];
}

const facts = ({ facts }: WorkflowState): string[] => [
  ...Object.entries(facts).map(([name, value]) => `- ${forMarkdown(name)}: ${forMarkdown(value)}`),
  '',
];

const links = ({ links }: WorkflowState): string[] => {
  const all = Object.entries(links).map(([name, link]) => markdownLink(name, link));
  return all.length === 0 ? [] : [`See ${all.slice(-8).join(' · ')}`, ''];
};

const bytes = (text: string): number => new TextEncoder().encode(text).length;

/** Whole lines only: half a link would show as text. */
function cut(text: string): string {
  const lines = text.split('\n');
  while (lines.length > 1 && bytes(lines.join('\n')) > PAGE_BYTES) lines.pop();
  return lines.join('\n').slice(0, PAGE_BYTES);
}
