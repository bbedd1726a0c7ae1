// Compiles this package once for all tests over real processes, into a folder of its own: dist/ may be
// older than the sources, or in use.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the compiled protocol server. */
    mcp: string;
  }
}

/** Inside of node_modules, where the dependencies are found and git does not look. */
const parent = resolve('packages/mcp/node_modules/.cache');

export function setup({ provide }: TestProject): () => void {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'build-'));
  const compiler = resolve('node_modules/typescript/bin/tsc');
  const flags = ['--noCheck', '--outDir', join(folder, 'dist')];
  execFileSync(process.execPath, [compiler, '-p', 'packages/mcp/tsconfig.build.json', ...flags]);
  copyFileSync('packages/mcp/package.json', join(folder, 'package.json'));
  provide('mcp', join(folder, 'dist', 'main.js'));
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
