import { expect, test } from 'vitest';
import { lobby, ops } from '../support/fake-node.ts';
import { Rig } from '../support/rig.ts';

interface Sent {
  readonly posted: boolean;
  readonly message: { readonly id: string; readonly group: { readonly id: string } };
}

const writing = ['send', 'react', 'ack', 'mark_read'];

test('where writing is not allowed, the tools to write are not listed, and a call of one is refused', async () => {
  const rig = await Rig.start({ rules: { everywhere: false, to: [] } });
  const { tools } = await rig.client.listTools();
  expect(tools.map(({ name }) => name)).toEqual([
    ...['whoami', 'groups', 'read', 'unread', 'search', 'thread', 'wait_for_messages'],
  ]);
  for (const { annotations } of tools) expect(annotations?.readOnlyHint).toBe(true);
  for (const name of writing) {
    expect(await rig.call(name, { text: 'hi' })).toMatchObject({ isError: true });
  }
  expect(rig.node.messages).toEqual([]);
  expect(rig.client.getInstructions()).toContain('You may only read');
  expect(await rig.ask('whoami')).toMatchObject({ may_post: 'nowhere' });
});

test('where it is allowed, they are listed as what changes something and destroys nothing', async () => {
  const rig = await Rig.start();
  const { tools } = await rig.client.listTools();
  const listed = tools.filter(({ name }) => writing.includes(name));
  expect(listed).toHaveLength(writing.length);
  for (const { annotations } of listed) {
    expect(annotations).toMatchObject({
      ...{ readOnlyHint: false, destructiveHint: false, idempotentHint: true },
    });
  }
});

test('F53 a post whose answer was lost is made once, whoever repeats it', async () => {
  const rig = await Rig.start();
  const { node } = rig;
  const call = { text: 'backup done', group: 'lobby' };
  node.faults.push({ path: 'POST /messages', fault: 'lost-answer' });
  // The server repeats it, and then the model does, which may be another process by then.
  const first = await rig.ask<Sent>('send', call);
  expect(first.posted).toBe(true);
  const again = await Rig.start({ node });
  for (const each of [rig, again]) {
    const { value, text } = await each.call<Sent>('send', call);
    expect(value).toMatchObject({ posted: false, message: { id: first.message.id } });
    expect(text).toContain('Not posted again');
  }
  expect(node.messages.map(({ text }) => text)).toEqual(['backup done']);
});

test('a request that was lost, and a node that is closing, are tried again', async () => {
  const rig = await Rig.start();
  rig.node.faults.push({ path: 'POST /messages', fault: 'lost-request' });
  rig.node.faults.push({ path: 'POST /messages', fault: 'closing' });
  expect(await rig.ask<Sent>('send', { text: 'hi', group: lobby })).toMatchObject({ posted: true });
  expect(rig.node.messages).toHaveLength(1);
});

test('the same text is another post in another place, as an answer, by another agent, or with a word of its own', async () => {
  const rig = await Rig.start();
  const { node } = rig;
  const question = node.arrive('ok?');
  const other = await Rig.start({ node, agent: 'other' });
  const calls = [
    { text: 'ok', group: lobby },
    { text: 'ok', group: ops },
    { text: 'ok', group: lobby, reply_to: question.id },
    { text: 'ok', group: lobby, idempotency_key: '1' },
    { text: 'ok', group: lobby, idempotency_key: '2' },
  ];
  for (const call of calls)
    expect(await rig.ask<Sent>('send', call)).toMatchObject({ posted: true });
  expect(await other.ask<Sent>('send', calls[0])).toMatchObject({ posted: true });
  for (const call of calls)
    expect(await rig.ask<Sent>('send', call)).toMatchObject({ posted: false });
  expect(node.messages).toHaveLength(1 + calls.length + 1);
});

test('a group is the same place by its name and by its id', async () => {
  const rig = await Rig.start();
  await rig.ask('send', { text: 'hi', group: 'ops' });
  expect(await rig.ask<Sent>('send', { text: 'hi', group: ops })).toMatchObject({ posted: false });
});

test('a word that was used for another text is refused, and nothing is posted', async () => {
  const rig = await Rig.start();
  await rig.ask('send', { text: 'one', group: lobby, idempotency_key: 'k' });
  const refused = await rig.call('send', { text: 'two', group: lobby, idempotency_key: 'k' });
  expect(refused).toMatchObject({ isError: true });
  expect(refused.text).toMatch(/^idempotency-mismatch: .+ Do something else\.$/);
  expect(rig.node.messages).toHaveLength(1);
});

test('an answer goes where the question stands, and what names no place into the room', async () => {
  const rig = await Rig.start();
  const { id } = rig.node.arrive('ok?', { group: ops });
  const sent = await rig.ask<Sent>('send', { text: 'yes', reply_to: id.toUpperCase() });
  expect(sent.message.group.id).toBe(ops);
  expect((await rig.ask<Sent>('send', { text: 'hi' })).message.group.id).toBe(lobby);
});

test('an agent that may write in one group writes nowhere else', async () => {
  const rig = await Rig.start({ rules: { everywhere: false, to: ['ops'] } });
  const there = rig.node.arrive('there', { group: ops });
  const elsewhere = rig.node.arrive('elsewhere');
  expect(await rig.ask<Sent>('send', { text: 'hi', group: ops })).toMatchObject({ posted: true });
  await rig.ask('ack', { id: there.id });
  const stored = rig.node.asked.filter(({ method }) => method !== 'GET').length;
  const calls: [string, object][] = [
    ['send', { text: 'hi' }],
    ['send', { text: 'hi', group: 'lobby' }],
    ['send', { text: 'hi', reply_to: elsewhere.id }],
    ['send', { text: 'hi', to: 'bb'.repeat(32) }],
    ['react', { id: elsewhere.id, emoji: '👍' }],
    ['ack', { id: elsewhere.id }],
    ['mark_read', { group: 'lobby', cursor: 'now' }],
  ];
  for (const [name, args] of calls) {
    const { isError, text } = await rig.call(name, { ...args });
    expect([isError, text.split(':')[0]]).toEqual([true, 'posting-not-allowed']);
    expect(text).toContain('--allow-post-to. Allowed now: ops.');
  }
  expect(rig.node.asked.filter(({ method }) => method !== 'GET')).toHaveLength(stored);
});

test('reactions, acknowledgements and marks are asked of the node as it has them', async () => {
  const rig = await Rig.start();
  const { id } = rig.node.arrive('hi');
  await rig.ask('react', { id, emoji: '👍' });
  await rig.ask('react', { id, emoji: '👍', remove: true });
  await rig.ask('ack', { id });
  await rig.ask('mark_read', { group: 'ops', cursor: 'now' });
  const asked = rig.node.asked.filter(({ method }) => method !== 'GET');
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    `PUT /messages/${id}/reactions/%F0%9F%91%8D`,
    `DELETE /messages/${id}/reactions/%F0%9F%91%8D`,
    `PUT /messages/${id}/ack`,
    `PUT /groups/${ops}/read`,
  ]);
});

test('a misspelled or impossible argument is refused before anything is asked', async () => {
  const rig = await Rig.start();
  const before = rig.node.asked.length;
  for (const args of [
    { text: 'hi', replyto: 'x' },
    { text: '' },
    { text: 'x'.repeat(65_537) },
    { text: 'hi', reply_to: 'x' },
    { text: 'hi', group: 'lobby', to: 'bb'.repeat(32) },
  ]) {
    expect(await rig.call('send', args)).toMatchObject({ isError: true });
  }
  expect(rig.node.asked.slice(before).filter(({ method }) => method !== 'GET')).toEqual([]);
});
