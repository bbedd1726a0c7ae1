import { expect, test } from 'vitest';
import { utf8 } from '../../src/bytes.ts';
import { systemRandom } from '../../src/env.ts';
import { HookBook } from '../../src/bots/hook-book.ts';
import type { HookRequest } from '../../src/http/hooks.ts';
import { LocalRows } from '../chat/local-rows.ts';
import { FakeApi, lobby } from '../support/fake-api.ts';

class Rows extends LocalRows {
  readonly api = new FakeApi();

  open(hooksMax?: number): Promise<HookBook> {
    return HookBook.open({
      ...{ api: this.api, store: this, writeLocal: this.writeLocal, random: systemRandom },
      ...{ clock: { now: () => 1_800_000_000_000_000 }, groupIdOf: () => lobby, room: 'lobby' },
      ...(hooksMax !== undefined && { hooksMax }),
    });
  }
}

function request(text: string, headers: HookRequest['headers'] = {}): HookRequest {
  return { headers, query: {}, body: utf8(text) };
}

const draft = { name: 'ci', group: undefined };
const json = { 'content-type': 'application/json' };

test('a hook posts to its group under its name, over a restart, until it is removed', async () => {
  const rows = new Rows();
  const book = await rows.open();
  const { secret, ...view } = await book.create(draft);
  expect(view).toMatchObject({ kind: 'incoming', name: 'ci', group: lobby, last_used: null });
  for (const each of [book, await rows.open()]) {
    const answer = await each.receive(secret, request('{"text":"built"}', json));
    expect(answer).toEqual({ contentType: 'text/plain; charset=utf-8', body: 'ok' });
    expect(each.list()).toEqual([{ ...view, last_used: view.created }]);
  }
  expect(rows.api.drafts.map((each) => each.draft)).toEqual([
    { text: 'built', group: lobby, bot: 'ci' },
    { text: 'built', group: lobby, bot: 'ci' },
  ]);
  await book.remove(view.id);
  await expect(book.receive(secret, request('x'))).rejects.toMatchObject({ code: 'unknown-hook' });
  await expect(book.remove(view.id)).rejects.toMatchObject({ code: 'unknown-hook' });
  expect((await rows.open()).list()).toEqual([]);
});

test('no other secret opens a hook, and no secret is on the disk', async () => {
  const rows = new Rows();
  const book = await rows.open();
  const { secret, id } = await book.create(draft);
  const changed = secret.slice(0, -1) + (secret.endsWith('A') ? 'B' : 'A');
  for (const wrong of [changed, id, '', secret.replace('skh_', 'skt_'), '__proto__']) {
    await expect(book.receive(wrong, request('x'))).rejects.toMatchObject({ code: 'unknown-hook' });
  }
  const kept = [...rows.rows.values()].map((value) => Buffer.from(value).toString()).join();
  expect(kept).not.toContain(secret.slice(-43));
  expect(rows.api.drafts).toEqual([]);
});

test('ntfy is answered as ntfy answers', async () => {
  const rows = new Rows();
  const book = await rows.open();
  const { secret } = await book.create(draft);
  const headers = { title: 'Low disk', priority: '5', tags: 'warning' };
  const answer = await book.receive(secret, request('5 GB left', headers));
  expect(answer.contentType).toBe('application/json; charset=utf-8');
  expect(JSON.parse(answer.body)).toEqual({
    ...{ id: rows.api.stored[0]?.id, time: 1_700_000_000, event: 'message', topic: 'ci' },
    ...{ message: '5 GB left', title: 'Low disk', tags: ['warning'] },
  });
  expect(rows.api.drafts[0]?.draft).toMatchObject({ priority: 'urgent' });
});

test('F53 what GitHub delivers again is posted once', async () => {
  const rows = new Rows();
  const book = await rows.open();
  const { secret } = await book.create(draft);
  const other = await book.create(draft);
  const headers = { ...json, 'x-github-event': 'ping', 'x-github-delivery': '72d3162e-cc78' };
  for (let i = 0; i < 3; i++) await book.receive(secret, request('{"zen":"a"}', headers));
  await book.receive(other.secret, request('{"zen":"a"}', headers));
  expect(rows.api.stored).toHaveLength(2);
});

test('there are no more hooks than the bound', async () => {
  const book = await new Rows().open(1);
  await book.create(draft);
  await expect(book.create(draft)).rejects.toMatchObject({ code: 'bad-field' });
});
