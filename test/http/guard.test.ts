import { expect, test } from 'vitest';
import { ask, listenFixture, openFixture, RawClient, type Fixture } from '../support/http.ts';

async function codeOf(
  { server }: Fixture,
  headers: Record<string, string>,
  url = '/healthz',
): Promise<unknown> {
  const answer = await server.fastify.inject({ url, headers });
  return answer.statusCode === 200 ? 'passed' : answer.json<{ code: string }>().code;
}

test.each([
  'localhost',
  'localhost:8001',
  'LocalHost:9',
  '127.0.0.1:8001',
  '127.255.3.4',
  '[::1]:8001',
  '[::1]',
  'chat.example:8001',
  'CHAT.example',
])('the Host %s is this surface', async (host) => {
  expect(await codeOf(openFixture({ allowHosts: ['Chat.Example'] }), { host })).toBe('passed');
});

test.each([
  'evil.example',
  'evil.example:8001',
  'localhost.evil.example',
  'evil-localhost',
  '127.0.0.1.evil.example',
  '127.0.0.256',
  '127.1',
  '128.0.0.1',
  '0.0.0.0:8001',
  '[::2]:8001',
  '[::ffff:1.2.3.4]',
  'localhost:8001:8001',
  'localhost:',
  'localhost:x',
  'user@localhost',
  'localhost/evil',
  'localhost, evil.example',
  'evil.example#localhost',
])('F54 the Host %j is refused', async (host) => {
  const fixture = openFixture();
  expect(await codeOf(fixture, { host })).toBe('forbidden-host');
  expect(fixture.server.counters()).toEqual({ 'forbidden-host': 1 });
});

test('F54 every route is guarded, those that do not exist among them', async () => {
  const fixture = openFixture({ token: 'secret' });
  const open = ['/', '/healthz', '/readyz', '/openapi.json', '/v1/healthz'];
  const closed = ['/status', '/messages', '/events', '/nowhere', '/%zz', '/v1/messages', '/hooks'];
  for (const url of [...open, ...closed, `/messages/${'x'.repeat(300)}`]) {
    expect(await codeOf(fixture, { host: 'evil.example' }, url), url).toBe('forbidden-host');
    const expected = open.includes(url) ? 'passed' : 'unauthorized';
    expect(await codeOf(fixture, { host: 'localhost' }, url), url).toBe(expected);
  }
});

test('F54 a page of another origin can neither read nor post', async () => {
  const fixture = openFixture();
  for (const origin of [
    'null',
    'http://evil.example',
    'http://evil.example:8001',
    'http://localhost:3000',
    'http://localhost',
    'https://localhost:8001',
    'file://',
    'http://localhost:8001/path',
    'http://localhost:8001@evil.example',
    '',
  ]) {
    const headers = { host: 'localhost:8001', origin };
    expect(await codeOf(fixture, headers), origin).toBe('forbidden-origin');
    const post = await fixture.server.fastify.inject({
      method: 'POST',
      url: '/messages',
      headers: { ...headers, 'content-type': 'text/plain' },
      payload: 'posted by a form',
    });
    expect(post.statusCode).toBe(403);
  }
  expect(fixture.api.stored).toEqual([]);
});

test.each<[Record<string, string>, string]>([
  [{ 'sec-fetch-site': 'cross-site' }, 'forbidden-origin'],
  [{ 'sec-fetch-site': 'same-site' }, 'forbidden-origin'],
  [{ 'sec-fetch-site': 'anything' }, 'forbidden-origin'],
  [{ 'sec-fetch-site': 'cross-site', origin: 'http://localhost:8001' }, 'forbidden-origin'],
  [{ 'sec-fetch-site': 'same-site', origin: 'http://localhost:8001' }, 'passed'],
  [{ 'sec-fetch-site': 'same-origin', origin: 'http://localhost:8001' }, 'passed'],
  [{ 'sec-fetch-site': 'same-origin' }, 'passed'],
  [{ 'sec-fetch-site': 'none' }, 'passed'],
  [{ origin: 'http://LOCALHOST:8001' }, 'passed'],
])('F54 with %j a request is %s', async (headers, outcome) => {
  const fixture = openFixture();
  expect(await codeOf(fixture, { host: 'localhost:8001', ...headers })).toBe(outcome);
});

test('a proxy that was named may put TLS before the surface, a loopback name may not', async () => {
  const fixture = openFixture({ allowHosts: ['chat.example'] });
  const of = (host: string) => ({ host, origin: `https://${host}` });
  expect(await codeOf(fixture, of('chat.example'))).toBe('passed');
  expect(await codeOf(fixture, of('localhost'))).toBe('forbidden-origin');
});

test('no answer allows another origin to read it', async () => {
  const { server } = openFixture();
  const headers = { host: 'localhost', origin: 'http://localhost' };
  for (const method of ['GET', 'OPTIONS', 'POST'] as const) {
    const answer = await server.fastify.inject({ method, url: '/messages', headers });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-'))).toEqual([]);
  }
});

test('with a token, only a request that bears it passes', async () => {
  const fixture = openFixture({ token: new TextEncoder().encode('s3cret') });
  const host = 'localhost';
  for (const authorization of ['Bearer s3cret', 'bearer  s3cret ']) {
    expect(await codeOf(fixture, { host, authorization }, '/messages')).toBe('passed');
  }
  for (const authorization of ['', 'Bearer', 'Bearer ', 'Bearer s3cre', 'Basic s3cret', 's3cret']) {
    expect(await codeOf(fixture, { host, authorization }, '/messages'), authorization).toBe(
      'unauthorized',
    );
  }
  const answer = await fixture.server.fastify.inject('/messages');
  expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
});

test('F54 two Hosts, no Host, an empty one and an absolute target are refused', async () => {
  const { port } = await listenFixture();
  const requests = [
    'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n',
    'GET /healthz HTTP/1.1\r\nHost: localhost\r\nhOST: localhost\r\n',
    'GET /healthz HTTP/1.1\r\n',
    'GET /healthz HTTP/1.1\r\nHost:\r\n',
    'GET /healthz HTTP/1.0\r\n',
    'GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n',
  ];
  for (const request of requests) {
    const client = new RawClient(port);
    client.socket.write(`${request}Connection: close\r\n\r\n`);
    const answer = await client.closed();
    expect(answer.split('\r\n')[0], request).toBe('HTTP/1.1 403 Forbidden');
    expect(answer).toContain('forbidden-host');
  }
});

test('the address that the connection came to is a Host, and an Origin at its port', async () => {
  const { port } = await listenFixture();
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await ask(port, '/healthz', { headers })).status;
  expect(await status({ origin: `http://127.0.0.1:${port}` })).toBe(200);
  expect(await status({ origin: `http://localhost:${port}` })).toBe(200);
  expect(await status({ origin: `http://127.0.0.1:${port + 1}` })).toBe(403);
  expect(await status({ host: '127.0.0.1:1', origin: 'http://127.0.0.1:1' })).toBe(200);
});
