import { Agent, request as httpRequest } from 'node:http';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { MessageView } from '../../src/chat/view.ts';
import { listenHttp } from '../../src/http/listen.ts';
import { idOf } from '../support/fake-api.ts';
import { ask, listenFixture, openFixture, RawClient } from '../support/http.ts';

test('one connection carries many requests', async () => {
  const { port, server } = await listenFixture();
  let connections = 0;
  server.fastify.server.on('connection', () => connections++);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => {
    agent.destroy();
  });
  for (const path of ['/healthz', '/nowhere', '/messages', '/messages?limit=x', '/readyz']) {
    await ask(port, path, { agent });
  }
  expect(connections).toBe(1);
});

test('F55 an upload that is cut posts nothing', async () => {
  const { api, port, server } = await listenFixture();
  const head = 'POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n';
  const sent = [
    'Content-Length: 100\r\n\r\nonly a part',
    'Transfer-Encoding: chunked\r\n\r\n5\r\nonly \r\n',
    'Transfer-Encoding: chunked\r\n\r\nff\r\nonly',
  ];
  for (const rest of sent) {
    const client = new RawClient(port);
    client.socket.end(head + rest);
    await client.closed();
  }
  expect((await ask(port, '/healthz')).status).toBe(200);
  expect(api.drafts).toEqual([]);
  expect(server.counters()).not.toHaveProperty('internal');
});

test('a body that comes too slowly is refused with 408 and posts nothing', async () => {
  const { api, port, server } = await listenFixture({ times: { headersMs: 50, requestMs: 60 } });
  for (const head of [
    'POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nslow',
    'GET / HTTP/1.1\r\nHost: loc',
  ]) {
    const client = new RawClient(port);
    client.socket.write(head);
    const answer = await client.closed();
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"request-timeout"');
  }
  expect(api.drafts).toEqual([]);
  expect(server.counters()).toMatchObject({ 'request-timeout': 2 });
});

test('a header of 1 MiB is refused with 431', async () => {
  const { port, server } = await listenFixture();
  const client = new RawClient(port);
  client.socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(1 << 20)}\r\n\r\n`);
  expect(await client.closed()).toMatch(/^HTTP\/1\.1 431 /);
  expect(server.counters()).toEqual({ 'header-too-large': 1 });
});

test('F15 noise on the HTTP port gets a counted, logged refusal and harms nobody', async () => {
  let now = 0;
  const clock = { now: () => 0, monotonic: () => now };
  const { port, server, logged } = await listenFixture({ clock });
  const handshakes = [
    Buffer.from([0, 32, 8, 1, 255, 0, 13, 10, 13, 10]),
    Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'),
    Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
  ];
  for (const bytes of handshakes) {
    const client = new RawClient(port);
    client.socket.write(bytes);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 400 [^]*"code":"bad-request"/);
  }
  expect(server.counters()).toEqual({ 'bad-request': 3 });
  expect(logged).toHaveLength(1);
  now = 1e6;
  const late = new RawClient(port);
  late.socket.write('\0\0\0\0');
  await late.closed();
  expect(logged).toHaveLength(2);
  expect(logged[1]).toMatchObject({
    level: 'warn',
    fields: { code: 'bad-request', remote: '127.0.0.1', unlogged: 2 },
    message: 'a connection to the HTTP port was refused',
  });
  expect((await ask(port, '/healthz')).status).toBe(200);
});

test('F15 no bytes whatever stop the surface', async () => {
  const { port, server } = await listenFixture();
  const token = fc.constantFrom('GET / HTTP/1.1\r\n', 'Host: localhost\r\n', '\r\n', 'POST ', '\0');
  const piece = fc.oneof(
    token.map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const client = new RawClient(port);
      client.socket.end(Buffer.concat(pieces));
      await client.closed();
    }),
    { numRuns: 50 },
  );
  expect((await ask(port, '/healthz')).status).toBe(200);
  expect(server.counters()).not.toHaveProperty('internal');
});

test('a request in flight is finished before the surface closes, a later one is refused', async () => {
  const { api, port, server } = await listenFixture({ times: { closeMs: 60_000 } });
  let finish: (message: MessageView) => void = () => undefined;
  api.message = () => new Promise((resolve) => (finish = resolve));
  const client = new RawClient(port);
  const arrived = once(server.fastify.server, 'request');
  client.socket.write(`GET /messages/${idOf(1)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await arrived;
  const closed = server.close();
  await expect.poll(() => server.fastify.server.listening).toBe(false);
  finish(api.arrive('in time'));
  expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 [^]*in time/);
  await closed;
  await expect(ask(port, '/healthz')).rejects.toThrow('ECONNREFUSED');
});

test('F15 noise behind a request ends that connection alone', async () => {
  const { api, port, server } = await listenFixture();
  const client = new RawClient(port);
  client.socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => server.readers).toBe(1);
  client.socket.write('\0\0noise\r\n\r\n');
  await client.closed();
  await expect.poll(() => [server.readers, api.waits]).toEqual([0, 0]);
  expect((await ask(port, '/healthz')).status).toBe(200);
});

test('F49 closing does not wait for a request that never ends', async () => {
  const { port, server } = await listenFixture({ times: { closeMs: 30 } });
  const client = new RawClient(port);
  const connected = once(server.fastify.server, 'request');
  client.socket.write('POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhi');
  await connected;
  await server.close();
  expect(await client.closed()).toBe('');
});

test('what comes on an open connection while the surface closes is answered with 503', async () => {
  const { port, server } = await listenFixture();
  const client = new RawClient(port);
  const [get, head] = ['GET /healthz HTTP/1.1\r\n', 'Host: localhost\r\n\r\n'];
  const connected = once(server.fastify.server, 'connection');
  client.socket.write(get);
  await connected;
  await ask(port, '/healthz');
  const closed = server.close();
  client.socket.write(head);
  const answer = await client.closed();
  await closed;
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toContain('"code":"closing"');
  expect(answer).toMatch(/^retry-after: \d+\r$/im);
});

test('F49 an EventSource that comes back while the surface closes is cut off, since a refusal would end it for good', async () => {
  const { api, port, server } = await listenFixture();
  const slow = new RawClient(port);
  slow.socket.write('GET /events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => server.readers).toBe(1);
  slow.socket.pause();
  for (let i = 0; i < 200; i++) api.arrive('x'.repeat(60_000));
  await expect.poll(() => server.streams.paused).toBe(1);
  const closed = server.close();
  const again = new RawClient(port);
  const accept = 'Accept: text/event-stream\r\n';
  again.socket.write(`GET /events HTTP/1.1\r\nHost: localhost\r\n${accept}\r\n`);
  expect(await again.closed()).toBe('');
  const other = await ask(port, '/events');
  expect([other.status, other.body]).toEqual([503, expect.stringContaining('"closing"')]);
  slow.socket.resume();
  await closed;
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skychat-http-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('a Unix socket is for its owner alone, serves, and is gone after the close', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'http.sock');
  const { server } = openFixture();
  const mask = process.umask(0o022);
  expect(await listenHttp(server, `unix:${path}`)).toBe(`unix:${path}`);
  expect(process.umask(mask)).toBe(0o022);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const outgoing = httpRequest({
    socketPath: path,
    path: '/healthz',
    headers: { host: 'localhost' },
  });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [{ statusCode: number; resume(): void }];
  incoming.resume();
  expect(incoming.statusCode).toBe(200);
  await server.close();
  expect(await readdir(folder)).toEqual([]);
});

test('a Unix socket that a killed process left is replaced, one that is in use is not', async () => {
  const path = join(await temporaryFolder(), 'http.sock');
  const { server } = openFixture();
  await listenHttp(server, `unix:${path}`);
  await expect(listenHttp(openFixture().server, `unix:${path}`)).rejects.toMatchObject({
    code: 'port-busy',
  });
  await server.close();
  await leaveSocket(path);
  expect((await stat(path)).isSocket()).toBe(true);
  await listenHttp(openFixture().server, `unix:${path}`);
});

/** Closing unlinks the path that was bound, so a renamed socket stays, and nobody answers on it. */
async function leaveSocket(path: string): Promise<void> {
  const { rename } = await import('node:fs/promises');
  const server = createServer();
  server.listen(`${path}.old`);
  await once(server, 'listening');
  await rename(`${path}.old`, path);
  server.close();
  await once(server, 'close');
}

test('a file that is no socket is left as it is', async () => {
  const path = join(await temporaryFolder(), 'http.sock');
  await writeFile(path, 'precious');
  await expect(listenHttp(openFixture().server, `unix:${path}`)).rejects.toMatchObject({
    code: 'port-busy',
  });
  expect((await stat(path)).size).toBe(8);
});

test('a busy port is said to be busy, a wrong address to be wrong', async () => {
  const { port } = await listenFixture();
  const codeOf = (address: string): Promise<unknown> =>
    listenHttp(openFixture().server, address).then(
      () => 'listens',
      (error: unknown) => (error as { code: string }).code,
    );
  expect(await codeOf(`127.0.0.1:${port}`)).toBe('port-busy');
  for (const address of ['nonsense', '127.0.0.1', '127.0.0.1:99999', `unix:${'x'.repeat(300)}`]) {
    expect(await codeOf(address), address).toBe('bad-config');
  }
});

test('a busy port can be tried again once it is free', async () => {
  const first = await listenFixture();
  const { server } = openFixture();
  const address = `127.0.0.1:${first.port}`;
  await expect(listenHttp(server, address)).rejects.toMatchObject({ code: 'port-busy' });
  await first.server.close();
  expect(await listenHttp(server, address)).toBe(`http://${address}`);
  expect((await ask(first.port, '/healthz')).status).toBe(200);
});

test('IPv6 loopback is served under its bracketed address', async () => {
  const { server } = openFixture();
  const url = await listenHttp(server, '[::1]:0');
  expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});
