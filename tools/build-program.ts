// Bundles the command with everything that it loads into a few files: to find, read and compile some
// nine hundred modules takes longer than everything else that a start does.
import { build } from 'esbuild';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const entry = resolve(import.meta.dirname, '../src/cli.ts');

/** Compiled code is found beside its package, not beside a bundle. */
const external = ['classic-level'];

/** Modules of the older kind call it where they want a module of Node. */
const banner = `import { createRequire as requireFrom } from 'node:module';
const require = requireFrom(import.meta.url);`;

/** Into `cli.js`, which is to be started, and `program/`, which is emptied first. */
export async function buildProgram(folder: string): Promise<void> {
  const program = join(folder, 'program');
  await rm(program, { recursive: true, force: true });
  await mkdir(program, { recursive: true });
  const { metafile } = await build({
    entryPoints: [entry],
    outdir: program,
    bundle: true,
    splitting: true,
    chunkNames: '[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external,
    banner: { js: banner },
    legalComments: 'none',
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    logLevel: 'error',
  });
  await writeFile(join(program, 'LICENSES'), await licensesOf(Object.keys(metafile.inputs)));
  const command = join(folder, 'cli.js');
  await writeFile(command, "#!/usr/bin/env node\nimport './program/cli.js';\n");
  await chmod(command, 0o755);
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/** What the authors of the bundled packages want to be said with them. */
async function licensesOf(files: readonly string[]): Promise<string> {
  const packages = new Set(files.flatMap((file) => packagePattern.exec(file)?.[0] ?? []));
  const texts = [...packages].sort().map(async (path) => {
    const manifest = JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as Manifest;
    const { name, version, license } = manifest;
    const file = (await readdir(path)).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? '' : await readFile(join(path, file), 'utf8');
    return `${name} ${version} (${license})\n\n${text}`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}

const packagePattern = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildProgram(resolve(process.argv[2] ?? 'dist'));
}
