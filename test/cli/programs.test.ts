import { expect, test } from 'vitest';
import { lobby } from '../support/fake-api.ts';
import { listenFixture } from '../support/http.ts';
import { run } from './harness.ts';

test('a token is made, printed once, listed and revoked', async () => {
  const { programs, port } = await listenFixture();
  const skychat = (...words: string[]) => run(['token', ...words, '--http', `127.0.0.1:${port}`]);
  expect((await skychat()).stdout).toMatch(/^no tokens; /);
  const made = await skychat('create', '--name', 'grafana', '--group', 'lobby', '--expires', '30d');
  expect(made).toEqual({ code: 0, stdout: 'skt_0000000000000001\n', stderr: '' });
  expect(programs.tokens.list()).toMatchObject([
    { name: 'grafana', scope: 'post', groups: [lobby], expires: expect.any(String) as unknown },
  ]);
  await skychat('create', '--name', 'all', '--scope', 'admin');
  const listed = (await skychat('list')).stdout.split('\n');
  expect(listed[0]).toMatch(/^ID +NAME +SCOPE +GROUPS +EXPIRES +LAST USED$/);
  expect(listed[1]).toMatch(/^0000000000000001 +grafana +post +10101010 +2026-.+ +-$/);
  expect(listed[2]).toMatch(/^0000000000000002 +all +admin +all +never +-$/);
  const json = JSON.parse((await skychat('list', '--json')).stdout) as unknown;
  expect(json).toEqual({ tokens: programs.tokens.list() });
  const id = '0000000000000001';
  expect(await skychat('revoke', id)).toEqual({ code: 0, stdout: `${id}\n`, stderr: '' });
  expect(await skychat('revoke', id)).toMatchObject({ code: 5, stdout: '' });
});

test.each([
  ['token', 'create'],
  ['token', 'create', '--name', 'x', '--scope', 'god'],
  ['token', 'revoke'],
  ['token', 'creat'],
  ['hook', 'create', '--group', 'lobby'],
  ['hook', 'revive'],
])('%s %s %s %s %s %s is a usage error', async (...words) => {
  expect(await run(words.filter((word) => word !== ''))).toMatchObject({ code: 2, stdout: '' });
});

test('a hook is made, listed, revived and removed; an incoming one prints its URL', async () => {
  const { programs, port } = await listenFixture();
  const skychat = (...words: string[]) => run(['hook', ...words, '--http', `127.0.0.1:${port}`]);
  expect((await skychat()).stdout).toMatch(/^no hooks; /);
  const incoming = await skychat('create', '--name', 'ci', '--group', 'lobby');
  expect(incoming.stdout).toBe(`http://127.0.0.1:${port}/hooks/skh_0000000000000001\n`);
  const words = [
    '--url',
    'http://10.0.0.7/x',
    '--mentions',
    '--event',
    'message',
    '--event',
    'edit',
  ];
  expect((await skychat('create', '--name', 'deploy', ...words)).stdout).toBe('whsec_AAAA\n');
  expect(programs.hooks.list()[1]).toMatchObject({
    ...{ kind: 'outgoing', mentions: true, bots: false, events: ['message', 'edit'], group: null },
  });
  const listed = (await skychat('list')).stdout;
  expect(listed).toMatch(/^in +0000000000000001 +ci +10101010 +- +-$/m);
  expect(listed).toMatch(
    /^out +0000000000000002 +deploy +all +active +- +http:\/\/10\.0\.0\.7\/x$/m,
  );
  const id = '0000000000000002';
  expect((await skychat('revive', id, '--skip')).stdout).toBe(`${id}\n`);
  expect((await skychat('revoke', id)).stdout).toBe(`${id}\n`);
  expect(await skychat('revive', id)).toMatchObject({ code: 5, stdout: '' });
});
