import { expect, test } from 'vitest';
import { bob, lobby, alice } from '../support/fake-api.ts';
import { openFixture, type Fixture } from '../support/http.ts';

type Method = 'GET' | 'PUT' | 'DELETE';

async function ask({ server }: Fixture, method: Method, url: string, payload?: unknown) {
  const body = payload === undefined ? {} : { payload: payload as object };
  const answer = await server.fastify.inject({ method, url, ...body });
  const json = answer.body === '' ? {} : answer.json<Record<string, unknown>>();
  return { status: answer.statusCode, json };
}

test('a group is read up to a cursor, back only where that is said, and all of it without a word', async () => {
  const fixture = openFixture();
  for (let i = 1; i <= 3; i++) fixture.api.arrive(`text ${i}`);
  const mark = async (body?: unknown) =>
    (await ask(fixture, 'PUT', '/groups/lobby/read', body)).json;
  expect(await mark({ cursor: '2' })).toEqual({
    ...{ group: lobby, cursor: '2', unread: 1, mentions: 0 },
  });
  expect(await mark({ cursor: '1' })).toMatchObject({ cursor: '2' });
  expect(await mark({ cursor: '1', back: true })).toMatchObject({ cursor: '1', unread: 2 });
  expect(await mark({ cursor: 'now' })).toMatchObject({ cursor: '3', unread: 0 });
  await mark({ cursor: '0', back: true });
  expect(await mark()).toMatchObject({ cursor: '3', unread: 0 });
});

test.each<[string, unknown, number, string]>([
  ['/groups/nowhere/read', { cursor: 'now' }, 404, 'unknown-group'],
  ['/groups/lobby/read', { cursor: '99' }, 400, 'bad-cursor'],
  ['/groups/lobby/read', { cursor: 3 }, 400, 'bad-field'],
  ['/groups/lobby/read', { back: true }, 400, 'bad-field'],
  ['/groups/lobby/read', { cursor: '1', back: 'yes' }, 400, 'bad-field'],
  ['/groups/lobby/read?x=1', { cursor: '1' }, 400, 'bad-field'],
  ['/members/xyz/block', undefined, 400, 'bad-id'],
  [`/members/${alice}/block`, undefined, 400, 'bad-field'],
  [`/members/${bob}/block`, { why: 'x' }, 400, 'bad-field'],
])('PUT %s %j is refused with what is wrong', async (url, body, status, code) => {
  const fixture = openFixture();
  fixture.api.arrive('x');
  expect(await ask(fixture, 'PUT', url, body)).toMatchObject({ status, json: { code } });
  expect([fixture.api.read, fixture.api.blocks().length]).toEqual([0, 0]);
});

test('keys are blocked, listed and unblocked, each as often as one likes', async () => {
  const fixture = openFixture();
  const url = `/members/${bob.toUpperCase()}/block`;
  for (let i = 0; i < 2; i++) {
    expect(await ask(fixture, 'PUT', url)).toMatchObject({ status: 200, json: { pk: bob } });
  }
  const { json } = await ask(fixture, 'GET', '/blocks');
  expect(json).toEqual({ blocked: [{ pk: bob, name: null, since: expect.any(String) as string }] });
  for (let i = 0; i < 2; i++) expect((await ask(fixture, 'DELETE', url)).status).toBe(204);
  expect((await ask(fixture, 'GET', '/blocks')).json).toEqual({ blocked: [] });
});
