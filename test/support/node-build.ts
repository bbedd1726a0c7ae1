// Bundles the program once for all tests over real processes, into a folder of its own: dist/ may be
// older than the sources, or in use. Types are checked elsewhere. SKYCHAT_ENTRY names the entry of
// another build to test, such as an installed package.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildProgram } from '../../tools/build-program.ts';
import { buildWeb } from '../../tools/build-web.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the compiled entry. */
    entry: string;
  }
}

/** Inside of node_modules, where the dependencies are found and git does not look. */
const parent = resolve('node_modules/.cache/skychat-node-e2e');

export async function setup({ provide }: TestProject): Promise<(() => void) | undefined> {
  const given = process.env['SKYCHAT_ENTRY'];
  if (given !== undefined) {
    provide('entry', resolve(given));
    return undefined;
  }
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'build-'));
  const dist = join(folder, 'dist');
  await buildProgram(dist);
  await buildWeb(join(dist, 'web'));
  // The version is read from it, and that the files are modules.
  copyFileSync('package.json', join(folder, 'package.json'));
  provide('entry', join(dist, 'cli.js'));
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
