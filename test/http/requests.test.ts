// What every request has, whichever its route: an id, the methods of its path, an ETag.
import { expect, test } from 'vitest';
import { SkychatError } from '../../src/errors.ts';
import { Methods } from '../../src/http/methods.ts';
import { idOf } from '../support/fake-api.ts';
import { listenFixture, openFixture, RawClient } from '../support/http.ts';

test('every answer names the id of its request, refusals and pages of nothing included', async () => {
  const { server, api } = openFixture();
  api.arrive('hi');
  const ids = new Set<unknown>();
  const urls = ['/messages', '/messages/%zz', '/nowhere', '/status?x=1', '/', '/openapi.json'];
  for (const url of urls) {
    const { headers } = await server.fastify.inject(url);
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{12}-\d+$/);
    ids.add(headers['x-request-id']);
  }
  expect(ids.size).toBe(urls.length);
});

test('a stream names the id of its request', async () => {
  const { port } = await listenFixture();
  const client = new RawClient(port);
  client.socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: mine\r\n\r\n');
  expect(await client.until((text) => text.includes('\r\n\r\n'))).toContain('x-request-id: mine');
});

test.each([
  ['01J9ZK3W-7/a.b:c=~@+', true],
  ['x'.repeat(128), true],
  ['x'.repeat(129), false],
  ['two words', false],
  ['<script>', false],
  ['', false],
])("the caller's id %j is kept: %s", async (id, isKept) => {
  const { server } = openFixture();
  const { headers } = await server.fastify.inject({ url: '/', headers: { 'x-request-id': id } });
  expect(headers['x-request-id'] === id).toBe(isKept);
});

test('the log of a fault names the request', async () => {
  const { server, api, logged } = openFixture({}, 'any code');
  api.failure = new SkychatError('disk-full', 'no room');
  await server.fastify.inject({ url: '/messages', headers: { 'x-request-id': 'job-4711' } });
  expect(logged).toMatchObject([{ level: 'warn', fields: { request: 'job-4711' } }]);
});

test.each([
  ['/messages', 'GET, HEAD, OPTIONS, POST'],
  ['/v1/messages?after=0', 'GET, HEAD, OPTIONS, POST'],
  [`/messages/${idOf(1)}/reactions/x`, 'DELETE, OPTIONS, PUT'],
  ['/groups/join', 'GET, HEAD, OPTIONS, PATCH, POST'],
  ['/', 'GET, HEAD, OPTIONS'],
])('%s is served with %s, and says so to OPTIONS and to any other method', async (url, allow) => {
  const { server } = openFixture();
  const asked = await server.fastify.inject({ method: 'OPTIONS', url });
  expect([asked.statusCode, asked.headers.allow, asked.body]).toEqual([204, allow, '']);
  expect(asked.headers).not.toHaveProperty('access-control-allow-origin');
  for (const method of ['PUT', 'PATCH', 'DELETE', 'POST'] as const) {
    if (allow.includes(method)) continue;
    const payload = '{';
    const headers = { 'content-type': 'application/json' };
    const answer = await server.fastify.inject({ method, url, payload, headers });
    expect(answer.json()).toMatchObject({ status: 405, code: 'method-not-allowed' });
    expect(answer.headers.allow).toBe(allow);
  }
});

test('OPTIONS of nothing is an unknown route, and of everything all methods', async () => {
  const { server } = openFixture();
  const nowhere = await server.fastify.inject({ method: 'OPTIONS', url: '/nowhere' });
  expect([nowhere.statusCode, nowhere.headers.allow]).toEqual([404, undefined]);
  const { port } = await listenFixture();
  const client = new RawClient(port);
  client.socket.end('OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const head = await client.closed();
  expect(head).toContain('HTTP/1.1 204');
  expect(head).toContain('allow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT');
});

test('a path is matched as it is written, whatever a pattern would make of it', () => {
  const methods = new Methods();
  methods.add('/openapi.json', 'GET');
  methods.add('/groups/:id', 'GET');
  expect(methods.find('/openapi-json')).toEqual([]);
  expect(methods.find('/groups/')).toEqual([]);
  expect(methods.find('/groups/a/b')).toEqual([]);
  expect(methods.find('/groups/a')).toEqual(['GET', 'OPTIONS']);
});

test.each([
  '/status',
  '/peers',
  '/feeds',
  '/groups',
  '/groups/lobby',
  '/groups/lobby/members',
  '/blocks',
  `/messages/${idOf(1)}`,
  `/messages/${idOf(1)}/proof`,
  `/messages/${idOf(1)}/replies`,
  '/openapi.json',
])('%s has an ETag; who has it is told 304 until it changes', async (url) => {
  const { server, api } = openFixture();
  api.arrive('hi', { reply_to: null });
  const ask = (tag?: string) =>
    server.fastify.inject({ url, headers: tag === undefined ? {} : { 'if-none-match': tag } });
  const first = await ask();
  const tag = String(first.headers.etag);
  expect(tag).toMatch(/^"[\w-]{22}"$/);
  expect(first.headers['cache-control']).toBe('private, no-cache');
  for (const named of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
    const again = await ask(named);
    expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', tag]);
    expect(again.headers).not.toHaveProperty('content-type');
  }
  expect(await ask('"other"')).toMatchObject({ statusCode: 200, body: first.body });
});

test('another state has another ETag', async () => {
  const { server, api } = openFixture();
  const tagOf = async (): Promise<unknown> => (await server.fastify.inject('/status')).headers.etag;
  const before = await tagOf();
  api.arrive('hi');
  expect(await tagOf()).not.toBe(before);
});

test('a list of messages has no ETag, its cursor is one; and no refusal has one', async () => {
  const { server } = openFixture();
  for (const url of ['/messages', '/messages?after=0', '/messages/xyz', '/groups/nowhere']) {
    const { headers } = await server.fastify.inject(url);
    expect(headers).not.toHaveProperty('etag');
    expect(headers['cache-control']).toBe('no-store');
  }
});

test('HEAD has the headers of GET and no body', async () => {
  const { server, api } = openFixture();
  api.arrive('hi');
  for (const url of ['/messages', '/status', '/peers', '/', `/messages/${idOf(1)}`, '/healthz']) {
    const get = await server.fastify.inject(url);
    const head = await server.fastify.inject({ method: 'HEAD', url });
    expect([head.statusCode, head.body]).toEqual([200, '']);
    for (const name of ['content-type', 'content-length', 'etag'] as const) {
      expect(head.headers[name], `${name} of ${url}`).toBe(get.headers[name]);
    }
  }
});
