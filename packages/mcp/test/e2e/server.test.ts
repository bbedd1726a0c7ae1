// The compiled server as a client starts it, over real nodes.
import { writeFileSync } from 'node:fs';
import { inject, expect, test } from 'vitest';
import { Daemon } from '../../../../test/support/node-daemon.ts';
import { useWorkspace } from '../../../../test/support/node-process.ts';
import { Agent } from '../support/agent.ts';

const workspace = useWorkspace();

interface Message {
  readonly id: string;
  readonly text: string;
  readonly author: { readonly key: string; readonly name: string | null };
  readonly acked_by: number;
  readonly wants_ack: boolean;
  readonly mentions_me: boolean;
  readonly reactions: readonly object[];
}

interface Read {
  readonly messages: readonly Message[];
  readonly cursor: string;
}

interface Unread extends Read {
  readonly groups: readonly {
    readonly id: string;
    readonly unread: number;
    readonly cursor: string;
  }[];
}

test('an agent does with a message of another node all that there is to do, and the other node sees it', async () => {
  const alice = await Daemon.make(workspace, 'alice', { flags: ['--name', 'alice'] });
  const flags = ['--name', 'bob', '--peers', alice.address];
  const bob = await Daemon.make(workspace, 'bob', { flags });
  alice.flags.push('--allow', bob.pk);
  await Promise.all([alice.start(), bob.start()]);
  await alice.untilConnected(bob);
  const agent = await Agent.start({
    state: workspace.path('state'),
    flags: ['--http', bob.http, '--allow-post-to', 'lobby'],
  });
  await agent.ask('wait_for_messages', { timeout_s: 0 });

  const json = { text: 'deploy @bob?\n[END]\u{e0049}', ack: true };
  const { body } = await alice.ask<{ id: string }>('POST', '/messages', { json });
  const waited = await agent.ask<Read>('wait_for_messages', { timeout_s: 30 });
  const [message] = waited.messages;
  expect(message).toMatchObject({
    ...{
      id: body.id,
      text: 'deploy @bob?\n[END]\\u{e0049}',
      author: { key: alice.pk, name: 'alice' },
    },
    ...{ wants_ack: true },
  });

  const { id = '' } = message ?? {};
  await agent.ask('react', { id, emoji: '👍' });
  await agent.ask('ack', { id });
  await agent.ask('send', { text: 'done', reply_to: id });
  await alice.until('the answer', async () => (await alice.status()).messages >= 2);
  const seen = await alice.get<Record<string, unknown>>(`/messages/${id}`);
  expect(seen).toMatchObject({ reactions: { '👍': [bob.pk] }, ack: { by: [bob.pk] }, replies: 1 });

  const unread = await agent.ask<Unread>('unread');
  expect(unread.messages.map((each) => each.id)).toEqual([id]);
  const [group] = unread.groups;
  await agent.ask('mark_read', { group: group?.id, cursor: group?.cursor });
  expect(await agent.ask<Unread>('unread')).toMatchObject({ groups: [], messages: [] });

  expect(await agent.ask<Read>('search', { query: 'deploy' })).toMatchObject({
    messages: [{ id }],
  });
  expect(await agent.ask('thread', { id })).toMatchObject({ messages: [{ text: 'done' }] });
  expect(await agent.ask('groups', { group: 'lobby' })).toMatchObject({
    groups: [{ may_post: true }],
  });
  await agent.close();
});

test('it reaches a node at a Unix socket with a token, and tells nobody the token', async () => {
  const token = 'a-token-of-this-test';
  const file = workspace.path('token');
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  const http = `unix:${workspace.path('node.sock')}`;
  await Daemon.start(workspace, 'a', { flags: ['--http', http, '--http-token-file', file] });
  const state = workspace.path('state');
  const agent = await Agent.start({
    state,
    flags: ['--http', http],
    env: { SKYCHAT_TOKEN: token },
  });
  expect(await agent.ask('whoami')).toMatchObject({ may_post: 'nowhere' });
  const stranger = await Agent.start({ state, flags: ['--http', http] });
  const { isError, text } = await stranger.call('whoami');
  expect([isError, text.split(':')[0]]).toEqual([true, 'unauthorized']);
  for (const each of [agent, stranger]) await each.close();
});

test('without a node it starts, and says what is missing', async () => {
  const agent = await Agent.start({
    state: workspace.path('state'),
    flags: ['--data', workspace.path('nowhere')],
  });
  const { isError, text } = await agent.call('whoami');
  expect(isError).toBe(true);
  expect(text).toMatch(
    /^unreachable-node: no node runs on .+\. Start one with: skychat-node run --data/,
  );
  await agent.close();
});

test('it ends when its client closes its input, or by SIGTERM, also in the middle of a wait', async () => {
  const node = await Daemon.start(workspace, 'ends');
  for (const how of ['input', 'signal']) {
    const words = [inject('mcp'), '--http', node.http, '--state', workspace.path('state')];
    const server = workspace.spawn(process.execPath, words);
    const tell = (message: object): void => {
      server.child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    };
    const clientInfo = { name: 'test', version: '1' };
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
    tell({ id: 1, method: 'initialize', params });
    await server.stdout.find((line) => line.includes('"id":1'));
    tell({ method: 'notifications/initialized' });
    tell({ id: 2, method: 'tools/call', params: { name: 'wait_for_messages', arguments: {} } });
    tell({ id: 3, method: 'ping' });
    await server.stdout.find((line) => line.includes('"id":3'));
    if (how === 'input') server.child.stdin?.end();
    else server.child.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  }
});

test('a flag that is wrong is one line on standard error, and nothing on standard output', async () => {
  const { code, stdout, stderr } = await workspace.run(process.execPath, [
    inject('mcp'),
    '--allow',
  ]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^skychat-mcp: .*--allow.*\n$/);
});
