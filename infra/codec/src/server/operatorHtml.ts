import { forHtml, readOperatorPage, type OperatorPage, type OperatorPageItem } from '@livepod/protocol';
import { readFile } from 'node:fs/promises';
import type { Reader } from './authentication.js';

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a2e }
h1 { font-size: 1.4rem }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
pre { background: #f4f4f8; padding: .6rem .8rem; border-radius: .4rem; margin: .3rem 0; max-height: 14rem;
  overflow: auto; white-space: pre-wrap; word-break: break-all }
article { margin: .8rem 0 }
button { font: inherit; font-size: .85rem; padding: .1rem .7rem; cursor: pointer }
p { margin: .2rem 0 }
small { color: #667 }`;
const COPY = `
document.addEventListener('click', (event) => {
  const pre = event.target.matches('button') && event.target.previousElementSibling;
  if (!pre) return;
  navigator.clipboard.writeText(pre.textContent).then(() => { event.target.textContent = 'Copied' });
});`;

/** @param nonce  of this response's content security policy */
export async function operatorPage(
  file: string | undefined,
  reader: Reader | undefined,
  nonce: string,
): Promise<string> {
  if (!reader)
    return document_(
      nonce,
      '<h1>Not signed in</h1><p>Open the sign-in link that <code>npm start</code> printed, or make one with ' +
        '<code>livepod codec signin</code>.</p>',
    );
  const { sections } = file ? await readPage(file) : { sections: [] };
  return document_(
    nonce,
    `<h1>Live Pod for operators</h1>
<p>Signed in as ${forHtml(reader.subject)} until
${new Date(reader.expires * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC. The Temporal UI can show payloads
now, once its data encoder settings
(the glasses at the top right) include credentials.</p>
${sections.map(sectionHtml).join('\n')}`,
  );
}

type Section = OperatorPage['sections'][number];

const sectionHtml = ({ title, items }: Section): string =>
  `<h2>${forHtml(title)}</h2>${items.map(itemHtml).join('\n')}`;

function itemHtml(item: OperatorPageItem): string {
  // A link of another scheme would run in this page's name.
  const link = item.link && /^https?:\/\//.test(item.link) ? item.link : undefined;
  const name = link ? `<a href="${forHtml(link)}">${forHtml(item.name)}</a>` : forHtml(item.name);
  const what = item.what ? ` <small>${forHtml(item.what)}</small>` : '';
  const text = item.text ? `<pre>${forHtml(item.text)}</pre><button>Copy</button>` : '';
  return `<article><p>${name}${what}</p>\n${text}</article>`;
}

/**
 * Sets no cookie itself; goes on to the page from here, so that the browser counts it as a move within this site
 * (SameSite=Strict).
 */
export const signedIn = (nonce: string, home: string): string =>
  document_(
    nonce,
    `<h1>Signed in</h1><p><a href="${forHtml(home)}">To the operator’s page</a></p>`,
    `<meta http-equiv="refresh" content="0; url=${forHtml(home)}">`,
  );

/** An operator's token, as text: who reads a page reads all of it. */
const TOKEN = /[A-Za-z0-9_-]{100,}\.[A-Za-z0-9_-]{86}/;

/**
 * Written by whoever runs the stack, and read at each request; empty as long as nobody has written it. Tokens in it, as
 * earlier versions wrote them, are shown to nobody.
 */
async function readPage(file: string): Promise<OperatorPage> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const { sections } = readOperatorPage(text) ?? { sections: [] };
  const shown = (item: OperatorPageItem): boolean => !TOKEN.test(JSON.stringify(item));
  return { sections: sections.map(({ title, items }) => ({ title, items: items.filter(shown) })) };
}

const document_ = (nonce: string, body: string, head = ''): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Live Pod</title>${head}<style ` +
  `nonce="${nonce}">${STYLE}</style></head><body>${body}<script ` +
  `nonce="${nonce}">${COPY}</script></body></html>\n`;
