import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findWebFiles } from '../../src/http/web-files.ts';
import { buildWeb } from '../../tools/build-web.ts';
import { exampleWeb, openFixture } from '../support/http.ts';

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('a browser is given the page, and whoever asks for anything the lines for curl', async () => {
  const { fastify } = openFixture().server;
  const page = await fastify.inject({ url: '/', headers: html });
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.body).toContain('the page');
  for (const accept of ['*/*', 'text/plain', '']) {
    const sheet = await fastify.inject({ url: '/', headers: { accept } });
    expect(sheet.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(sheet.body).toContain('curl -d');
    expect(sheet.headers['vary']).toBe('Accept, Accept-Encoding');
  }
});

test('a node without a built page gives everybody the lines for curl', async () => {
  const { fastify } = openFixture({ web: undefined }).server;
  expect((await fastify.inject({ url: '/', headers: html })).body).toContain('curl -d');
  expect((await fastify.inject('/web/main-EXAMPLE.js')).statusCode).toBe(404);
});

test('the page runs nothing and asks for nothing but what this surface serves', async () => {
  const { fastify } = openFixture().server;
  for (const url of ['/', '/web/main-EXAMPLE.js']) {
    const answer = await fastify.inject({ url, headers: html });
    const rules = String(answer.headers['content-security-policy']).split('; ');
    expect(rules).toContain("default-src 'none'");
    expect(rules).toContain("frame-ancestors 'none'");
    expect(rules).toContain("require-trusted-types-for 'script'");
    const sources = rules.filter((rule) => /-src /.test(rule)).map((rule) => rule.split(' ')[1]);
    expect(new Set(sources)).toEqual(new Set(["'none'", "'self'"]));
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  }
});

test('a part keeps for ever under its name, the page itself is asked for again each time', async () => {
  const { fastify } = openFixture().server;
  const part = await fastify.inject('/web/main-EXAMPLE.js');
  expect(part.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  const page = await fastify.inject({ url: '/', headers: html });
  expect(page.headers['cache-control']).toBe('no-cache');
  const known = { ...html, 'if-none-match': `"x", ${exampleWeb.index.etag}` };
  const again = await fastify.inject({ url: '/', headers: known });
  expect([again.statusCode, again.body]).toEqual([304, '']);
});

test('whoever reads gzip is sent it, nobody else is', async () => {
  const { fastify } = openFixture().server;
  const url = '/web/main-EXAMPLE.js';
  const packed = await fastify.inject({ url, headers: { 'accept-encoding': 'br, gzip' } });
  expect(packed.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(packed.rawPayload).toString()).toBe('start()');
  const plain = await fastify.inject(url);
  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(plain.body).toBe('start()');
});

test('the page needs no token, what it asks for does', async () => {
  const { fastify } = openFixture({ token: 'secret' }).server;
  expect((await fastify.inject({ url: '/', headers: html })).statusCode).toBe(200);
  expect((await fastify.inject('/web/main-EXAMPLE.js')).statusCode).toBe(200);
  for (const url of ['/status', '/messages', '/events', '/web/a/b']) {
    expect((await fastify.inject(url)).statusCode, url).toBe(401);
  }
  for (const url of ['/web/', '/web/..%2fstatus']) {
    expect((await fastify.inject(url)).statusCode, url).toBe(404);
  }
  const rebound = await fastify.inject({ url: '/', headers: { ...html, host: 'evil.example' } });
  expect(rebound.statusCode).toBe(403);
  const post = await fastify.inject({ method: 'POST', url: '/', payload: 'x' });
  expect(post.statusCode).toBe(401);
});

test.each(['../package.json', '..%2findex.html', 'index.html', 'main-EXAMPLE.js.gz', 'none.js'])(
  'nothing is served as %s',
  async (name) => {
    const answer = await openFixture().server.fastify.inject(`/web/${name}`);
    expect(answer.statusCode).toBe(404);
  },
);

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skychat-web-'));
  await buildWeb(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('the built page has fewer than 50,000 bytes as they are sent', () => {
  const files = findWebFiles([folder]);
  const sizes = [files?.index, ...(files?.parts.values() ?? [])].map(
    (file) => file?.gzip.length ?? Infinity,
  );
  expect(sizes).toHaveLength(5);
  const sum = sizes.reduce((total, size) => total + size, 0);
  process.stderr.write(`the page: ${sum} bytes in ${sizes.length} files, compressed\n`);
  expect(sum).toBeLessThan(50_000);
});

test('the built page names only parts that are there, and has no script or style of its own', () => {
  const files = findWebFiles([folder]);
  const text = Buffer.from(files?.index.bytes ?? []).toString();
  const named = [...text.matchAll(/"\/web\/([^"]+)"/g)].map(([, name]) => name);
  expect(named.sort()).toEqual([...(files?.parts.keys() ?? [])].sort());
  expect(text).not.toMatch(/<style|style=|<script(?! type="module" src=)|\son\w+=/i);
  expect(readdirSync(folder).filter((name) => name.endsWith('.gz'))).toHaveLength(5);
});
