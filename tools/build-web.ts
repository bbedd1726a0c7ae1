// Builds the page into a folder of static files: names that carry the hash of what is in them, and
// beside each a compressed copy, so that the node compresses nothing while it serves.
import { build } from 'esbuild';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const source = resolve(import.meta.dirname, '../src/web');

/** Where the page finds what belongs to it: the marks in index.html, and the source of each. */
const parts = {
  SCRIPT: 'main.tsx',
  WORKER: 'worker.ts',
  STYLE: 'style/main.css',
  ICON: 'icon.svg',
} as const;

/** Empties the folder first. */
export async function buildWeb(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { outputFiles } = await build({
    entryPoints: Object.values(parts).map((part) => join(source, part)),
    outdir: folder,
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome109', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy' },
    legalComments: 'none',
    charset: 'utf8',
    write: false,
    logLevel: 'error',
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]));
  files.set('index.html', Buffer.from(await buildIndex([...files.keys()])));
  for (const [name, contents] of files) {
    await writeFile(join(folder, name), contents);
    await writeFile(join(folder, `${name}.gz`), gzipSync(contents, { level: 9 }));
  }
}

async function buildIndex(names: readonly string[]): Promise<string> {
  let html = await readFile(join(source, 'page.html'), 'utf8');
  for (const [mark, part] of Object.entries(parts)) {
    const [stem = '', type = ''] = basename(part).split('.');
    const ending = type.replace('tsx', 'js').replace('ts', 'js');
    const name = names.find((each) => each.startsWith(`${stem}-`) && each.endsWith(`.${ending}`));
    if (name === undefined) throw new Error(`${part} was not built`);
    html = html.replace(`{${mark}}`, `/web/${name}`);
  }
  return html;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildWeb(resolve(process.argv[2] ?? 'dist/web'));
}
