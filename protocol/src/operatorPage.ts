/** The operator's page: what the codec server shows to whoever has signed in, and whoever runs the stack writes. */
export interface OperatorPageItem {
  name: string;
  what?: string;
  link?: string;
  /** Shown, with a button that copies it. */
  text?: string;
}
export interface OperatorPage {
  sections: { title: string; items: OperatorPageItem[] }[];
}

export const operatorPageText = (page: OperatorPage): string => `${JSON.stringify(page, null, 1)}\n`;

/** Reads such a page; undefined when the text is none. */
export function readOperatorPage(text: string): OperatorPage | undefined {
  let page: unknown;
  try {
    page = JSON.parse(text);
  } catch {
    return undefined;
  }
  const sections = listOf(page, 'sections');
  if (!sections?.every((section) => isText(section, 'title') && listOf(section, 'items')?.every(isItem)))
    return undefined;
  return page as OperatorPage;
}

const field = (value: unknown, name: string): unknown => (value as Record<string, unknown> | null | undefined)?.[name];
const listOf = (value: unknown, name: string): unknown[] | undefined => {
  const list = field(value, name);
  return Array.isArray(list) ? list : undefined;
};
const isText = (value: unknown, name: string): boolean => typeof field(value, name) === 'string';
const isItem = (item: unknown): boolean =>
  isText(item, 'name') &&
  ['what', 'link', 'text'].every((name) => field(item, name) === undefined || isText(item, name));
