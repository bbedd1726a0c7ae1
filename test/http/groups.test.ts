// Making, changing, joining and leaving groups, by injection over the double of the node.
import { expect, test } from 'vitest';
import type { GroupView, NewInviteView } from '../../src/chat/view.ts';
import { alice, bob, idOf, lobby } from '../support/fake-api.ts';
import { newGroup, waitingToJoin } from '../support/fake-groups.ts';
import { openFixture, type Fixture } from '../support/http.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

async function ask({ server }: Fixture, method: Method, url: string, body?: unknown) {
  const isBare = typeof body === 'string';
  const type = isBare ? 'application/x-www-form-urlencoded' : 'application/json';
  const answer = await server.fastify.inject({
    ...{ method, url },
    ...(body !== undefined && {
      headers: { 'content-type': type },
      payload: isBare ? body : JSON.stringify(body),
    }),
  });
  return {
    status: answer.statusCode,
    location: answer.headers.location,
    body: answer.json<Record<string, unknown>>(),
  };
}

const carol = 'cc'.repeat(32);
const dave = 'dd'.repeat(32);

async function openTeam(): Promise<Fixture & { readonly id: string }> {
  const fixture = openFixture();
  const { id } = await fixture.api.createGroup({ name: 'ops', encrypted: true, members: [bob] });
  return { ...fixture, id };
}

test('a new group is answered with 201, its Location and the group', async () => {
  const fixture = openFixture();
  const body = { name: 'café', encrypted: true, members: [bob.toUpperCase(), bob, carol] };
  const answer = await ask(fixture, 'POST', '/groups', body);
  expect(answer).toMatchObject({
    status: 201,
    body: { name: 'café', encrypted: true, members: 3 },
  });
  expect(answer.body).toMatchObject({ role: 'founder', state: 'active', kind: 'group' });
  expect(answer.location).toBe(`/groups/${String(answer.body['id'])}`);
  const { body: list } = await ask(fixture, 'GET', '/groups');
  expect(list['groups']).toContainEqual(answer.body);
});

test('a group is plain and its founder alone where nothing else is said; curl names no JSON', async () => {
  const fixture = openFixture();
  expect((await ask(fixture, 'POST', '/groups', '{"name":"ops"}')).body).toMatchObject({
    ...{ name: 'ops', encrypted: false, members: 1 },
  });
});

test('name and topic change alone or together', async () => {
  const team = await openTeam();
  const named = await ask(team, 'PATCH', '/groups/ops', { name: 'operations' });
  expect(named).toMatchObject({ status: 200, body: { id: team.id, name: 'operations' } });
  await ask(team, 'PATCH', `/groups/${team.id}`, { topic: 'who is on call' });
  const both = { name: 'x', topic: '' };
  expect((await ask(team, 'PATCH', `/groups/${team.id}`, both)).body).toMatchObject(both);
});

test('members come, become admins, are admins no more, and go', async () => {
  const team = await openTeam();
  const url = `/groups/${team.id}`;
  const roles = async (): Promise<unknown> => {
    const { body } = await ask(team, 'GET', `${url}/members`);
    return (body['members'] as { pk: string; role: string }[]).map(({ pk, role }) => [pk, role]);
  };
  const steps: [Method, string, unknown][] = [
    ['POST', `${url}/members/${carol.toUpperCase()}`, undefined],
    ['POST', `${url}/members/${dave}`, { history: true }],
    ['PUT', `${url}/admins/${carol}`, undefined],
    ['DELETE', `${url}/members/${dave}`, undefined],
  ];
  for (const [method, path, body] of steps) {
    expect(await ask(team, method, path, body)).toMatchObject({
      status: 200,
      body: { id: team.id },
    });
  }
  expect(await roles()).toEqual([
    [alice, 'founder'],
    [bob, 'member'],
    [carol, 'admin'],
  ]);
  await ask(team, 'DELETE', `${url}/admins/${carol}`);
  expect(await roles()).toContainEqual([carol, 'member']);
});

test('whether a new member is given the history is what the request says, and no where it is silent', async () => {
  const team = await openTeam();
  const told: unknown[] = [];
  team.api.addMember = (group, _, { history }) => {
    told.push(history);
    return team.api.group(group);
  };
  for (const body of [undefined, {}, { history: false }, { history: true }]) {
    await ask(team, 'POST', `/groups/ops/members/${carol}`, body);
  }
  expect(told).toEqual([false, false, false, true]);
});

test('leaving shows the group as left', async () => {
  const team = await openTeam();
  expect(await ask(team, 'POST', '/groups/ops/leave')).toMatchObject({
    ...{ status: 200, body: { id: team.id, state: 'left' } },
  });
  expect(await ask(team, 'POST', '/groups/ops/leave')).toMatchObject({
    body: { code: 'group-left' },
  });
});

test.each<[unknown, { age_s: number | null; bytes: number | null }]>([
  [{ age: '30d' }, { age_s: 30 * 86_400, bytes: null }],
  [
    { age: 90, bytes: 1_000_000 },
    { age_s: 90, bytes: 1_000_000 },
  ],
  [
    { age: null, bytes: null },
    { age_s: null, bytes: null },
  ],
])('the retention %j is set as a whole', async (body, retention) => {
  const team = await openTeam();
  expect(await ask(team, 'PUT', '/groups/ops/retention', body)).toMatchObject({
    ...{ status: 200, body: { retention } },
  });
});

test.each<[unknown, object]>([
  [undefined, { expiresInS: 7 * 86_400, uses: null, history: false }],
  [{}, { expiresInS: 7 * 86_400, uses: null, history: false }],
  [
    { expires_in: '12h', uses: 5, history: true },
    { expiresInS: 43_200, uses: 5, history: true },
  ],
  [{ expires_in: 90 }, { expiresInS: 90, uses: null, history: false }],
  [
    { expires_in: null, uses: null },
    { expiresInS: null, uses: null, history: false },
  ],
])('an invite asked for by %j has the terms %j', async (body, terms) => {
  const team = await openTeam();
  const asked: unknown[] = [];
  const invite = team.api.invite.bind(team.api);
  team.api.invite = (group, given) => {
    asked.push(given);
    return invite(group, given);
  };
  const answer = await ask(team, 'POST', '/groups/ops/invites', body);
  expect([answer.status, asked]).toEqual([201, [terms]]);
  const view = answer.body as unknown as NewInviteView;
  expect(Object.keys(view).sort()).toEqual(['expires', 'history', 'id', 'invite', 'uses']);
  expect(view.invite).toMatch(/^skychat:\/\//);
});

test('F43 an invite that leaked is listed without its link, and revoked by its id', async () => {
  const team = await openTeam();
  const { id, invite } = await team.api.invite('ops', {
    ...{ expiresInS: null, uses: null, history: false },
  });
  const listed = await ask(team, 'GET', '/groups/ops/invites');
  expect(listed.body).toMatchObject({ invites: [{ id, by: alice, used: 0, state: 'open' }] });
  expect(JSON.stringify(listed.body)).not.toContain(invite);
  const revoked = await ask(team, 'DELETE', `/groups/ops/invites/${id.toUpperCase()}`);
  expect(revoked).toMatchObject({ status: 200, body: { id: team.id } });
  expect((await ask(team, 'GET', '/groups/ops/invites')).body).toMatchObject({
    invites: [{ id, state: 'revoked' }],
  });
});

const offered: GroupView = newGroup({ id: idOf(7), name: 'offered', encrypted: true });

test.each<[string, unknown]>([
  ['JSON', { invite: 'skychat://ABC' }],
  ['the bare link', ' skychat://ABC\n'],
  ['JSON of curl', '{"invite":"skychat://ABC"}'],
])('joining by %s is answered with 202, the group and how it gets on', async (_, body) => {
  const fixture = openFixture();
  fixture.api.rosters.links.set('skychat://ABC', offered);
  const answer = await ask(fixture, 'POST', '/groups/join', body);
  expect([answer.status, answer.location]).toEqual([202, `/groups/${offered.id}`]);
  expect(answer.body).toMatchObject({ id: offered.id, state: 'joining', join: waitingToJoin });
  expect((await ask(fixture, 'GET', `/groups/${offered.id}`)).body).toEqual(answer.body);
});

test.each([
  ['invite-altered', 422],
  ['invite-expired', 422],
  ['invite-used', 422],
  ['invite-revoked', 422],
  ['already-member', 409],
] as const)('an invite that lets nobody in says %s', async (code, status) => {
  const fixture = openFixture();
  fixture.api.rosters.links.set('skychat://ABC', code);
  const answer = await ask(fixture, 'POST', '/groups/join', { invite: 'skychat://ABC' });
  expect(answer).toMatchObject({ status, body: { code } });
  expect(fixture.server.counters()).toEqual({ [code]: 1 });
});

test('only an admin changes a group, and nobody one that it left or was removed from', async () => {
  const { api, ...fixture } = openFixture();
  const plain = api.rosters.put(newGroup({ id: idOf(8), name: 'theirs', encrypted: false }));
  plain.members.set(bob, { role: 'founder', history: true });
  plain.members.set(alice, { role: 'member', history: true });
  const requests: [Method, string, unknown][] = [
    ['PATCH', '', { name: 'mine' }],
    ['POST', '/invites', undefined],
    ['POST', `/members/${carol}`, undefined],
    ['DELETE', `/members/${bob}`, undefined],
    ['PUT', `/admins/${alice}`, undefined],
    ['DELETE', `/admins/${bob}`, undefined],
    ['PUT', '/retention', { age: '1d' }],
  ];
  for (const [state, code, status] of [
    ['active', 'not-an-admin', 403],
    ['removed', 'not-a-member', 403],
    ['left', 'group-left', 409],
  ] as const) {
    plain.view = { ...plain.view, state };
    for (const [method, path, body] of requests) {
      const answer = await ask({ api, ...fixture }, method, `/groups/theirs${path}`, body);
      expect(answer, method + path).toMatchObject({ status, body: { code } });
    }
  }
  expect(api.rosters.members('theirs')).toHaveLength(2);
});

test('what a member may not do to another has its own code', async () => {
  const team = await openTeam();
  const { members } = team.api.rosters.read('ops');
  // As if another had founded it and made carol an admin before this node.
  members.clear();
  for (const [key, role] of [
    [bob, 'founder'],
    [carol, 'admin'],
    [alice, 'admin'],
  ] as const) {
    members.set(key, { role, history: true });
  }
  const cases: [Method, string, number, string][] = [
    ['DELETE', `members/${bob}`, 403, 'founder-stays'],
    ['DELETE', `admins/${bob}`, 403, 'founder-stays'],
    ['DELETE', `members/${carol}`, 403, 'senior-admin'],
    ['DELETE', `members/${dave}`, 404, 'unknown-member'],
    ['POST', `members/${carol}`, 409, 'already-member'],
    ['DELETE', `invites/${dave}`, 404, 'unknown-invite'],
  ];
  for (const [method, path, status, code] of cases) {
    const answer = await ask(team, method, `/groups/ops/${path}`);
    expect(answer, path).toMatchObject({ status, body: { code } });
  }
});

test('a group goes by its name while only one has it', async () => {
  const team = await openTeam();
  const twin = await team.api.createGroup({ name: 'ops', encrypted: false, members: [] });
  const answer = await ask(team, 'POST', '/groups/ops/leave');
  expect(answer).toMatchObject({ status: 400, body: { code: 'bad-field' } });
  for (const id of [team.id, twin.id]) expect(answer.body['detail']).toContain(id);
  expect((await ask(team, 'POST', `/groups/${twin.id}/leave`)).status).toBe(200);
  expect(await ask(team, 'PATCH', '/groups/nobody', { name: 'x' })).toMatchObject({
    ...{ status: 404, body: { code: 'unknown-group' } },
  });
});

const key = `/groups/lobby/members/${bob}`;

const refused: [Method, string, unknown, string, string][] = [
  ['POST', '/groups', {}, 'bad-field', 'name'],
  ['POST', '/groups', { name: '' }, 'bad-field', 'name'],
  ['POST', '/groups', { name: ' ops' }, 'bad-field', 'name'],
  ['POST', '/groups', { name: 'o\u202eps' }, 'bad-field', 'name'],
  ['POST', '/groups', { name: 'x'.repeat(65) }, 'bad-field', 'name'],
  ['POST', '/groups', { name: lobby }, 'bad-field', 'name'],
  ['POST', '/groups', { name: 7 }, 'bad-field', 'name'],
  ['POST', '/groups', { name: 'x', encrypted: 1 }, 'bad-field', 'encrypted'],
  ['POST', '/groups', { name: 'x', members: bob }, 'bad-field', 'members'],
  ['POST', '/groups', { name: 'x', members: [bob, 'b'] }, 'bad-field', 'members[1]'],
  ['POST', '/groups', { name: 'x', members: new Array(257).fill(bob) }, 'bad-field', 'members'],
  ['POST', '/groups', { name: 'x', topic: 'y' }, 'bad-field', 'topic'],
  ['POST', '/groups', 'name=x', 'bad-json', ''],
  ['POST', '/groups?name=x', { name: 'x' }, 'bad-field', 'name'],
  ['PATCH', '/groups/lobby', {}, 'bad-field', 'neither'],
  ['PATCH', '/groups/lobby', { topic: null }, 'bad-field', 'topic'],
  ['PATCH', '/groups/lobby', { topic: 'x'.repeat(257) }, 'bad-field', 'topic'],
  ['PATCH', '/groups/lobby', { topic: 'a\nb' }, 'bad-field', 'topic'],
  ['PATCH', '/groups/lobby', { topic: '\ud800' }, 'bad-field', 'topic'],
  ['POST', '/groups/lobby/leave', { now: true }, 'bad-field', 'now'],
  ['PUT', '/groups/lobby/retention', {}, 'bad-field', 'neither'],
  ['PUT', '/groups/lobby/retention', { age: '1y' }, 'bad-field', 'age'],
  ['PUT', '/groups/lobby/retention', { age: '0s' }, 'bad-field', 'age'],
  ['PUT', '/groups/lobby/retention', { age: '999999999w' }, 'bad-field', 'age'],
  ['PUT', '/groups/lobby/retention', { age: 0.5 }, 'bad-field', 'age'],
  ['PUT', '/groups/lobby/retention', { bytes: -1 }, 'bad-field', 'bytes'],
  ['POST', '/groups/lobby/invites', { uses: 0 }, 'bad-field', 'uses'],
  ['POST', '/groups/lobby/invites', { expires_in: true }, 'bad-field', 'expires_in'],
  ['POST', '/groups/lobby/invites', { history: 'yes' }, 'bad-field', 'history'],
  ['DELETE', '/groups/lobby/invites/x', undefined, 'bad-id', ''],
  ['POST', '/groups/join', {}, 'bad-field', 'invite'],
  ['POST', '/groups/join', undefined, 'bad-field', 'invite'],
  ['POST', '/groups/join', { invite: 7 }, 'bad-field', 'invite'],
  ['POST', '/groups/join', 'skychat', 'invite-altered', ''],
  ['POST', '/groups/lobby/members/bob', undefined, 'bad-id', ''],
  ['POST', key, { history: 1 }, 'bad-field', 'history'],
  ['DELETE', key, { why: 'spam' }, 'bad-field', 'why'],
  ['PUT', `/groups/lobby/admins/${bob}`, [], 'bad-field', 'body'],
  ['DELETE', `/groups/lobby/admins/${bob}?x=1`, undefined, 'bad-field', 'x'],
];

test('what a request cannot mean is refused by the name of its field, and changes nothing', async () => {
  const fixture = openFixture();
  const before = JSON.stringify(await fixture.api.groups());
  for (const [method, url, body, code, word] of refused) {
    const answer = await ask(fixture, method, url, body);
    const what = `${method} ${url} ${JSON.stringify(body)}`;
    expect(answer.body, what).toMatchObject({ code });
    expect(answer.body['detail'], what).toContain(word);
    expect(JSON.stringify(await fixture.api.groups()), what).toBe(before);
  }
});
