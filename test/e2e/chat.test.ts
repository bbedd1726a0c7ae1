// `chat` in a real terminal, against real nodes.
import { afterEach, expect, inject, test } from 'vitest';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';
import { keys, Terminal } from '../support/terminal.ts';

const workspace = useWorkspace();
const terminals: Terminal[] = [];

afterEach(async () => {
  for (const terminal of terminals) terminal.destroy();
  await Promise.all(terminals.splice(0).map(({ ended }) => ended));
});

let pairs = 0;

async function startPair(): Promise<[Daemon, Daemon]> {
  const name = `chat-${++pairs}`;
  const b = await Daemon.make(workspace, `${name}-b`, { flags: ['--name', 'bob'] });
  const a = await Daemon.make(workspace, `${name}-a`, {
    flags: ['--name', 'alice', '--peers', b.address],
  });
  b.flags.push('--allow', a.pk);
  await Promise.all([a.start(), b.start()]);
  await a.untilConnected(b);
  return [a, b];
}

async function openChat(node: Daemon, ...words: readonly string[]): Promise<Terminal> {
  const env = { ...workspace.env, TERM: 'xterm-256color' } as Record<string, string>;
  const entry = [inject('entry'), 'chat', '--data', node.data, ...words];
  const terminal = new Terminal(process.execPath, entry, { cwd: workspace.folder, env });
  terminals.push(terminal);
  await terminal.until(({ line }) => line.endsWith('>'));
  return terminal;
}

function count(terminal: Terminal, text: string): number {
  return terminal.lines.filter((line) => line.includes(text)).length;
}

test('what is typed is said, what comes is printed above the line that is being typed, which is kept', async () => {
  const [a, b] = await startPair();
  const terminal = await openChat(a);
  await terminal.type('hello from the terminal');
  terminal.press(keys.enter);
  await terminal.shows('alice: hello from the terminal');
  await b.until('the line', async () => (await b.texts()).includes('hello from the terminal'));
  // Its delivery, once the other node has it.
  await terminal.until(({ line }) => line.includes('✓1/1'));

  await terminal.type('half a li');
  await terminal.until(({ line }) => line.endsWith('half a li'));
  await b.post('good morning 你好 👩‍👩‍👧');
  await terminal.shows('bob: good morning 你好 👩‍👩‍👧');
  await terminal.until(({ line }) => line.endsWith('> half a li'));
  await terminal.type('ne');
  terminal.press(keys.enter);
  await terminal.shows('alice: half a line');
  expect(count(terminal, 'half a line')).toBe(1);
  terminal.press(keys.end);
  expect(await terminal.ended).toBe(0);
});

test('F53 lines that are typed while the node restarts are said once each, and none that came is lost or repeated', async () => {
  const [a, b] = await startPair();
  const terminal = await openChat(a);
  await b.post('before');
  await terminal.shows('bob: before');
  await a.kill();
  await terminal.until(({ line }) => line.includes('(no daemon)'));
  for (const text of ['first while down', 'second while down']) {
    await terminal.type(text);
    terminal.press(keys.enter);
  }
  await terminal.until(({ line }) => line.includes('(2 unsent)'));
  await b.post('meanwhile');
  await a.start();
  await terminal.shows('the daemon is back');
  for (const text of ['first while down', 'second while down', 'bob: meanwhile']) {
    await terminal.shows(text);
  }
  await b.untilMessages(4);
  await b.post('after');
  await terminal.shows('bob: after');
  for (const text of ['before', 'meanwhile', 'after', 'first while down', 'second while down']) {
    expect(count(terminal, text), text).toBe(1);
  }
  expect((await b.texts()).filter((text) => text.endsWith('while down'))).toHaveLength(2);
});

test('F51 a hostile message can neither move the cursor nor pass itself off as somebody else', async () => {
  const [a, b] = await startPair();
  const terminal = await openChat(a);
  const padding = ' '.repeat(200);
  await b.post(
    `x\u001b[2J\u001b]0;title\u0007\u202e\r\n00:00 9 alice: forged${padding}00:00 9 alice: forged`,
  );
  await b.post('the end');
  await terminal.shows('bob: the end');
  expect(terminal.raw).not.toContain('\u001b[2J');
  expect(terminal.raw).not.toContain('\u202e');
  const forged = terminal.lines.filter((line) => line.includes('forged'));
  expect(forged.length).toBeGreaterThan(0);
  for (const line of forged) expect(line).toMatch(/^ {6}│/);
});

test('commands, completion by the tab key, other groups, a resized window', async () => {
  const [a, b] = await startPair();
  await a.ask('POST', '/groups', { json: { name: 'ops', encrypted: true, members: [b.pk] } });
  await b.until('the group', async () => {
    const { groups } = await b.get<{ groups: { name: string }[] }>('/groups');
    return groups.some(({ name }) => name === 'ops');
  });
  const terminal = await openChat(a);
  await b.post('in ops, @alice', { headers: { 'content-type': 'text/plain' } });
  await terminal.shows('bob: in ops, @alice');
  const posted = await b.ask('POST', '/messages', {
    json: { text: 'quietly, @alice', group: 'ops' },
  });
  expect(posted.status).toBe(201);
  await terminal.until(({ line }) => line.includes('[ops 1»]'));
  await terminal.shows('bob names you in ops');
  expect(count(terminal, 'quietly')).toBe(0);

  await terminal.type('/group o');
  terminal.press(keys.tab);
  await terminal.until(({ line }) => line.endsWith('/group ops'));
  terminal.press(keys.enter);
  await terminal.shows('bob: quietly, @alice');
  await terminal.until(({ line }) => /^ops.*>$/.test(line));
  await terminal.type('/reply at once');
  terminal.press(keys.enter);
  await terminal.until(({ lines }) => lines.some((line) => /alice: re \d+: at once$/.test(line)));
  await terminal.type('/react 👍');
  terminal.press(keys.enter);
  await terminal.shows('👍 1');

  await terminal.type('a line that is longer than the window will be');
  terminal.resize(30, 10);
  await b.ask('POST', '/messages', { json: { text: 'narrow', group: 'ops' } });
  await terminal.shows('bob: narrow');
  terminal.press(keys.enter);
  await b.until('the line', async () =>
    (await b.texts()).includes('a line that is longer than the window will be'),
  );
  await terminal.type('/nonsense');
  terminal.press(keys.enter);
  await terminal.shows('there is no /nonsense');
});

test('Ctrl-C clears the line, and twice leaves with 130; without a terminal chat says what to use', async () => {
  const [a] = await startPair();
  const terminal = await openChat(a);
  await terminal.type('not meant');
  await terminal.until(({ line }) => line.endsWith('not meant'));
  terminal.press(keys.interrupt);
  await terminal.until(({ line }) => line.endsWith('>'));
  terminal.press(keys.interrupt);
  await terminal.shows('once more');
  // Two at once: on a busy machine the time for the second may have run out.
  terminal.press(keys.interrupt.repeat(2));
  expect(await terminal.ended).toBe(130);
  expect(await a.texts()).toEqual([]);

  const piped = await workspace.cli(['chat', '--data', a.data]);
  expect(piped).toMatchObject({ code: 2, stdout: '' });
  expect(piped.stderr).toContain('skychat-node tail -f');
});
