// /openapi.json: that it is one, that it says all, and that what it says happens.
import { Validator } from '@seriousme/openapi-schema-validator';
import Fastify, { type InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { silentLogger, systemClock, systemRandom, systemTimers } from '../../src/env.ts';
import {
  exampleGroup,
  exampleInvite,
  exampleMessage,
  examplePeer,
  examplePeerKey,
} from '../../src/http/examples.ts';
import { buildOpenApi } from '../../src/http/openapi.ts';
import { problemsOf, requireOperations, type Operation } from '../../src/http/operation.ts';
import { problemKinds } from '../../src/http/problems.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { alice, FakeApi } from '../support/fake-api.ts';
import { FakeCarrying } from '../support/fake-carrying.ts';
import { FakePrograms } from '../support/fake-programs.ts';
import { newGroup } from '../support/fake-groups.ts';
import { noMetrics, openFixture, type Fixture } from '../support/http.ts';
import { wrongAnswer } from '../support/http-contract.ts';

async function readDocument(): Promise<Record<string, unknown>> {
  const answer = await openFixture().server.fastify.inject('/openapi.json');
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  return answer.json<Record<string, unknown>>();
}

/** What fastify serves, each with what it says of itself. */
async function walk(): Promise<{ method: string; url: string; operation: Operation }[]> {
  const server = createHttpServer(new FakeApi(), {
    ...{ allowHosts: [], logger: silentLogger, clock: systemClock, timers: systemTimers },
    ...{ random: systemRandom, writeRate: 0, carrying: new FakeCarrying() },
    ...{ programs: new FakePrograms(), metrics: noMetrics },
  });
  const found: { method: string; url: string; operation: Operation }[] = [];
  server.fastify.addHook('onRoute', ({ method, url, config }) => {
    if (config?.operation === undefined) throw new Error(`${url} is undeclared`);
    found.push({ method: String(method), url, operation: config.operation });
  });
  await server.fastify.ready();
  await server.close();
  return found;
}

const served = await walk();
const operations = served
  .filter(({ method, url }) => method !== 'HEAD' && !/^\/v1(?:\/|$)/.test(url))
  .map(({ operation }) => operation);
const titled = operations.map((one) => [`${one.method} ${one.url}`, one] as const);

test('the document is OpenAPI 3.1 by the rules of OpenAPI', async () => {
  const document = await readDocument();
  expect(document['openapi']).toBe('3.1.0');
  const verdict = await new Validator().validate(document);
  expect(verdict).toMatchObject({ valid: true });
});

test('the document has every route that is served, each once, and no other', async () => {
  const { paths } = (await readDocument()) as { paths: Record<string, object> };
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const own = titled.map(([title]) => title.replaceAll(/:(\w+)/g, '{$1}'));
  expect(documented.sort()).toEqual(own.sort());
  expect(new Set(own).size).toBe(own.length);
  for (const { method, url, operation } of served) {
    expect([operation.method, 'HEAD']).toContain(method);
    expect([operation.url, `/v1${operation.url}`.replace(/\/$/, ''), '/v1/']).toContain(url);
  }
});

test.each(titled)('%s says who may call it, what it answers and how it refuses', (_, one) => {
  expect(one.summary).toMatch(/^[A-Z"].*[^.]$/);
  expect(['none', 'read', 'post', 'admin']).toContain(one.scope);
  // The secret in the path of a hook is what opens it.
  const opensByPath = one.url === '/hooks/:id' && one.scope === 'none';
  if (one.method !== 'GET' && !opensByPath) expect(['read', 'post', 'admin']).toContain(one.scope);
  expect(Object.keys(one.answers).length).toBeGreaterThan(0);
  const named = [...one.url.matchAll(/:(\w+)/g)].map(([, name]) => name);
  expect(Object.keys(one.path ?? {}).sort()).toEqual(named.sort());
  for (const code of problemsOf(one)) expect(problemKinds).toHaveProperty(code);
  for (const table of [one.path, one.query, one.headers]) {
    for (const read of Object.values(table ?? {})) expect(read.schema).toHaveProperty('type');
  }
  expect(Object.keys(one.example.path ?? {}).sort()).toEqual(named.sort());
});

/** What the examples name is there. */
function arrange({ api, programs }: Fixture, { method, url, example }: Operation): void {
  const { id = '' } = example.path ?? {};
  programs.put(/^[0-9a-f]{16}$/.test(id) ? id : '0f1e2d3c4b5a6978', exampleGroup);
  api.arrive(exampleMessage.text, { id: exampleMessage.id, reactions: exampleMessage.reactions });
  if (url.endsWith('/replies')) api.arrive('yes', { reply_to: exampleMessage.id });
  api.known.set(examplePeerKey, examplePeer);
  const group = api.rosters.put(newGroup({ id: exampleGroup, name: 'ops', encrypted: true }));
  group.members.set(alice, { role: 'founder', history: true });
  const isComing = method === 'POST' && url === '/groups/:id/members/:pk';
  if (!isComing) group.members.set(examplePeerKey, { role: 'admin', history: true });
  const terms = { id: exampleInvite, expires: null, uses: null, history: false };
  group.invites.set(exampleInvite, { ...terms, by: alice, used: 0, state: 'open' });
  const other = newGroup({ id: '0b'.repeat(32), name: 'other', encrypted: true });
  api.rosters.links.set('skychat://AGDVQX5FMRVW', other);
}

function requestOf({ method, url, example }: Operation): InjectOptions {
  const { path = {}, query = {}, headers = {}, body } = example;
  const target = url.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(path[name] ?? ''),
  );
  return {
    // A stream stays open; its head says all that the document says of it.
    ...{ method: ['/events', '/sse'].includes(url) ? 'HEAD' : method, url: target, query, headers },
    ...(body !== undefined && { payload: body as object }),
  };
}

test.each(titled)('the example of %s works as it is written', async (_, one) => {
  const fixture = openFixture();
  arrange(fixture, one);
  const answer = await fixture.server.fastify.inject(requestOf(one));
  const [status, declared] = Object.entries(one.answers)[0] ?? [];
  expect([answer.statusCode, answer.body]).toEqual([Number(status), expect.anything()]);
  const isJson = declared?.content['application/json'] !== undefined;
  if (isJson && one.url !== '/openapi.json') {
    expect(one.example.answer).toBeDefined();
    expect(wrongAnswer(one, answer.statusCode, one.example.answer)).toBeUndefined();
  }
});

test('a route that says nothing of itself does not start', () => {
  const fastify = Fastify();
  requireOperations(fastify);
  expect(() => fastify.get('/secret', () => 'x')).toThrow('GET /secret is undeclared');
});

test('two shapes of one name are a fault of whoever wrote them', () => {
  const shape = (type: string) => ({
    ...{ method: 'GET', url: `/${type}`, summary: 'x', tag: 'x', scope: 'read' },
    ...{ problems: [], example: {} },
    answers: { 200: { description: 'x', content: { 'application/json': { title: 'One', type } } } },
  });
  const pair = [shape('string'), shape('integer')] as unknown as Operation[];
  expect(() => buildOpenApi(pair)).toThrow('One is two shapes');
});

test('what an answer to a post says in its headers is declared', async () => {
  const { paths } = (await readDocument()) as {
    paths: Record<string, { post: { responses: Record<string, { headers?: object }> } }>;
  };
  for (const status of ['201', '202']) {
    expect(paths['/messages']?.post.responses[status]?.headers).toMatchObject({
      Location: { schema: { type: 'string' } },
      'Idempotency-Replayed': { schema: { type: 'string', enum: ['true'] } },
    });
  }
});
