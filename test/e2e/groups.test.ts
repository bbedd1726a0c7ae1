// A group over five processes: three come by an invite, one by its key, and one is removed; the
// founder is gone for good before the half of it.
import { expect, inject, test } from 'vitest';
import type { GroupView, MemberView, NewInviteView, Page } from '../../src/chat/view.ts';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

/** Runs the command of the package against a node. */
async function cli(node: Daemon, ...words: readonly string[]): Promise<string> {
  const at = ['--http', node.http.replace('http://', '')];
  const ended = await workspace.run(process.execPath, [inject('entry'), ...words, ...at]);
  expect(ended, words.join(' ')).toMatchObject({ code: 0 });
  return ended.stdout.trimEnd();
}

async function ask<T = GroupView>(node: Daemon, method: string, path: string, json?: unknown) {
  const init = json === undefined ? {} : { json };
  const { status, body } = await node.ask<T>(method, path, init);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** Who is in the group and as what, by the names of the nodes. */
async function rosterOf(node: Daemon, group: string, names: ReadonlyMap<string, string>) {
  const { members } = await node.get<{ members: readonly MemberView[] }>(
    `/groups/${group}/members`,
  );
  return members.map(({ pk, role }) => `${names.get(pk) ?? pk} ${role}`).sort();
}

async function textsIn(node: Daemon, group: string): Promise<string[]> {
  const { messages } = await node.get<Page>(`/messages?group=${group}&limit=1000`);
  return messages.map(({ text }) => text);
}

function post(node: Daemon, group: string, text: string) {
  return ask(node, 'POST', '/messages', { group, text });
}

async function untilTexts(nodes: readonly Daemon[], group: string, texts: readonly string[]) {
  for (const node of nodes) {
    await node.until(texts.join(', '), async () => {
      return (await textsIn(node, group)).join() === texts.join();
    });
  }
}

test('F36 F39 an encrypted group goes on without its founder: an admin adds one by key and removes one, who reads nothing more', async () => {
  const names = ['founder', 'admin', 'member', 'removed', 'added'];
  const nodes = await Promise.all(names.map((name) => Daemon.make(workspace, name)));
  const [founder, admin, member, removed, added] = nodes as [
    ...[Daemon, Daemon, Daemon, Daemon, Daemon],
  ];
  const nameOf = new Map(nodes.map(({ pk, name }) => [pk, name]));
  added.flags.push('--peers', admin.address);
  await Promise.all([founder, admin, member, removed].map((node) => node.start()));

  // Three who know nothing but the link.
  const { id } = await ask(founder, 'POST', '/groups', { name: 'ops', encrypted: true });
  const drawn = await cli(founder, 'groups', 'invite', 'ops', '--uses', '3', '--qr');
  const link = drawn.split('\n').at(-1) ?? '';
  expect(drawn.split('\n').length).toBeGreaterThan(25);
  const joined = await Promise.all(
    [admin, member, removed].map((node) => cli(node, 'groups', 'join', '--timeout', '90s', link)),
  );
  expect(joined).toEqual([id, id, id]);
  await ask(founder, 'PUT', `/groups/ops/admins/${admin.pk}`);
  await post(founder, id, 'from the founder');
  await post(removed, id, 'while all were there');
  const before = ['from the founder', 'while all were there'];
  await untilTexts([founder, admin, member, removed], id, before);
  await admin.until('its power', async () => {
    return (await admin.get<GroupView>(`/groups/${id}`)).role === 'admin';
  });
  await founder.kill();

  // The link is used up, whoever has it.
  await added.start();
  await ask(added, 'POST', '/groups/join', { invite: link });
  await added.until('the refusal', async () => {
    const { join } = await added.get<GroupView>(`/groups/${id}`);
    return join?.code === 'invite-used';
  });
  await ask(added, 'POST', `/groups/${id}/leave`);

  await ask(admin, 'POST', '/peers', { address: added.address });
  await cli(admin, 'groups', 'add', 'ops', added.pk);
  await cli(admin, 'groups', 'remove', 'ops', removed.pk);
  const remaining = [admin, member, added];
  for (const node of [...remaining, removed]) {
    await node.until('the state after the removal', async () => {
      const { status, body } = await node.ask<GroupView>('GET', `/groups/${id}`);
      const wanted = node === removed ? 'removed' : 'active';
      return status === 200 && body.state === wanted && body.members === 4;
    });
  }
  for (const node of remaining) await post(node, id, `from ${node.name}`);
  const after = remaining.map(({ name }) => `from ${name}`);
  await untilTexts([admin, member], id, [...before, ...after]);
  // Who was added without the history reads from its epoch on.
  await added.until('its messages', async () => {
    const texts = await textsIn(added, id);
    return after.every((text) => texts.includes(text));
  });

  const roster = ['added member', 'admin admin', 'founder founder', 'member member'];
  for (const node of remaining) expect(await rosterOf(node, id, nameOf)).toEqual(roster);
  expect(await textsIn(removed, id)).toEqual(before);
  const refused = await removed.ask<{ code: string }>('POST', '/messages', {
    json: { group: id, text: 'let me in' },
  });
  expect([refused.status, refused.body.code]).toEqual([403, 'not-a-member']);
});

test('F43 an invite that leaked lets nobody in once it is revoked, and who joins is told', async () => {
  const founder = await Daemon.start(workspace, 'careful');
  const thief = await Daemon.start(workspace, 'thief');
  const { id } = await ask(founder, 'POST', '/groups', { name: 'vault' });
  const invite = await ask<NewInviteView>(founder, 'POST', '/groups/vault/invites', {});
  await ask(founder, 'DELETE', `/groups/vault/invites/${invite.id}`);
  const at = ['--http', thief.http.replace('http://', '')];
  const words = [inject('entry'), 'groups', 'join', invite.invite, ...at];
  const ended = await workspace.run(process.execPath, words);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain('(invite-revoked)');
  const { members } = await founder.get<GroupView>(`/groups/${id}`);
  expect(members).toBe(1);
  expect(await thief.get<GroupView>(`/groups/${id}`)).toMatchObject({ state: 'joining' });
});

test('F31 a member that was removed while it was away hears of it when it is back, and keeps it in mind', async () => {
  const founder = await Daemon.start(workspace, 'keeper');
  const away = await Daemon.start(workspace, 'away');
  const { id } = await ask(founder, 'POST', '/groups', { name: 'crew' });
  const { invite } = await ask<NewInviteView>(founder, 'POST', '/groups/crew/invites', {});
  await cli(away, 'groups', 'join', '--timeout', '90s', invite);
  await post(founder, id, 'before');
  await untilTexts([away], id, ['before']);
  await away.stop();
  await ask(founder, 'DELETE', `/groups/crew/members/${away.pk}`);
  await post(founder, id, 'after');

  const isRemoved = async (): Promise<boolean> =>
    (await away.get<GroupView>(`/groups/${id}`)).state === 'removed';
  await away.start();
  await away.until('the word of its removal', isRemoved);
  await founder.kill();
  await away.stop();
  await away.start();
  expect(await isRemoved()).toBe(true);
  expect(await textsIn(away, id)).toEqual(['before']);
});
