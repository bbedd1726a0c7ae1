// Checks properties of the code itself, after tigerbeetle's src/tidy.zig.
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, test } from 'vitest';

const leaf = [
  'aead.ts',
  'bytes.ts',
  'env.ts',
  'errors.ts',
  'folder.ts',
  'histogram.ts',
  'identity.ts',
  'subgroup.ts',
  'version.ts',
  'x25519.ts',
];

/** The layers that a node is put together from. */
const parts = [
  'cxo/',
  'net/',
  'chat/',
  'sync/',
  'http/',
  'bots/',
  'webhooks/',
  'key-file.ts',
  'config.ts',
];

/** What each file or folder of src/ may import from src/, besides itself. */
const layers: Record<string, string[]> = {
  'cxo/': leaf,
  'net/': leaf,
  'chat/': [...leaf, 'cxo/'],
  'sync/': [...leaf, 'cxo/', 'net/transport.ts'],
  'http/': [...leaf, 'cxo/', 'chat/'],
  'bots/': [...leaf, 'cxo/', 'chat/', 'http/api.ts', 'http/hooks.ts', 'http/tokens.ts'],
  'webhooks/': [
    ...leaf,
    ...['cxo/store.ts', 'chat/', 'bots/limits.ts', 'bots/row-book.ts'],
    ...['http/api.ts', 'http/hooks.ts'],
  ],
  'web/': ['chat/view.ts'],
  'settings.ts': leaf,
  'config.ts': [...leaf, 'settings.ts', 'net/address.ts'],
  'key-file.ts': leaf,
  'node/': [...leaf, ...parts],
  'node.ts': [...leaf, ...parts, 'node/'],
  'cli/': [
    ...['node.ts', 'node/', 'config.ts', 'settings.ts', 'key-file.ts', 'chat/', ...leaf],
    // The shapes of what is asked for.
    ...['http/hooks.ts', 'http/tokens.ts'],
    // What is carried by hand.
    ...['cxo/bundle.ts', 'cxo/row-stream.ts', 'cxo/level-errors.ts'],
  ],
  'cli.ts': ['cli/'],
  'index.ts': [...leaf, ...parts, 'node.ts'],
  // What only an identity needs; the other leaves import nothing.
  'identity.ts': ['bytes.ts', 'subgroup.ts'],
};

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => /\.tsx?$/.test(path));

function imports(file: string): string[] {
  const text = readFileSync(`src/${file}`, 'utf8');
  const specifiers = text.matchAll(/(?:from|import\(?)\s*'(\.[^']+)'/g);
  return [...specifiers].map(([, specifier]) => posix.join(posix.dirname(file), specifier ?? ''));
}

test('the walk finds the sources', () => {
  expect(files).toContain('index.ts');
});

test.each(files)('src/%s imports only from the layers below it', (file) => {
  const layer = Object.keys(layers).find((prefix) => file.startsWith(prefix));
  if (layer === undefined) expect(leaf).toContain(file);
  const allowed = layer === undefined ? [] : [layer, ...(layers[layer] ?? [])];
  for (const target of imports(file)) {
    const ok = allowed.some((prefix) => target.startsWith(prefix));
    expect(ok, `${file} must not import ${target}`).toBe(true);
  }
});

test.each(files)('src/%s has a kebab-case name', (file) => {
  expect(file).toMatch(/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.tsx?$/);
});

test('every file is reached from index.ts or cli.ts, or else from the page or its worker', () => {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const target of imports(file)) visit(target);
  };
  visit('index.ts');
  visit('cli.ts');
  visit('web/main.tsx');
  visit('web/worker.ts');
  expect(files.filter((file) => !seen.has(file))).toEqual([]);
});
