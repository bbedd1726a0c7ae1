// The manual page: that it is the program's, and that the formatters take it.
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { expectFile } from '../support/generated.ts';
import { hasProgram, runProgramOf } from '../support/programs.ts';
import { run } from './harness.ts';

const path = 'man/skychat-node.1';
const { stdout: page } = await run(['help', 'man'], { home: tmpdir() });

test('the page in the package is that of the program', () => {
  expectFile(path, page);
});

test('it names every command, and every option of run', async () => {
  const { stdout } = await run(['--help']);
  const [, section = ''] = stdout.split('\nCommands:\n');
  const commands = [...section.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name);
  expect(commands.length).toBeGreaterThan(10);
  for (const name of commands.filter((each) => each !== 'run')) {
    expect(page).toMatch(new RegExp(`^\\.SS "${name}[ "]`, 'm'));
  }
  const { stdout: flags } = await run(['help', 'run']);
  for (const [, flag = ''] of flags.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)) {
    if (flag !== '--help') expect(page).toContain(flag.replaceAll('-', '\\-'));
  }
});

test.skipIf(!hasProgram('groff', 'the check of the manual page'))(
  'groff formats it without a warning',
  () => {
    const words = ['-man', '-Tutf8', '-ww', '-z', path];
    expect(runProgramOf('groff', words)).toEqual({ status: 0, printed: '' });
  },
);

test.skipIf(!hasProgram('mandoc', 'the check of the manual page by mandoc'))(
  'mandoc finds no error in it',
  () => {
    const { status, printed } = runProgramOf('mandoc', ['-Tlint', '-Werror', path]);
    expect({ status, printed }).toMatchObject({ status: 0 });
  },
);

test.skipIf(!hasProgram('man', 'the look of the manual page'))(
  'man shows the flags as they are typed',
  () => {
    const words = ['LC_ALL=C.UTF-8', 'MANWIDTH=100', 'man', '--warnings', '-l', path];
    const { status, printed } = runProgramOf('env', words);
    expect(status).toBe(0);
    expect(printed).toContain('--http-token-file file');
    expect(printed).toMatch(/^EXIT STATUS$/m);
    expect(printed).not.toMatch(/warning/);
  },
);
