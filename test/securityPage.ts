import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '../docs/security.md');

/** Writes anew what stands between a part's marks in `docs/security.md`. @param text  made of what stood there */
export function intoSecurityPage(part: 'attacks' | 'mutants', text: (before: string) => string): void {
  const [begin, end] = [`<!-- ${part} -->`, `<!-- /${part} -->`];
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(begin);
  const [old, after] = rest?.split(end) ?? [];
  if (old === undefined || after === undefined)
    throw new Error(`docs/security.md lacks its marks ${begin} and ${end}.`);
  writeFileSync(PAGE, `${before}${begin}\n\n${text(old)}\n\n${end}${after}`);
}
