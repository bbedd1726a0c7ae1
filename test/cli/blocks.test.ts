import { expect, test } from 'vitest';
import { alice, bob } from '../support/fake-api.ts';
import { listenFixture } from '../support/http.ts';
import { run } from './harness.ts';

test('block and unblock take a key or a name, and blocks lists what is in force', async () => {
  const { api, port } = await listenFixture();
  const skychat = (...words: string[]) => run([...words, '--http', `127.0.0.1:${port}`]);
  expect(await skychat('blocks')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await skychat('block', bob)).toEqual({ code: 0, stdout: `${bob}\n`, stderr: '' });
  api.blocked.set(bob, { ...(await api.block(bob)), name: 'bob' });
  expect((await skychat('blocks')).stdout).toMatch(new RegExp(`^KEY .*\n${bob}  bob   2026-`));
  const listed = JSON.parse((await skychat('blocks', '--json')).stdout) as unknown;
  expect(listed).toEqual({ blocked: api.blocks() });
  expect((await skychat('unblock', 'bob')).stdout).toBe(`${bob}\n`);
  expect(api.blocks()).toEqual([]);
});

test('a name that nobody has, and the own one, are refused', async () => {
  const { port } = await listenFixture();
  const skychat = (...words: string[]) => run([...words, '--http', `127.0.0.1:${port}`]);
  expect(await skychat('block', 'nobody')).toMatchObject({ code: 5, stdout: '' });
  expect(await skychat('unblock', 'nobody')).toMatchObject({ code: 5, stdout: '' });
  expect(await skychat('block', alice)).toMatchObject({ code: 2, stdout: '' });
});
