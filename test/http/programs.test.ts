// Who calls with a token, what each may, and what those may know who are limited to some groups.
import { expect, test } from 'vitest';
import type { Operation } from '../../src/http/operation.ts';
import type { Caller } from '../../src/http/tokens.ts';
import { alice, bob, lobby } from '../support/fake-api.ts';
import { newGroup } from '../support/fake-groups.ts';
import { EventReader, listenFixture, openFixture, type Fixture } from '../support/http.ts';

const secret = '20'.repeat(32);
const bot = { id: '0123456789abcdef', name: 'grafana' };

const callers = {
  reader: { scope: 'read', within: undefined, bot },
  poster: { scope: 'post', within: undefined, bot },
  admin: { scope: 'admin', within: undefined, bot },
  limited: { scope: 'post', within: [lobby], bot },
  twice: { scope: 'post', within: [lobby, secret], bot },
} as const satisfies Record<string, Caller>;

type Name = keyof typeof callers | 'owner' | 'nobody';

function open(options: Parameters<typeof openFixture>[0] = {}): Fixture {
  const fixture = openFixture(options, 'any code');
  for (const [token, caller] of Object.entries(callers)) {
    fixture.programs.callers.set(token, caller);
  }
  fixture.programs.named.set('secret', secret);
  fixture.api.rosters.put(newGroup({ id: secret, name: 'secret', encrypted: true }));
  return fixture;
}

async function ask(
  { server }: Fixture,
  as: Name | undefined,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  payload?: object | string,
) {
  const headers = {
    ...(as !== undefined && { authorization: `Bearer ${as}` }),
    ...(typeof payload === 'string' && { 'content-type': 'text/plain' }),
  };
  const answer = await server.fastify.inject({
    ...{ method, url, headers },
    ...(payload !== undefined && { payload }),
  });
  const value = answer.body.startsWith('{') ? answer.json<Record<string, unknown>>() : {};
  return { status: answer.statusCode, value, code: value['code'], body: answer.body };
}

test('where no token is needed, one that is given limits the caller all the same', async () => {
  const fixture = open();
  expect(await ask(fixture, undefined, 'GET', '/status')).toMatchObject({ status: 200 });
  expect(await ask(fixture, 'reader', 'GET', '/status')).toMatchObject({ status: 200 });
  expect(await ask(fixture, 'nobody', 'GET', '/status')).toMatchObject({ code: 'unauthorized' });
  const posted = await ask(fixture, 'reader', 'POST', '/messages', 'hello');
  expect(posted).toMatchObject({ status: 403, code: 'not-permitted' });
  expect(fixture.api.stored).toEqual([]);
  expect(fixture.server.counters()).toEqual({ unauthorized: 1, 'not-permitted': 1 });
});

test('where one is needed, tokens open as far as their scope', async () => {
  const fixture = open({ token: 'owner' });
  const statuses = async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const found: number[] = [];
    for (const as of [undefined, 'nobody', 'reader', 'poster', 'admin', 'owner'] as const) {
      found.push((await ask(fixture, as, method, url, payload)).status);
    }
    return found;
  };
  expect(await statuses('GET', '/messages')).toEqual([401, 401, 200, 200, 200, 200]);
  expect(await statuses('POST', '/messages', { text: 'a' })).toEqual([
    401, 401, 403, 201, 201, 201,
  ]);
  const draft = { name: 'x' };
  expect(await statuses('POST', '/tokens', draft)).toEqual([401, 401, 403, 403, 201, 201]);
  expect(await statuses('GET', '/healthz')).toEqual([200, 200, 200, 200, 200, 200]);
});

test('a program posts under its own name, and the owner under none', async () => {
  const fixture = open();
  await ask(fixture, 'poster', 'POST', '/messages', 'by the program');
  await ask(fixture, undefined, 'POST', '/messages', 'by the owner');
  expect(fixture.api.drafts.map(({ draft }) => draft)).toEqual([
    { text: 'by the program', bot: 'grafana' },
    { text: 'by the owner' },
  ]);
  const told = await ask(fixture, undefined, 'GET', '/messages');
  expect(told.value['messages']).toMatchObject([
    { name: 'grafana', bot: true, node_name: 'alice', author: alice },
    { name: 'alice', author: alice },
  ]);
  const lines = await ask(fixture, undefined, 'GET', '/messages?format=text');
  expect(lines.body).toMatch(
    / grafana \(bot of alice\): by the program\n.* alice: by the owner\n$/,
  );
});

test('no caller can choose the name of another', async () => {
  const fixture = open();
  for (const as of ['poster', 'admin', undefined] as const) {
    const answer = await ask(fixture, as, 'POST', '/messages', { text: 'a', bot: 'alice' });
    expect(answer).toMatchObject({ status: 400, code: 'bad-field' });
  }
});

test('the same Idempotency-Key of two programs means two messages', async () => {
  const fixture = open();
  fixture.programs.callers.set('other', {
    ...callers.poster,
    bot: { id: 'f'.repeat(16), name: 'b' },
  });
  for (const token of ['poster', 'other', 'poster']) {
    await fixture.server.fastify.inject({
      ...{ method: 'POST', url: '/messages', payload: { text: 'a' } },
      headers: { authorization: `Bearer ${token}`, 'idempotency-key': 'k' },
    });
  }
  expect(fixture.api.stored).toHaveLength(2);
});

test('a program takes back and corrects what it wrote itself, and nothing else of its node', async () => {
  const fixture = open();
  const own = fixture.api.arrive('own', { mine: true, bot: true, name: 'grafana' });
  const of = (over: object) => fixture.api.arrive('not own', { mine: true, ...over });
  const others = [
    of({}),
    of({ bot: true, name: 'ci' }),
    of({ mine: false, bot: true, name: 'grafana' }),
  ];
  for (const { id } of others) {
    expect(await ask(fixture, 'poster', 'PATCH', `/messages/${id}`, 'x')).toMatchObject({
      status: 403,
    });
    expect(await ask(fixture, 'poster', 'DELETE', `/messages/${id}`)).toMatchObject({
      status: 403,
    });
  }
  expect(fixture.api.noted).toEqual([]);
  await ask(fixture, 'poster', 'PATCH', `/messages/${own.id}`, 'x');
  await ask(fixture, 'poster', 'DELETE', `/messages/${own.id}`);
  await ask(fixture, 'admin', 'DELETE', `/messages/${others[0]?.id ?? ''}`);
  expect(fixture.api.noted.map(([method]) => method)).toEqual(['edit', 'erase', 'erase']);
});

test('who is limited to groups sees their messages alone, however it asks', async () => {
  const fixture = open();
  const seen = fixture.api.arrive('seen disk');
  const hidden = fixture.api.arrive('hidden disk', { group: secret });
  const urls = ['?limit=9', '?after=0', '?q=disk', '?after=0&wait=1'];
  for (const query of [...urls, '?format=text', '?format=ndjson&after=0', '?group=lobby']) {
    const { body, status } = await ask(fixture, 'limited', 'GET', `/messages${query}`);
    expect(status, query).toBe(200);
    expect(body, query).toContain('seen disk');
    expect(body, query).not.toContain('hidden disk');
  }
  const { id } = hidden;
  fixture.api.arrive('answer', { group: secret, reply_to: id });
  for (const [method, url] of [
    ...['', '/proof', '/replies'].map((path) => ['GET', `/messages/${id}${path}`] as const),
    ['PATCH', `/messages/${id}`],
    ['DELETE', `/messages/${id}`],
    ['PUT', `/messages/${id}/ack`],
    ['PUT', `/messages/${id}/reactions/%F0%9F%91%8D`],
    ['GET', `/messages?group=secret`],
    ['GET', `/messages?group=${secret}`],
    ['GET', '/groups/secret'],
    ['GET', '/groups/nowhere'],
    ['GET', '/groups/secret/members'],
    ['PUT', '/groups/secret/read'],
  ] as const) {
    const payload = method === 'PATCH' ? 'x' : undefined;
    const answer = await ask(fixture, 'limited', method, url, payload);
    expect(answer, `${method} ${url}`).toMatchObject({ status: 403, code: 'not-permitted' });
  }
  expect(fixture.api.noted).toEqual([]);
  const { value } = await ask(fixture, 'limited', 'GET', '/groups');
  expect((value['groups'] as { id: string }[]).map((group) => group.id)).toEqual([lobby]);
  const one = await ask(fixture, 'limited', 'GET', `/messages/${seen.id}`);
  expect(one.status).toBe(200);
});

test('who is limited to groups posts there alone, without a word where there is one', async () => {
  const fixture = open();
  const post = (as: Name, draft: object) =>
    ask(fixture, as, 'POST', '/messages', { text: 'a', ...draft });
  expect((await post('limited', {})).status).toBe(201);
  expect((await post('limited', { group: 'lobby' })).status).toBe(201);
  expect((await post('limited', { group: 'secret' })).code).toBe('not-permitted');
  expect((await post('limited', { to: bob })).code).toBe('not-permitted');
  expect((await post('twice', {})).code).toBe('bad-field');
  expect((await post('twice', { group: 'secret' })).status).toBe(201);
  expect(fixture.api.drafts.map(({ draft }) => draft.group)).toEqual([lobby, lobby, secret]);
});

test('events of other groups, and who is linked, are not told to who is limited', async () => {
  const { api, programs, port } = await listenFixture();
  programs.callers.set('limited', callers.limited);
  api.arrive('seen');
  api.arrive('hidden', { group: secret });
  // Streams that ask for the same share what they read, but not with those who may see less.
  const all = await EventReader.open(port, '/events?after=0');
  await all.opened();
  const headers = { authorization: 'Bearer limited' };
  const reader = await EventReader.open(port, '/events?after=0', headers);
  await reader.opened();
  api.changePeer(bob, 'connected');
  api.arrive('hidden too', { group: secret });
  api.arrive('seen too');
  const texts = (await all.texts(5)).filter((text) => text !== 'no text');
  expect(texts).toEqual(['seen', 'hidden', 'hidden too', 'seen too']);
  for (const text of ['seen', 'seen too']) {
    expect(await reader.next()).toMatchObject({ event: 'message', data: { text } });
  }
  // By now both are where new messages come in.
  for (const round of ['1', '2', '3']) {
    api.arrive(`hidden ${round}`, { group: secret });
    api.arrive(`seen ${round}`);
    expect(await all.texts(2)).toEqual([`hidden ${round}`, `seen ${round}`]);
    expect(await reader.texts(1)).toEqual([`seen ${round}`]);
  }
  for (const group of [secret, lobby]) {
    const read = { group, cursor: '1', unread: 0, mentions: 0 };
    api.happenings.tell({ event: 'read', data: read });
  }
  expect(await reader.next()).toMatchObject({ event: 'read', data: { group: lobby } });
});

test('what no route has looked at is closed to who is limited, and to posting programs', async () => {
  const fixture = open();
  await fixture.server.fastify.ready();
  const operations: Operation[] = [];
  const other = openFixture();
  other.server.fastify.addHook('onRoute', ({ config, prefix, method }) => {
    if (prefix === '' && method !== 'HEAD' && config?.operation) operations.push(config.operation);
  });
  await other.server.fastify.ready();
  expect(operations.length).toBeGreaterThan(30);
  const posting = operations.filter(({ scope }) => scope === 'post');
  expect(posting.filter(({ perCaller }) => perCaller !== true).map(({ url }) => url)).toEqual([]);
  for (const { method, url, scope, perCaller } of operations) {
    if (scope === 'none' || perCaller === true) continue;
    const target = url.replaceAll(/:\w+/g, 'x');
    const answer = await ask(fixture, 'limited', method, target);
    expect(answer, `${method} ${url}`).toMatchObject({ status: 403, code: 'not-permitted' });
  }
});

test('a hook is opened by its URL alone, whatever token others need', async () => {
  const fixture = open({ token: 'owner' });
  const posted = await ask(fixture, undefined, 'POST', '/hooks/skh_x?title=T', 'disk full');
  expect([posted.status, posted.body]).toEqual([200, 'ok']);
  const [received] = fixture.programs.received;
  expect(received).toMatchObject({ secret: 'skh_x', request: { query: { title: 'T' } } });
  expect(Buffer.from(received?.request.body ?? []).toString()).toBe('disk full');
  expect((await ask(fixture, undefined, 'POST', '/hooks/wrong', 'x')).status).toBe(404);
  expect((await ask(fixture, undefined, 'POST', '/hooks/skh_x?zzz=1', 'x')).code).toBe('bad-field');
});

test('F54 a web page of another origin reaches no hook either', async () => {
  const fixture = open();
  for (const headers of [{ origin: 'http://evil.example' }, { host: 'evil.example' }] as const) {
    const answer = await fixture.server.fastify.inject({
      ...{ method: 'POST', url: '/hooks/skh_x', payload: 'x' },
      headers: { 'content-type': 'text/plain', ...headers },
    });
    expect(answer.statusCode).toBe(403);
  }
  expect(fixture.programs.received).toEqual([]);
});

test('an incoming hook is made with its URL, an outgoing one with what signs', async () => {
  const fixture = open();
  const incoming = await ask(fixture, undefined, 'POST', '/hooks', { name: 'ci', group: 'lobby' });
  expect(incoming).toMatchObject({
    status: 201,
    value: {
      kind: 'incoming',
      group: lobby,
      post_to: expect.stringMatching(/^http:\/\/.+\/hooks\/skh_/) as unknown,
    },
  });
  const outgoing = await ask(fixture, undefined, 'POST', '/hooks', {
    name: 'd',
    url: 'http://a.example',
  });
  expect(outgoing.value).toMatchObject({ kind: 'outgoing', group: null, events: ['message'] });
  expect(outgoing.value).not.toHaveProperty('post_to');
  for (const wrong of [{ mentions: true }, { events: ['x'], url: 'u' }, { events: [], url: 'u' }]) {
    const answer = await ask(fixture, undefined, 'POST', '/hooks', { name: 'd', ...wrong });
    expect(answer, JSON.stringify(wrong)).toMatchObject({ status: 400, code: 'bad-field' });
  }
});
