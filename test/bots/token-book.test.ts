import { expect, test } from 'vitest';
import { systemRandom } from '../../src/env.ts';
import { SkychatError } from '../../src/errors.ts';
import { TokenBook, type TokenBookOptions } from '../../src/bots/token-book.ts';
import { mayCall, owner, scopes } from '../../src/http/tokens.ts';
import { LocalRows } from '../chat/local-rows.ts';

const ops = '11'.repeat(32);

class Rows extends LocalRows {
  now = 1_800_000_000_000_000;

  open(over: Partial<TokenBookOptions> = {}): Promise<TokenBook> {
    return TokenBook.open({
      ...{ store: this, writeLocal: this.writeLocal, random: systemRandom },
      clock: { now: () => this.now },
      groupIdOf: (name) => {
        if (name === 'ops' || name === ops) return ops;
        throw new SkychatError('unknown-group', 'there is none');
      },
      ...over,
    });
  }
}

const draft = { name: 'grafana', scope: 'post', groups: undefined, expiresInS: null } as const;

test('a token is told once, opens what it was made for, and survives a restart', async () => {
  const rows = new Rows();
  const book = await rows.open();
  const { token, ...view } = await book.create({ ...draft, groups: ['ops', ops] });
  expect(view).toEqual({
    ...{ id: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown, name: 'grafana', scope: 'post' },
    ...{ groups: [ops], created: '2027-01-15T08:00:00.000Z', expires: null, last_used: null },
  });
  for (const each of [book, await rows.open()]) {
    expect(each.findCaller(token)).toEqual({
      ...{ scope: 'post', within: [ops], bot: { id: view.id, name: 'grafana' } },
    });
    expect(each.list()).toEqual([{ ...view, last_used: view.created }]);
  }
});

test('neither the disk nor a list has anything that opens', async () => {
  const rows = new Rows();
  const book = await rows.open();
  const { token } = await book.create(draft);
  const secret = token.slice(-43);
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  const kept = [...rows.rows].map(([key, value]) => key + Buffer.from(value).toString()).join();
  for (const where of [kept, JSON.stringify(book.list())]) expect(where).not.toContain(secret);
});

test('no other text opens anything', async () => {
  const book = await new Rows().open();
  const { token, id } = await book.create(draft);
  const changed = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
  const hook = token.replace('skt_', 'skh_');
  const other = token.replace(id, '0'.repeat(16));
  for (const text of [
    '',
    'x',
    changed,
    hook,
    other,
    `${token}A`,
    token.slice(0, -1),
    ` ${token}`,
  ]) {
    expect(book.findCaller(text), text).toBeUndefined();
  }
  expect(book.findCaller(token)).toBeDefined();
});

test('a token ends when its time is over, and at once when it is revoked', async () => {
  const rows = new Rows();
  const book = await rows.open();
  const short = await book.create({ ...draft, expiresInS: 60 });
  const long = await book.create(draft);
  expect(short.expires).toBe('2027-01-15T08:01:00.000Z');
  rows.now += 59_999_999;
  expect(book.findCaller(short.token)).toBeDefined();
  rows.now += 1;
  expect(book.findCaller(short.token)).toBeUndefined();
  const revoking = book.revoke(long.id);
  expect(book.findCaller(long.token)).toBeUndefined();
  expect(await revoking).toMatchObject({ id: long.id, name: 'grafana' });
  expect((await rows.open()).list().map(({ id }) => id)).toEqual([short.id]);
  await expect(book.revoke(long.id)).rejects.toMatchObject({ code: 'unknown-token' });
});

test('a revocation that does not reach the disk is none', async () => {
  const rows = new Rows();
  const { id, token } = await (await rows.open()).create(draft);
  const book = await rows.open({ writeLocal: () => Promise.reject(new Error('disk full')) });
  await expect(book.revoke(id)).rejects.toThrow('disk full');
  expect(book.findCaller(token)).toBeDefined();
});

test.each([
  [{ name: '' }, 'bad-field'],
  [{ name: 'a\u202eb' }, 'bad-field'],
  [{ groups: ['nowhere'] }, 'unknown-group'],
  [{ scope: 'admin', groups: ['ops'] }, 'bad-field'],
] as const)('a token with %j is not made', async (over, code) => {
  const rows = new Rows();
  await expect((await rows.open()).create({ ...draft, ...over })).rejects.toMatchObject({ code });
  expect(rows.rows.size).toBe(0);
});

test('there are no more tokens than the bound', async () => {
  const book = await new Rows().open({ tokensMax: 1 });
  await book.create(draft);
  await expect(book.create(draft)).rejects.toMatchObject({ code: 'bad-field' });
});

test('a row that cannot be understood opens nothing', async () => {
  const rows = new Rows();
  const { id, token } = await (await rows.open()).create({ ...draft, groups: ['ops'] });
  const key = `token/${id}`;
  const row = JSON.parse(Buffer.from(rows.rows.get(key) ?? []).toString()) as object;
  for (const over of [{ groups: undefined }, { groups: [1] }, { scope: 'god' }, { expires: 'x' }]) {
    rows.rows.set(key, Buffer.from(JSON.stringify({ ...row, ...over })));
    expect((await rows.open()).findCaller(token), JSON.stringify(over)).toBeUndefined();
  }
  rows.rows.set(key, Buffer.from('{'));
  expect((await rows.open()).list()).toEqual([]);
});

test('each scope may what those before it may', () => {
  const allowed = scopes.map((scope) => scopes.filter((one) => mayCall({ ...owner, scope }, one)));
  expect(allowed).toEqual([['read'], ['read', 'post'], ['read', 'post', 'admin']]);
});
