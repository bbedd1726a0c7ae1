// README.md of the package, and what the one above says of it, against the server: its tables, and that its configuration is one.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { help, readOptions } from '../src/options.ts';
import { Rig } from './support/rig.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** First and last cells of the rows of the table below a heading. */
function rowsUnder(heading: string): (readonly [string, string])[] {
  const [, section = ''] = readme.split(`\n## ${heading}\n`);
  const [table = ''] = /(?:^\|.*\n)+/m.exec(section) ?? [];
  const cells = table.split('\n').map((row) => row.split('|').map((cell) => cell.trim()));
  return cells.slice(2, -1).map((row) => [row.at(1)?.replaceAll('`', '') ?? '', row.at(-2) ?? '']);
}

test('the table of tools has all of them, and which are listed when', async () => {
  const rig = await Rig.start();
  const reader = await Rig.start({ rules: { everywhere: false, to: [] } });
  const names = async ({ client }: Rig) => (await client.listTools()).tools.map(({ name }) => name);
  const rows = rowsUnder('Tools');
  expect(rows.map(([name]) => name)).toEqual(await names(rig));
  const always = rows.filter(([, listed]) => listed === 'always').map(([name]) => name);
  expect(always).toEqual(await names(reader));
});

test('the table of flags has those of --help', () => {
  const flags = [...help.matchAll(/^--[a-z-]+(?: [A-Z]+)?/gm)].map(([flag]) => flag);
  const described = rowsUnder('Configuration').map(([flag]) => flag);
  expect(flags.filter((flag) => flag !== '--version')).toEqual(described);
});

const above = readFileSync('README.md', 'utf8').split('\n## For agents\n')[1] ?? '';
const blocks = [...(readme + above).matchAll(/```json\n(.*?)```/gs)].map(([, json = '']) => json);

test.each(blocks)('block %# of the configuration is one, with flags that there are', (json) => {
  type Servers = Record<string, { command: string; args: string[] }>;
  const value = JSON.parse(json) as { mcpServers?: Servers; servers?: Servers };
  const server = (value.mcpServers ?? value.servers)?.['skychat'];
  const [program, ...flags] = server?.args ?? [];
  expect(server?.command).toBe('node');
  expect(program).toMatch(/\/packages\/mcp\/dist\/main\.js$/);
  expect(readOptions(flags, {})).toMatchObject({ agent: expect.any(String) as string });
});

test('there is configuration to be tested', () => {
  expect(blocks).toHaveLength(4);
});
