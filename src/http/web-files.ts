// The built page, read once into memory: its document, and the parts that it loads under names that
// carry their hash. Knows nothing of requests.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface WebFile {
  readonly type: string;
  /** Strong, quoted. */
  readonly etag: string;
  readonly bytes: Uint8Array;
  readonly gzip: Uint8Array;
}

export interface WebFiles {
  readonly index: WebFile;
  /** By name. */
  readonly parts: ReadonlyMap<string, WebFile>;
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Beside the compiled files; for a node that runs from its sources, what was built last. */
const usualFolders = ['../web/', '../../dist/web/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Undefined where none of the folders has a built page. */
export function findWebFiles(folders: readonly string[] = usualFolders): WebFiles | undefined {
  for (const folder of folders) {
    const files = readFolder(folder);
    const index = files.get('index.html');
    files.delete('index.html');
    if (index !== undefined) return { index, parts: files };
  }
  return undefined;
}

function readFolder(folder: string): Map<string, WebFile> {
  const files = new Map<string, WebFile>();
  for (const name of namesIn(folder)) {
    const type = types[name.slice(name.lastIndexOf('.') + 1)];
    if (type === undefined || !namesIn(folder).includes(`${name}.gz`)) continue;
    const bytes = readFileSync(join(folder, name));
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
    files.set(name, { type, etag, bytes, gzip: readFileSync(join(folder, `${name}.gz`)) });
  }
  return files;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
