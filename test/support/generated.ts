// Parts of documents that are made from the code. A test compares them; `npm run generate` writes them.
import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { expect } from 'vitest';

const isWriting = process.env['SKYCHAT_GENERATE'] === '1';
const prettierOptions = { parser: 'markdown', printWidth: 100, singleQuote: true };

/** The part of a Markdown file between `<!-- NAME -->` and `<!-- /NAME -->` is this table. */
export async function expectTable(
  path: string,
  name: string,
  rows: readonly (readonly string[])[],
): Promise<void> {
  const [head = [], ...body] = rows;
  const lines = [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`);
  const table = await format(lines.join('\n'), prettierOptions);
  const text = readFileSync(path, 'utf8');
  const [open, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(open) + open.length, text.indexOf(end)];
  expect(to, `${path} has a place for ${name}`).toBeGreaterThan(from - 1);
  const whole = `${text.slice(0, from)}\n${table}\n${text.slice(to)}`;
  if (isWriting) writeFileSync(path, whole);
  else expect(text, 'written by npm run generate').toBe(whole);
}

/** The whole file is this text. */
export function expectFile(path: string, text: string): void {
  if (isWriting) writeFileSync(path, text);
  else expect(readFileSync(path, 'utf8'), 'written by npm run generate').toBe(text);
}
