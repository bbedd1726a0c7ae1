// `groups` against the HTTP surface itself, and what a joining shows.
import { encode } from 'uqr';
import { beforeEach, describe, expect, test } from 'vitest';
import type { GroupView, JoinView } from '../../src/chat/view.ts';
import { bob, alice as self, idOf, type FakeApi } from '../support/fake-api.ts';
import { newGroup, waitingToJoin } from '../support/fake-groups.ts';
import { listenFixture } from '../support/http.ts';
import { alice, fakeDaemon, run, sendJson, start, type Ended, type FakeDaemon } from './harness.ts';

let api: FakeApi;
let at: string[];

beforeEach(async () => {
  const fixture = await listenFixture();
  ({ api } = fixture);
  at = ['--http', `127.0.0.1:${fixture.port}`];
});

function groups(...words: readonly string[]): Promise<Ended> {
  return run(['groups', ...words, ...at]);
}

const carol = 'cc'.repeat(32);

async function makeTeam(): Promise<GroupView> {
  return api.createGroup({ name: 'ops', encrypted: true, members: [bob] });
}

test('create prints the id of the new group, which list and show then know', async () => {
  const created = await groups('create', '--encrypted', '--member', bob, '--member', carol, 'ops');
  const id = created.stdout.trim();
  expect(created).toMatchObject({ code: 0, stderr: '' });
  expect(api.rosters.read(id).view).toMatchObject({ name: 'ops', encrypted: true });
  expect(api.rosters.members(id)).toHaveLength(3);
  for (const words of [[], ['list']]) {
    const { stdout } = await groups(...words);
    expect(stdout).toMatch(new RegExp(`^ops +active +founder +encrypted +3 +0 +0 +${id}$`, 'm'));
  }
  const { stdout } = await groups('show', 'ops');
  for (const line of [`founder   ${self}`, 'content   encrypted', 'kept      everything']) {
    expect(stdout.split('\n')).toContain(line);
  }
});

test('members come, change and go, by key, address or name', async () => {
  const { id } = await makeTeam();
  const done: [string[], string][] = [
    [['add', 'ops', alice.toUpperCase(), '--history'], alice],
    [['promote', 'ops', `${alice}@h:1`], alice],
    [['demote', id, alice], alice],
    [['remove', 'ops', bob], bob],
  ];
  for (const [words, printed] of done) {
    expect(await groups(...words)).toEqual({ code: 0, stdout: `${printed}\n`, stderr: '' });
  }
  const { stdout } = await groups('members', 'ops');
  expect(stdout).toMatch(new RegExp(`^member +${alice} +- +- +all +-$`, 'm'));
  expect(stdout).not.toContain(bob);
  const { stdout: json } = await groups('members', 'ops', '--json');
  expect(JSON.parse(json)).toEqual({ members: api.members('ops') });
});

const member = {
  ...{ role: 'member' as const, since: null, online: false, note: null, bot: false },
  history: false,
};

test('a member goes by its name where only one has it', async () => {
  await makeTeam();
  const named = [bob, carol, alice].map((pk, i) => ({
    ...{ ...member, pk, name: i === 0 ? 'bob' : 'twin' },
  }));
  api.members = () => named;
  expect(await groups('remove', 'ops', 'bob')).toMatchObject({ code: 0, stdout: `${bob}\n` });
  const several = await groups('remove', 'ops', 'twin');
  expect(several).toMatchObject({ code: 2, stdout: '' });
  expect(several.stderr).toContain(`${carol} ${alice}`);
  expect(await groups('promote', 'ops', 'nobody')).toMatchObject({ code: 5, stdout: '' });
});

test('name, topic and retention change, and the group is left', async () => {
  const { id } = await makeTeam();
  const lines: [string[], Partial<GroupView>][] = [
    [['topic', 'ops', 'who is on call'], { topic: 'who is on call' }],
    [['topic', 'ops', ''], { topic: '' }],
    [['retention', 'ops', '--age', '30d'], { retention: { age_s: 2_592_000, bytes: null } }],
    [
      ['retention', 'ops', '--bytes', '9', '--age', 'none'],
      { retention: { age_s: null, bytes: 9 } },
    ],
    [['rename', 'ops', 'operations'], { name: 'operations' }],
    [['leave', 'operations'], { state: 'left' }],
  ];
  for (const [words, view] of lines) {
    expect(await groups(...words)).toEqual({ code: 0, stdout: `${id}\n`, stderr: '' });
    expect(api.rosters.read(id).view).toMatchObject(view);
  }
});

test('every change answers with the group where JSON is asked for', async () => {
  await makeTeam();
  for (const words of [
    ['add', 'ops', carol],
    ['topic', 'ops', 'x'],
    ['leave', 'ops'],
  ]) {
    const { stdout } = await groups(...words, '--json');
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(await api.group('ops'))));
  }
});

test('invite prints the link alone, with its terms in JSON, and draws it in upper case', async () => {
  await makeTeam();
  const words = ['invite', 'ops', '--uses', '3', '--expires', 'never', '--history'];
  const made = await groups(...words);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).toMatch(/^skychat:\/\/[A-Z0-9]+\n$/);
  const { stdout } = await groups('invite', 'ops', '--json', '--expires', '1d');
  expect(JSON.parse(stdout)).toMatchObject({ uses: null, history: false });
  const drawn = await groups('invite', 'ops', '--qr');
  const lines = drawn.stdout.trimEnd().split('\n');
  const link = lines.at(-1) ?? '';
  // Two rows of the code in each line, and a border.
  const { size } = encode(link.toUpperCase());
  expect(lines.slice(0, -1).filter((line) => /[▀▄█]/.test(line))).toHaveLength(Math.ceil(size / 2));
});

test('F43 an invite that leaked is found in the list and revoked', async () => {
  await makeTeam();
  expect((await groups('invites', 'ops')).stdout).toBe('no invites\n');
  const { id } = await api.invite('ops', { expiresInS: null, uses: 2, history: false });
  expect((await groups('invites', 'ops')).stdout).toMatch(
    new RegExp(`^open +0 of 2 +never +since joining +aaaaaaaa +${id}$`, 'm'),
  );
  expect(await groups('revoke', 'ops', id)).toMatchObject({ code: 0, stdout: `${id}\n` });
  expect((await groups('invites', 'ops')).stdout).toContain('revoked');
});

test.each<[string[], number, string]>([
  [['show', 'nowhere'], 5, 'unknown-group'],
  [['remove', 'ops', self], 4, 'founder-stays'],
  [['remove', 'ops', carol], 5, 'unknown-member'],
  [['add', 'ops', bob], 6, 'already-member'],
  [['revoke', 'ops', carol], 5, 'unknown-invite'],
  [['rename', 'ops', ' '], 2, 'bad-field'],
  [['join', 'skychat://NO'], 2, 'invite-altered'],
  [['rename', 'lobby', 'mine'], 4, 'not-an-admin'],
])('what the node refuses of groups %j ends with %i and its code', async (words, code, name) => {
  await makeTeam();
  const ended = await groups(...words);
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toContain(`(${name})`);
});

test.each<[string[], string]>([
  [['ad', 'ops'], 'Did you mean add?'],
  [['add', 'ops'], 'missing required argument'],
  [['add', 'ops', 'bob'], 'is not a key'],
  [['revoke', 'ops', 'x'], 'is not a key'],
  [['create', '--member', 'x', 'ops'], 'A key is 64 hex characters'],
  [['invite', 'ops', '--uses', '0'], 'whole number'],
  [['invite', 'ops', '--expires', 'soon'], 'Write a time'],
  [['invite', 'ops', '--expires', '10ms'], 'Write a time'],
  [['retention', 'ops'], 'neither'],
  [['join'], 'missing required argument'],
  [['join', 'x', '--no-wait', '--timeout', '1s'], 'exclude'],
])('groups %j is a usage error and asks nobody', async (words, text) => {
  const daemon = await fakeDaemon((_, response) => {
    sendJson(response, {});
  });
  const ended = await run(['groups', ...words, '--http', daemon.http]);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(text);
  expect(daemon.received).toHaveLength(0);
});

describe('join', () => {
  const offered = newGroup({ id: idOf(7), name: 'ops', encrypted: true, state: 'joining' });

  /** Answers each question with the next state of the joining, and the last one again and again. */
  function joining(
    ...states: (Partial<JoinView> | 'active' | 'left' | 503)[]
  ): Promise<FakeDaemon> {
    return fakeDaemon((_, response, index) => {
      const next = states[Math.min(index, states.length - 1)];
      if (next === 503) sendJson(response, { detail: 'it restarts' }, 503);
      else if (typeof next === 'string') {
        sendJson(response, { ...offered, state: next, join: null });
      } else sendJson(response, { ...offered, join: { ...waitingToJoin, ...next } }, 202);
    });
  }

  test('shows each state once and ends with the id when the group is here', async () => {
    const daemon = await joining(
      { state: 'connecting', detail: 'dialing h:1' },
      { state: 'connecting', detail: 'dialing h:1' },
      503,
      503,
      { state: 'knocking', detail: 'asking aabbccdd' },
      { state: 'syncing', detail: null, have: 3, of: 10 },
      'active',
    );
    const ended = await run(['groups', 'join', 'skychat://AB', 'CD', '--http', daemon.http]);
    expect(ended).toMatchObject({ code: 0, stdout: `${offered.id}\n` });
    expect(ended.stderr.split('\n')).toEqual([
      'skychat-node: connecting: dialing h:1',
      'skychat-node: it restarts (trying again)',
      'skychat-node: knocking: asking aabbccdd',
      'skychat-node: syncing 3 of 10',
      '',
    ]);
    expect(JSON.parse(daemon.received[0]?.body ?? '')).toEqual({ invite: 'skychat://ABCD' });
    expect(daemon.received.at(-1)?.path).toBe(`/groups/${offered.id}`);
  });

  test('prints the group where JSON is asked for, and what a peer wrote cannot break the line', async () => {
    const daemon = await joining({ state: 'waiting', detail: 'a\n\u001b[2Jb' }, 'active');
    const ended = await run(['groups', 'join', 'x', '--json', '--http', daemon.http]);
    expect(JSON.parse(ended.stdout)).toMatchObject({ id: offered.id, state: 'active' });
    expect(ended.stderr).toBe('skychat-node: waiting: a \\x1b[2Jb\n');
  });

  test('goes on for one who was in the group before', async () => {
    const again = { ...offered, state: 'left', join: { ...waitingToJoin, state: 'connecting' } };
    const daemon = await fakeDaemon((_, response, index) => {
      sendJson(response, index < 2 ? again : { ...offered, state: 'active', join: null });
    });
    const ended = await run(['groups', 'join', 'x', '--http', daemon.http]);
    expect(ended).toMatchObject({ code: 0, stdout: `${offered.id}\n` });
  });

  test('does not wait where it is told not to', async () => {
    const daemon = await joining({ state: 'connecting' });
    const ended = await run(['groups', 'join', '--no-wait', 'x', '--http', daemon.http]);
    expect(ended).toEqual({ code: 0, stdout: `${offered.id}\n`, stderr: '' });
    expect(daemon.received).toHaveLength(1);
  });

  test.each<[Partial<JoinView> | 'left', number, string]>([
    [{ state: 'failed', code: 'invite-revoked', detail: 'it was revoked' }, 2, 'it was revoked'],
    [{ state: 'failed', code: 'invite-used', detail: 'it was used' }, 2, '(invite-used)'],
    [{ state: 'failed', code: 'not-a-member', detail: 'removed' }, 4, '(not-a-member)'],
    ['left', 6, '(group-left)'],
  ])('that comes to nothing (%j) ends with %i and says why', async (state, code, text) => {
    const daemon = await joining({ state: 'knocking' }, state);
    const ended = await run(['groups', 'join', 'x', '--http', daemon.http]);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(text);
  });

  test('ends with 7 when the time ran out, and says that the node goes on', async () => {
    const daemon = await joining({
      state: 'waiting',
      detail: 'h:1: the peer could not be reached',
    });
    const words = ['groups', 'join', 'x', '--timeout', '200ms', '--http', daemon.http];
    const ended = await run(words);
    expect(ended.code).toBe(7);
    expect(ended.stderr).toContain('the peer could not be reached); the node goes on');
  });

  test('ends with 130 at the interrupt', async () => {
    const daemon = await joining({ state: 'waiting', detail: 'h:1' });
    const started = start(['groups', 'join', 'x', '--http', daemon.http]);
    await started.stderr.until((text) => text.includes('waiting'));
    started.interrupt();
    expect(await started.code).toBe(130);
  });
});

test('send --to writes to one key, or to the one member of the room with that name', async () => {
  expect((await run(['send', '--to', alice, 'hello', ...at])).code).toBe(0);
  api.members = (group) => (group === 'lobby' ? [{ ...member, pk: bob, name: 'bob' }] : []);
  expect((await run(['send', '--to', 'bob', 'hello', ...at])).code).toBe(0);
  expect(api.drafts.map(({ draft }) => draft)).toEqual([
    { text: 'hello', to: alice },
    { text: 'hello', to: bob },
  ]);
  expect((await run(['send', '--to', 'eve', 'hello', ...at])).code).toBe(5);
  expect((await run(['send', '--to', 'bob', '--group', 'x', 'hello', ...at])).code).toBe(2);
});

test('groups and its commands are completed and explained', async () => {
  const { stdout } = await run(['completion', 'bash']);
  expect(stdout).toMatch(/'groups'\) words='list show create members invite /);
  expect(stdout).toMatch(/'groups join'\) words='--timeout /);
  for (const name of ['list', 'invite', 'join', 'retention']) {
    const page = await run(['help', 'groups', name]);
    expect(page.stdout).toMatch(new RegExp(`^Examples:\\n  skychat-node groups ${name}`));
  }
});
