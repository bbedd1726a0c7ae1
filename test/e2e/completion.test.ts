// Completion in the shells themselves: what is typed with a tab behind it, and what becomes of it.
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';
import { hasProgram } from '../support/programs.ts';

const workspace = useWorkspace('file');

type Cases = readonly (readonly [string, string])[];

const cases: Cases = [
  ['skychat-node stat', 'skychat-node status'],
  ['skychat-node run --log-l', 'skychat-node run --log-level'],
  ['skychat-node run --log-level de', 'skychat-node run --log-level debug'],
  ['skychat-node --log-format pre', 'skychat-node --log-format pretty'],
  ['skychat-node peers a', 'skychat-node peers add'],
  ['skychat-node groups crea', 'skychat-node groups create'],
  ['skychat-node completion zs', 'skychat-node completion zsh'],
  ['skychat-node status --wat', 'skychat-node status --watch'],
  ['skychat-node run --config only', 'skychat-node run --config only\\ file.json'],
  ['skychat-node keygen only', 'skychat-node keygen only\\ file.json'],
  // A name is nobody's to guess, and no file either.
  ['skychat-node run --name only', 'skychat-node run --name only'],
];

/** With these groups on the node: one of them is a command, to a shell that takes it for one. */
const hostile = 'do;$(touch hacked)';
const groupCases: Cases = [
  ['skychat-node groups show op', 'skychat-node groups show ops'],
  ['skychat-node send --group op', 'skychat-node send --group ops'],
  ['skychat-node groups show two', 'skychat-node groups show two\\ words'],
  ['skychat-node groups show do', 'skychat-node groups show do\\;\\$\\(touch\\ hacked\\)'],
  // What stands behind the group is none.
  ['skychat-node groups topic ops op', 'skychat-node groups topic ops op'],
];

beforeAll(async () => {
  mkdirSync(workspace.path('work'));
  writeFileSync(workspace.path('work', 'only file.json'), '{}');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await workspace.cli(['completion', shell]);
    writeFileSync(workspace.path(`completion.${shell}`), stdout);
  }
});

/** Types each line with a tab into a shell on a terminal of its own, which then prints it. */
async function typedInto(
  shell: string,
  start: string,
  env: NodeJS.ProcessEnv = {},
  typedCases = cases,
): Promise<string> {
  // Ctrl-A and Ctrl-E put the line, as it was completed, into the quotes of a command that prints it.
  const lines = typedCases.map(([typed]) => `${typed}\t\u0001print-line '\u0005'\n`);
  const input = `${start}\n${lines.join('')}exit\n`;
  const { stdout } = await workspace.run('script', ['-qec', shell, '/dev/null'], {
    input,
    cwd: workspace.path('work'),
    env: { ...workspace.env, TERM: 'dumb', PS1: '> ', HISTFILE: '/dev/null', ...env },
  });
  return stdout.replaceAll('\r', '');
}

function expectCompleted(printed: string, typedCases = cases): void {
  const lines = [...printed.matchAll(/^=(.*)=$/gm)].map(([, line = '']) => line.trim());
  expect(lines).toEqual(typedCases.map(([, completed]) => completed));
}

const canType = hasProgram('script', 'completion on a terminal');

const hasBash = canType && hasProgram('bash', 'completion in bash');
const hasZsh = canType && hasProgram('zsh', 'completion in zsh');
const hasFish = hasProgram('fish', 'completion in fish');
const functions = `print-line() { printf '=%s=\\n' "$1"; }`;

async function expectInBash(env?: NodeJS.ProcessEnv, typedCases = cases): Promise<void> {
  const start = `source ${workspace.path('completion.bash')}; ${functions}`;
  const printed = await typedInto('bash --norc --noprofile -i', start, env, typedCases);
  expectCompleted(printed, typedCases);
}

test.skipIf(!hasBash)('bash completes', () => expectInBash());

async function expectInZsh(env?: NodeJS.ProcessEnv, typedCases = cases): Promise<void> {
  const load = 'autoload -U compinit; compinit -u -D; bindkey -e; unsetopt bad_pattern';
  const start = `${load}; source ${workspace.path('completion.zsh')}; ${functions}`;
  expectCompleted(await typedInto('zsh -f -i', start, env, typedCases), typedCases);
}

test.skipIf(!hasZsh)('zsh completes', () => expectInZsh());

async function expectInFish(env: NodeJS.ProcessEnv = {}, typedCases = cases): Promise<void> {
  const script = workspace.path('completion.fish');
  for (const [typed, completed] of typedCases) {
    const words = `source '${script}'; complete -C '${typed}'`;
    const { stdout } = await workspace.run('fish', ['--no-config', '-c', words], {
      cwd: workspace.path('work'),
      env: { ...workspace.env, ...env },
    });
    const last = completed.slice(typed.lastIndexOf(' ') + 1).replaceAll(/\\(?=.)/g, '');
    const offered = stdout.split('\n').slice(0, -1);
    const offeredWords = offered.map((line) => line.split('\t')[0]);
    expect(offeredWords, typed).toEqual(typed === completed ? [] : [last]);
  }
}

test.skipIf(!hasFish)('fish completes', () => expectInFish());

describe('the names of groups', () => {
  let env: NodeJS.ProcessEnv;
  let node: Daemon;

  beforeAll(async () => {
    const bin = workspace.path('bin');
    mkdirSync(bin);
    const program = `#!/bin/sh\nexec '${process.execPath}' '${inject('entry')}' "$@"\n`;
    writeFileSync(workspace.path('bin', 'skychat-node'), program);
    chmodSync(workspace.path('bin', 'skychat-node'), 0o755);
    node = await Daemon.start(workspace, 'node');
    for (const name of ['ops', 'two words', hostile]) {
      const { status } = await node.ask('POST', '/groups', { json: { name } });
      expect(status).toBe(201);
    }
    env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, SKYCHAT_DATA: node.data };
  });

  const shells: [string, boolean, typeof expectInZsh][] = [
    ['bash', hasBash, expectInBash],
    ['zsh', hasZsh, expectInZsh],
    ['fish', hasFish, expectInFish],
  ];

  for (const [shell, isThere, expectIn] of shells) {
    test.skipIf(!isThere)(
      `${shell} has them of the node that runs, and runs none of them`,
      async () => {
        await expectIn(env, groupCases);
        const data = { ...env, SKYCHAT_DATA: workspace.path('no node') };
        const named = `skychat-node send --data ${node.data} --group op`;
        await expectIn(data, [[named, `${named}s`]]);
        expect(readdirSync(workspace.path('work'))).toEqual(['only file.json']);
      },
    );

    test.skipIf(!isThere)(`${shell} has none where no node runs, and says nothing of it`, () =>
      expectIn({ ...env, SKYCHAT_DATA: workspace.path('no node') }, [
        ['skychat-node groups show op', 'skychat-node groups show op'],
        ['skychat-node send --group op', 'skychat-node send --group op'],
      ]),
    );
  }

  test('a node that does not answer keeps nobody waiting', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const words = ['completion', 'groups', '--http', `127.0.0.1:${port}`];
    const program = ['-s', 'KILL', '20', process.execPath, inject('entry'), ...words];
    const ended = await workspace.run('timeout', program);
    server.closeAllConnections();
    server.close();
    expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});
