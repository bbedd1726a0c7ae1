// The package as npm makes and installs it. It asks a registry for the dependencies, or npm's cache,
// and takes a while: only with SKYCHAT_PACKAGE=1.
import { cpSync, readdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { MessageView } from '../../src/chat/view.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();
const isWanted = process.env['SKYCHAT_PACKAGE'] === '1';
/** npm's cache and settings are those of whoever runs the tests. */
const { env } = process;

test.skipIf(!isWanted)(
  'the package of npm pack gives a command that runs after a global install',
  async () => {
    // A copy, since npm pack builds dist.
    const copy = workspace.path('copy');
    const folders = ['src', 'tools', 'docs', 'examples', 'deploy', 'man'];
    for (const name of [...folders, 'package.json', 'LICENSE', 'README.md']) {
      cpSync(name, join(copy, name), { recursive: true });
    }
    for (const name of readdirSync('.').filter((each) => /^tsconfig.*\.json$/.test(each))) {
      cpSync(name, join(copy, name));
    }
    symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
    const packed = await workspace.run('npm', ['pack', '--json'], { cwd: copy, env });
    expect(packed.code, packed.stderr).toBe(0);
    const list = /\[\s*\{[^]*$/.exec(packed.stdout)?.[0] ?? '[]';
    const [{ filename, files } = { filename: '', files: [] }] = JSON.parse(list) as {
      filename: string;
      files: { path: string }[];
    }[];
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        ...['dist/cli.js', 'dist/program/LICENSES', 'dist/web/index.html', 'dist/index.d.ts'],
        ...['man/skychat-node.1', 'LICENSE'],
      ]),
    );
    expect(paths.filter((path) => /^(src|test|bench)\//.test(path))).toEqual([]);

    const prefix = workspace.path('prefix');
    const flags = ['--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund'];
    const install = ['install', '--global', ...flags, join(copy, filename)];
    const installed = await workspace.run('npm', install, { env });
    expect(installed.code, installed.stderr).toBe(0);
    const command = join(prefix, 'bin', 'skychat-node');
    const data = ['--data', workspace.path('data')];
    const node = workspace.spawn(command, [
      ...data,
      '--http',
      '127.0.0.1:0',
      '--listen',
      '127.0.0.1:0',
    ]);
    await node.stdout.find((line) => line.startsWith('try '));
    const send = await workspace.run(command, ['send', ...data, '--json', 'from the package']);
    expect(JSON.parse(send.stdout) as MessageView).toMatchObject({ text: 'from the package' });
    expect(await node.end('SIGTERM')).toMatchObject({ code: 0 });
  },
  300_000,
);
