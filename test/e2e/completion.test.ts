// Completion in the shells themselves: what is typed with a tab behind it, and what becomes of it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { useWorkspace } from '../support/node-process.ts';
import { hasProgram } from '../support/programs.ts';

const workspace = useWorkspace();

const cases: readonly (readonly [string, string])[] = [
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

beforeAll(async () => {
  mkdirSync(workspace.path('work'));
  writeFileSync(workspace.path('work', 'only file.json'), '{}');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await workspace.cli(['completion', shell]);
    writeFileSync(workspace.path(`completion.${shell}`), stdout);
  }
});

/** Types each line with a tab into a shell on a terminal of its own, which then prints it. */
async function typedInto(shell: string, start: string): Promise<string> {
  // Ctrl-A and Ctrl-E put the line, as it was completed, into the quotes of a command that prints it.
  const lines = cases.map(([typed]) => `${typed}\t\u0001print-line '\u0005'\n`);
  const input = `${start}\n${lines.join('')}exit\n`;
  const { stdout } = await workspace.run('script', ['-qec', shell, '/dev/null'], {
    input,
    cwd: workspace.path('work'),
    env: { ...workspace.env, TERM: 'dumb', PS1: '> ', HISTFILE: '/dev/null' },
  });
  return stdout.replaceAll('\r', '');
}

function expectCompleted(printed: string): void {
  const lines = [...printed.matchAll(/^=(.*)=$/gm)].map(([, line = '']) => line.trim());
  expect(lines).toEqual(cases.map(([, completed]) => completed));
}

const canType = hasProgram('script', 'completion on a terminal');

test.skipIf(!canType || !hasProgram('bash', 'completion in bash'))('bash completes', async () => {
  const functions = `print-line() { printf '=%s=\\n' "$1"; }`;
  const start = `source ${workspace.path('completion.bash')}; ${functions}`;
  expectCompleted(await typedInto('bash --norc --noprofile -i', start));
});

test.skipIf(!canType || !hasProgram('zsh', 'completion in zsh'))('zsh completes', async () => {
  const functions = `print-line() { printf '=%s=\\n' "$1"; }`;
  const load = 'autoload -U compinit; compinit -u -D; bindkey -e; unsetopt bad_pattern';
  const start = `${load}; source ${workspace.path('completion.zsh')}; ${functions}`;
  expectCompleted(await typedInto('zsh -f -i', start));
});

test.skipIf(!hasProgram('fish', 'completion in fish'))('fish completes', async () => {
  const script = workspace.path('completion.fish');
  for (const [typed, completed] of cases) {
    const words = `source '${script}'; complete -C '${typed}'`;
    const { stdout } = await workspace.run('fish', ['--no-config', '-c', words], {
      cwd: workspace.path('work'),
    });
    const last = completed.slice(typed.lastIndexOf(' ') + 1).replace('\\ ', ' ');
    const offered = stdout.split('\n').slice(0, -1);
    const offeredWords = offered.map((line) => line.split('\t')[0]);
    expect(offeredWords, typed).toEqual(typed === completed ? [] : [last]);
  }
});
