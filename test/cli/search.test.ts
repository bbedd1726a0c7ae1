import { expect, test } from 'vitest';
import { listenFixture } from '../support/http.ts';
import { run } from './harness.ts';

test('search prints what has the words as history does, the newest last', async () => {
  const { api, port } = await listenFixture();
  for (const text of ['disk full', 'else', 'full disk']) api.arrive(text);
  const skychat = (...words: string[]) => run(['search', '--http', `127.0.0.1:${port}`, ...words]);
  const { code, stdout, stderr } = await skychat('-n', '5', '--group', 'lobby', 'disk', 'full');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.split('\n').map((line) => line.slice(25))).toEqual([
    'alice: disk full',
    'alice: full disk',
    '',
  ]);
  expect(api.searches).toEqual([{ line: 'disk full', limit: 5, waitMs: 30_000 }]);
  const page = JSON.parse((await skychat('--json', 'full')).stdout) as { messages: object[] };
  expect(page).toMatchObject({ complete: true });
  expect(page.messages).toEqual([api.stored[2], api.stored[0]]);
});

test('an author is named in the line, and an index that is not whole is told of', async () => {
  const { api, port } = await listenFixture();
  api.isIndexed = false;
  const words = ['search', '--http', `127.0.0.1:${port}`, '--from', 'Bob', 'x'];
  expect(await run(words)).toMatchObject({ code: 2, stdout: '' });
  expect(api.searches).toMatchObject([{ line: 'from:"Bob" x' }]);
  const { code, stderr } = await run(['search', '--http', `127.0.0.1:${port}`, 'x']);
  expect([code, stderr]).toEqual([0, 'skychat-node: nothing is indexed yet: try again\n']);
});

test('a search without words is refused', async () => {
  const { port } = await listenFixture();
  expect(await run(['search', '--http', `127.0.0.1:${port}`])).toMatchObject({ code: 2 });
});
