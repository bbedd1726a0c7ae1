// The commands against the HTTP surface itself, so that both mean the same by the same words.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SkychatError } from '../../src/errors.ts';
import { listenFixture } from '../support/http.ts';
import { alice, makeFolder, run, start } from './harness.ts';

test('send reaches the node with all that it was told', async () => {
  const { api, port } = await listenFixture();
  const answered = api.arrive('before');
  const words = ['--group', 'lobby', '--reply-to', answered.id, '--wait', '1', 'hello'];
  const ended = await run(['send', '--http', `127.0.0.1:${port}`, ...words]);
  expect(ended).toEqual({ code: 0, stdout: `${api.stored[1]?.id ?? ''}\n`, stderr: '' });
  expect(api.drafts[0]).toMatchObject({
    draft: { text: 'hello', group: 'lobby', replyTo: answered.id },
    options: { minPeers: 1, idempotency: { key: expect.any(String) as string } },
  });
  api.replicated = false;
  expect((await run(['send', '--http', `127.0.0.1:${port}`, '--wait', '1', 'x'])).code).toBe(8);
});

test.each<[string[], number]>([
  [['send', ''], 2],
  [['send', 'x'.repeat(65_537)], 2],
  [['send', '\u{feff}x'], 2],
  [['send', '--reply-to', 'xyz', 'x'], 2],
  [['tail', '--group', 'nowhere'], 5],
  [['tail', '--after', '99'], 2],
  [['tail', '--since', 'yesterday'], 2],
  [['history', '--author', 'me'], 2],
  [['history', '--before', 'f'.repeat(64)], 5],
  [['peers', 'rm', alice], 5],
])('what the node refuses ends as the table of exit codes says (%#)', async (words, code) => {
  const { api, port } = await listenFixture();
  api.arrive('x');
  const ended = await run([...words, '--http', `127.0.0.1:${port}`]);
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toMatch(/^skychat-node: [^\n]+ \([a-z-]+\)\. [^\n]+\n$/);
});

test.each<['own-feed-unknown' | 'disk-full' | 'closing', number]>([
  ['own-feed-unknown', 1],
  ['disk-full', 1],
  ['closing', 1],
])('a node that cannot store (%s) is exit %i', async (code, exit) => {
  const { api, port } = await listenFixture();
  api.failure = new SkychatError(code, 'it cannot');
  expect((await run(['send', 'x', '--http', `127.0.0.1:${port}`])).code).toBe(exit);
});

test('tail -f shows the backlog and then each arrival once', async () => {
  const { api, port } = await listenFixture();
  for (let i = 1; i <= 3; i++) api.arrive(`text ${i}`);
  const words = ['tail', '-f', '-n', '2', '--count', '5', '--since', '520w', '--group', 'lobby'];
  const started = start([...words, '--http', `127.0.0.1:${port}`]);
  await started.stdout.until((text) => text.includes('text 3'));
  api.arrive('text 4');
  await started.stdout.until((text) => text.includes('text 4'));
  api.arrive('text 5');
  api.arrive('text 6');
  expect(await started.code).toBe(0);
  const texts = started.stdout.lines.map((line) => line.replace(/^.*: /, ''));
  expect(texts).toEqual(['text 2', 'text 3', 'text 4', 'text 5', 'text 6']);
});

test('tail -n 0 starts with what arrives, and history pages by cursor', async () => {
  const { api, port } = await listenFixture();
  const at = ['--http', `127.0.0.1:${port}`];
  for (let i = 1; i <= 3; i++) api.arrive(`text ${i}`);
  expect(await run(['tail', '-n', '0', ...at])).toMatchObject({ code: 0, stdout: '' });
  const ended = await run(['history', '--after', '1', '--limit', '1', '--json', ...at]);
  expect(JSON.parse(ended.stdout)).toMatchObject({ messages: [{ text: 'text 2' }], more: true });
});

test('status and peers show what the node says', async () => {
  const { api, port } = await listenFixture();
  const at = ['--http', `127.0.0.1:${port}`];
  expect((await run(['status', ...at])).stdout).toContain('lobby');
  expect((await run(['peers', 'add', `${alice}@h:1`, ...at])).code).toBe(0);
  expect(api.peers().map(({ pk }) => pk)).toEqual([alice]);
  expect((await run(['peers', ...at])).stdout).toContain(`dialing  ${alice}`);
  expect((await run(['peers', 'rm', alice, ...at])).code).toBe(0);
  expect(api.peers()).toEqual([]);
});

test('a token that is missing is exit 4, and one that is right opens', async () => {
  const { port } = await listenFixture({ token: 's3cret' });
  const file = join(makeFolder(), 'token');
  writeFileSync(file, 's3cret\n');
  const words = ['status', '--http', `127.0.0.1:${port}`];
  expect((await run(words)).code).toBe(4);
  expect((await run([...words, '--http-token-file', file])).code).toBe(0);
});
