import { expect, test } from 'vitest';
import { SkychatError, type ErrorCode } from '../../src/errors.ts';
import { problemKinds, retryAfterSeconds, type ProblemCode } from '../../src/http/problems.ts';
import { idOf, lobby } from '../support/fake-api.ts';
import { listenFixture, openFixture, RawClient, type Fixture } from '../support/http.ts';

interface Request {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PATCH';
  readonly url?: string;
  readonly payload?: string | Buffer;
  readonly headers?: Record<string, string>;
  readonly failure?: unknown;
}

const text = { 'content-type': 'text/plain' };
const post = { method: 'POST', url: '/messages', headers: text } as const;
const fail = (code: ErrorCode): Request => ({ failure: new SkychatError(code, 'because') });

/** A request for each code that a request can be answered with; raw bytes where it takes them. */
const causes: Record<
  ProblemCode,
  Request | 'over a socket' | 'in events.test' | 'in sockets.test'
> = {
  'bad-request': { url: '/messages/%zz' },
  'bad-json': { ...post, headers: { 'content-type': 'application/json' }, payload: '{' },
  'bad-field': { url: '/messages?limit=x' },
  'bad-text': { ...post, payload: Buffer.from([0xff]) },
  'bad-cursor': { url: '/messages?after=77' },
  'bad-id': { url: '/messages/12' },
  'bad-peer-address': { method: 'POST', url: '/peers', headers: text, payload: 'nonsense' },
  'text-too-large': { ...post, payload: 'x'.repeat(70_000) },
  'header-too-large': 'over a socket',
  'request-timeout': 'over a socket',
  'empty-text': { ...post, payload: '' },
  'unsupported-media-type': { ...post, headers: { 'content-type': 'a/b' }, payload: 'x' },
  'bad-bundle': { method: 'POST', url: '/bundle', headers: text, payload: '{"bundle":"?"}' },
  'unknown-route': { url: '/nowhere' },
  'method-not-allowed': { method: 'PATCH' },
  'unknown-group': { url: '/messages?group=nobody&after=0' },
  'unknown-message': { url: `/messages/${idOf(9)}` },
  'unknown-peer': { method: 'DELETE', url: `/peers/${idOf(9)}` },
  'not-a-member': fail('not-a-member'),
  'not-an-admin': fail('not-an-admin'),
  'founder-stays': fail('founder-stays'),
  'senior-admin': fail('senior-admin'),
  'not-the-author': fail('not-the-author'),
  'unknown-member': fail('unknown-member'),
  'unknown-invite': fail('unknown-invite'),
  'unknown-token': { method: 'DELETE', url: '/tokens/0123456789abcdef' },
  'unknown-hook': { method: 'POST', url: '/hooks/nothing', headers: text, payload: 'x' },
  'already-member': fail('already-member'),
  'group-left': fail('group-left'),
  'no-key': fail('no-key'),
  deleted: fail('deleted'),
  'invite-altered': fail('invite-altered'),
  'invite-expired': fail('invite-expired'),
  'invite-used': fail('invite-used'),
  'invite-revoked': fail('invite-revoked'),
  unauthorized: { headers: { authorization: 'none' } },
  'not-permitted': { headers: { authorization: 'Bearer limited' }, url: '/status' },
  'forbidden-host': { headers: { host: 'evil.example' } },
  'forbidden-origin': { headers: { origin: 'null' } },
  'idempotency-mismatch': fail('idempotency-mismatch'),
  'too-many-requests': 'in events.test',
  'not-ready': fail('not-ready'),
  'own-feed-unknown': fail('own-feed-unknown'),
  closing: 'in sockets.test',
  'disk-full': fail('disk-full'),
  'store-failed': fail('store-failed'),
  'store-damaged': fail('store-damaged'),
  internal: { failure: new Error('a secret of the inside') },
};

async function send(fixture: Fixture, cause: Request) {
  const bot = { id: '0123456789abcdef', name: 'a bot' };
  fixture.programs.callers.set('limited', { scope: 'read', within: [lobby], bot });
  const { failure, headers, ...request } = cause;
  fixture.api.failure = failure;
  fixture.api.arrive('so that a filter is looked at');
  return fixture.server.fastify.inject({ url: '/messages', headers: headers ?? {}, ...request });
}

const injected = Object.entries(causes).filter(
  (entry): entry is [ProblemCode, Request] => typeof entry[1] === 'object',
);

test.each(injected)('%s has its status, title and hint, and is counted', async (code, cause) => {
  const fixture = openFixture(code === 'unauthorized' ? { token: 't' } : {}, 'any code');
  const answer = await send(fixture, cause);
  const { status, title, hint } = problemKinds[code];
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const problem = answer.json<Record<string, unknown>>();
  expect(problem).toMatchObject({ status, title, code, hint });
  expect(problem['type']).toBe(`urn:skychat-node:problem:${code}`);
  expect(problem['detail']).toEqual(expect.any(String));
  expect(answer.headers['retry-after']).toBe(retryAfterSeconds(code)?.toString());
  expect(fixture.server.counters()).toEqual({ [code]: 1 });
});

test('every 429 and 503 says when to come back', () => {
  for (const code of Object.keys(problemKinds) as ProblemCode[]) {
    const busy = [429, 503].includes(problemKinds[code].status);
    expect(retryAfterSeconds(code) !== undefined, code).toBe(busy);
  }
});

test('the codes that only bytes on a socket cause are answered as problems', async () => {
  const { port, server } = await listenFixture({ times: { headersMs: 50, requestMs: 60 } });
  const long = new RawClient(port);
  long.socket.write(`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
  const slow = new RawClient(port);
  slow.socket.write('GET / HT');
  for (const [client, code] of [
    [long, 'header-too-large'],
    [slow, 'request-timeout'],
  ] as const) {
    const [head = '', body = ''] = (await client.closed()).split('\r\n\r\n');
    const { status, title, hint } = problemKinds[code];
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head).toContain('application/problem+json');
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
    expect(JSON.parse(body)).toMatchObject({ status, title, code, hint });
  }
  expect(server.counters()).toEqual({ 'header-too-large': 1, 'request-timeout': 1 });
});

test('a fault of the node tells the log what happened, and the caller nothing', async () => {
  const fixture = openFixture();
  const answer = await send(fixture, { failure: new Error('/home/op/secret') });
  expect(answer.body).not.toContain('secret');
  expect(fixture.logged).toMatchObject([
    { level: 'error', fields: { route: '/messages', code: 'internal' } },
  ]);
  expect(JSON.stringify(fixture.logged)).toContain('/home/op/secret');
});

test('a code that no request can have is a fault of the node', async () => {
  const answer = await send(openFixture(), fail('key-file-exposed'));
  expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([500, 'internal']);
});

test('a hint that came with the failure goes before the one of the table', async () => {
  const failure = new SkychatError('not-ready', 'why', { hint: 'do this' });
  const answer = await send(openFixture({}, 'any code'), { failure });
  expect(answer.json()).toMatchObject({ detail: 'why', hint: 'do this' });
});

test.each<[Request['method'], string]>([
  ['GET', '/nowhere'],
  ['GET', '/v2/messages'],
  ['POST', '/v1/messages/x/y/z'],
])('%s %s is an unknown route, whatever its body', async (method, url) => {
  for (const type of ['application/json', 'image/png', 'text/plain']) {
    const headers = { 'content-type': type };
    const request = { url, headers, payload: '{', ...(method && { method }) };
    const answer = await openFixture().server.fastify.inject(request);
    expect(answer.json()).toMatchObject({ code: 'unknown-route', status: 404 });
  }
});

test.each(['/messages/xyz', `/messages/${'x'.repeat(255)}`, `/messages/${'x'.repeat(2000)}`])(
  '%s is refused as no id',
  async (url) => {
    const answer = await openFixture().server.fastify.inject(url);
    expect(answer.json()).toMatchObject({ code: 'bad-id' });
  },
);
