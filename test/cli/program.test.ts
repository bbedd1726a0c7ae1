// What all commands share: help, suggestions, completion, and the shape of failures.
import { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { listenForInterrupt } from '../../src/cli/interrupt.ts';
import { exitCodeMeanings, exitCodes } from '../../src/cli/failures.ts';
import { settings } from '../../src/settings.ts';
import { alice, makeFolder, run } from './harness.ts';

const commands = [
  'run',
  'keygen',
  'id',
  'send',
  'tail',
  'history',
  'status',
  'peers',
  'config',
  'completion',
  'help',
];

test.each([[[]], ...commands.map((command) => [[command]]), [['peers', 'add']], [['peers', 'rm']]])(
  '%j --help leads with examples, on stdout, and is exit 0',
  async (words) => {
    const { code, stdout, stderr } = await run([...words, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Examples:\n {2}\S/);
    expect(stdout).toContain(`Usage: skychat-node${words.map((word) => ` ${word}`).join('')}`);
    expect(stdout).toContain('--json');
    expect((await run(['help', ...words])).stdout).toBe(stdout);
  },
);

test('every command is in the help of the program', async () => {
  const { stdout } = await run(['--help']);
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
});

test('every flag in the examples exists', async () => {
  const pages = await Promise.all(commands.map((command) => run([command, '--help'])));
  const lines = pages.flatMap(({ stdout }) => stdout.split('\n\n')[0]?.split('\n').slice(1) ?? []);
  expect(lines.length).toBeGreaterThan(20);
  const known = (await run(['completion', 'bash'])).stdout;
  for (const flag of lines.flatMap((line) => line.match(/(?<= )--[a-z-]{2,}/g) ?? [])) {
    // `send -- '--starts …'` is a text.
    if (flag !== '--starts') expect(known).toMatch(new RegExp(`[ ']${flag}[ ']`));
  }
});

test('every setting is a flag of run', async () => {
  const { stdout } = await run(['run', '--help']);
  for (const name of Object.keys(settings)) expect(stdout).toContain(`--${name}`);
});

test.each([
  ['stauts', 'Did you mean status?'],
  ['sned', 'Did you mean send?'],
  ['find', 'unknown command "find"'],
  ['nurse', 'unknown command "nurse"'],
])('the unknown command %s is exit 2', async (word, text) => {
  const ended = await run([word, 'x', '--flag']);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(text);
  expect(ended.stderr).toMatch(/^skychat-node: [^\n]+\n$/);
});

test.each([
  [['--pears', 'x'], '--peers'],
  [['tail', '--folow'], '--follow'],
  [['send', '--wiat', '1', 'x'], '--wait'],
])('the unknown flag in %j is exit 2 and names the nearest', async (words, flag) => {
  const ended = await run(words);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(`Did you mean ${flag}?`);
  expect(ended.stderr).toMatch(/^skychat-node: [^\n]+\n$/);
});

test('--version prints the version of the package', async () => {
  expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('help exit-codes prints the whole table', async () => {
  const { stdout } = await run(['help', 'exit-codes']);
  const codes = stdout
    .trimEnd()
    .split('\n')
    .map((line) => Number(line.split(' ')[0]));
  expect(codes).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 130]);
  expect(new Set(exitCodeMeanings.map(([code]) => code))).toEqual(
    new Set(Object.values(exitCodes)),
  );
  const json = JSON.parse((await run(['help', 'exit-codes', '--json'])).stdout) as object;
  expect(json).toMatchObject({ 0: 'done', 7: 'time ran out' });
});

test('help names each variable and explains the file', async () => {
  const { stdout } = await run(['help', 'environment']);
  expect(stdout).toContain('SKYCHAT_HTTP_TOKEN_FILE');
  expect(stdout).toContain('SKYCHAT_CONFIG');
  const { stdout: page } = await run(['help', 'config-file']);
  const example = /\{[^]*\}/.exec(page)?.[0] ?? '';
  const cwd = makeFolder();
  const key = example.replaceAll('PK', alice);
  writeFileSync(join(cwd, 'c.json'), key);
  const ended = await run(['config', '--config', 'c.json', '--json'], { cwd });
  expect(JSON.parse(ended.stdout)).toMatchObject({ room: { value: 'ops', source: 'file c.json' } });
});

test('an unknown topic of help is exit 2 and names the nearest', async () => {
  const ended = await run(['help', 'exit-code']);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain('Did you mean exit-codes?');
});

test('config prints each value with where it came from', async () => {
  const cwd = makeFolder();
  writeFileSync(join(cwd, 'c.json'), `\u{feff}${JSON.stringify({ room: 'ops', open: true })}`);
  const env = { SKYCHAT_CONFIG: 'c.json', SKYCHAT_NAME: 'db3' };
  const words = ['config', '--peers', `${alice}@h:1`, '--no-listen'];
  const { code, stdout } = await run(words, { cwd, env });
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^peers +${alice}@h:1 +\\(flag --peers\\)$`, 'm'));
  expect(stdout).toMatch(/^listen +- +\(flag --no-listen\)$/m);
  expect(stdout).toMatch(/^name +db3 +\(environment SKYCHAT_NAME\)$/m);
  expect(stdout).toMatch(/^room +ops +\(file c\.json\)$/m);
  expect(stdout).toMatch(/^open +yes +\(file c\.json\)$/m);
  expect(stdout).toMatch(/^log-level +info +\(default\)$/m);
  const json = JSON.parse((await run([...words, '--json'], { cwd, env })).stdout) as object;
  expect(json).toMatchObject({
    peers: { value: [`${alice}@h:1`], source: 'flag --peers' },
    listen: { value: null, source: 'flag --no-listen' },
    http: { value: '127.0.0.1:8001', source: 'default' },
  });
});

test.each<[string, string | Uint8Array | undefined]>([
  ['absent', undefined],
  ['not JSON', '{"peers":'],
  ['not text', new Uint8Array([0xff, 0xfe])],
  ['too large', ' '.repeat(1024 * 1024 + 1)],
])('a config file that is %s is exit 2 with one line', async (_, content) => {
  const cwd = makeFolder();
  if (content !== undefined) writeFileSync(join(cwd, 'c.json'), content);
  for (const command of ['config', 'run', 'tail', 'keygen']) {
    const ended = await run([command, '--config', 'c.json'], { cwd });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^skychat-node: [^\n]*c\.json[^\n]*\n$/);
  }
});

test('a config file that is a folder is exit 2', async () => {
  expect((await run(['config', '--config', makeFolder()])).code).toBe(2);
});

test('the completion of bash is a script that bash takes, and knows every command and flag', async () => {
  const { stdout: script } = await run(['completion', 'bash']);
  expect(spawnSync('bash', ['-n'], { input: script })).toMatchObject({ status: 0 });
  const complete = (...words: string[]): string[] => {
    const setup = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})`;
    const input = `${script}\n${setup}\nCOMP_CWORD=${words.length - 1}\n_skychat_node\necho "\${COMPREPLY[@]}"`;
    return spawnSync('bash', { input, encoding: 'utf8' }).stdout.trim().split(' ');
  };
  expect(complete('skychat-node', '')).toEqual(expect.arrayContaining([...commands, '--peers']));
  expect(complete('skychat-node', 'st')).toEqual(['status']);
  expect(complete('skychat-node', 'peers', '')).toEqual(expect.arrayContaining(['add', 'rm']));
  expect(complete('skychat-node', 'peers', 'add', '--j')).toEqual(['--json']);
  expect(complete('skychat-node', 'run', '--force')).toEqual(['--force-new-head']);
  expect(complete('skychat-node', 'run', '--log-format', '')).toEqual(['json', 'pretty']);
  expect(complete('skychat-node', 'completion', 'z')).toEqual(['zsh']);
});

test.each(['zsh', 'fish'])('the completion of %s names every command', async (shell) => {
  const { code, stdout } = await run(['completion', shell]);
  expect(code).toBe(0);
  for (const command of commands) expect(stdout).toContain(command);
  const json = JSON.parse((await run(['completion', shell, '--json'])).stdout) as object;
  expect(json).toEqual({ shell, script: stdout });
});

test('completion for another shell is exit 2', async () => {
  expect((await run(['completion', 'tcsh'])).code).toBe(2);
  expect((await run(['completion'])).code).toBe(2);
});

/** A stream whose every write fails. */
function failing(code: string): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => {
      done(Object.assign(new Error(`write ${code}`), { code }));
    },
  });
}

test.each([['help'], ['--help'], ['config'], ['completion', 'bash']])(
  'a reader of %s that went away ends it quietly',
  async (...words) => {
    const stdout = failing('EPIPE');
    const ended = await run(words, { stdout } as object);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
  },
);

test('a disk that is full is a failure, not a quiet end', async () => {
  const ended = await run(['config'], { stdout: failing('ENOSPC') } as object);
  expect(ended).toMatchObject({ code: 1, stderr: 'skychat-node: write ENOSPC (ENOSPC)\n' });
  expect((await run(['--help'], { stdout: failing('ENOSPC') } as object)).code).toBe(1);
});

test('the first signal asks for an end, the second is exit 130 at once', () => {
  const source = new EventEmitter();
  const exits: number[] = [];
  const interrupt = listenForInterrupt(source, (code) => exits.push(code));
  expect(interrupt.aborted).toBe(false);
  source.emit('SIGTERM');
  expect(interrupt.aborted).toBe(true);
  expect(exits).toEqual([]);
  source.emit('SIGINT');
  expect(exits).toEqual([130]);
});
