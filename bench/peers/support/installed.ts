// What only this bench needs: the peers' packages, installed on its first run and again when the lock
// file has changed, and the participants as plain JavaScript.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../../support/workspace.ts';
import { peers, type Peer } from './systems.ts';

const directory = join(projectRoot, 'bench', 'peers');

export function installPeers(): void {
  // npm writes it at the end of an installation.
  const installed = join(directory, 'node_modules', '.package-lock.json');
  const lockFile = join(directory, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockFile).mtimeMs) return;
  console.error('installing what is compared with: npm ci --prefix bench/peers');
  const args = ['ci', '--prefix', directory, '--no-audit', '--no-fund'];
  execFileSync('npm', args, { stdio: ['ignore', 2, 2] });
}

/** Exact versions of what is compared. */
export function readVersions(): Readonly<Record<string, string>> {
  const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
  const { version } = read(join(projectRoot, 'package.json')) as { version: string };
  const { dependencies } = read(join(directory, 'package.json')) as {
    dependencies: Record<string, string>;
  };
  return { 'skychat-node': version, ...dependencies };
}

const bundles = join(directory, 'node_modules', '.cache', 'participants');
/** `built` looks for the compiled sources from where its own file is. */
const builtFile = pathToFileURL(join(projectRoot, 'bench', 'support', 'built.ts')).href;

/** Bundles the participants: a compiler in their processes would be measured with them. */
export function buildParticipants(): void {
  const esbuild = join(directory, 'node_modules', '.bin', 'esbuild');
  const entries = peers.map((system) => join(directory, 'participants', `${system}.ts`));
  const flags = ['--bundle', '--platform=node', '--format=esm', '--target=node20'];
  const urls = `--define:import.meta.url=${JSON.stringify(builtFile)}`;
  const out = [`--outdir=${bundles}`, '--out-extension:.js=.mjs', '--log-level=warning'];
  const args = [...entries, ...flags, '--packages=external', urls, ...out];
  execFileSync(esbuild, args, { stdio: ['ignore', 2, 2] });
}

export function participantFile(system: Peer): string {
  return join(bundles, `${system}.mjs`);
}
