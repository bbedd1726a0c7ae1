import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import type { Value } from '../../../src/cxo/codec.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import { buildProfile, buildText, buildVouch } from '../../../src/chat/content/message.ts';
import { buildTextLine } from '../../../src/chat/text-line.ts';
import type { MessageView } from '../../../src/chat/view.ts';
import { objectOf, Rig, room, testKey, testSalt } from '../rig.ts';

const [alice, bob] = [testKey(1), testKey(2)] as const;

function viewOf(rig: Rig, { id }: Entry): Promise<MessageView> {
  return rig.chat.conversation.message(toHex(id));
}

test('a message has every field of the contract', async () => {
  const rig = await Rig.open({ configured: [alice, bob] });
  rig.arrive({ author: alice, object: buildProfile('Alice', testSalt()) });
  const first = rig.say(bob, 'hello', 1_732_252_200_123_456);
  const object = buildText('hi @alice', first.id, testSalt(), { priority: 'high', ack: true });
  const entry = rig.arrive({ author: alice, object, index: 3, time: 1_732_252_200_123_456 });
  rig.acknowledge(entry, bob, alice, rig.self);
  expect(await viewOf(rig, entry)).toEqual({
    id: toHex(entry.id),
    cursor: '0000000000000003',
    group: room.id,
    author: alice,
    name: 'Alice',
    seq: 2,
    index: 3,
    time: '2024-11-22T05:10:00.123Z',
    kind: 'text',
    text: 'hi @alice',
    reply_to: toHex(first.id),
    replies: 0,
    edited: false,
    deleted: false,
    hidden: false,
    pinned: false,
    priority: 'high',
    ack: { requested: true, by: [] },
    reactions: {},
    mentions: [alice],
    mine: false,
    delivery: { stored: [alice, bob].sort(), members: 3 },
  });
});

test('F51 a text comes through the view character for character', async () => {
  const rig = await Rig.open();
  const encodable = fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((text) => !text.startsWith('\uFEFF'));
  const special = fc.constantFrom(
    '\u001b[2J',
    'a\r\nb\0',
    '<script>"&amp;',
    '\u202Eabc',
    'e\u0301',
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(encodable, special), async (text) => {
      const { message } = await rig.chat.posting.post({ text }, {});
      expect(message.text).toBe(text);
      expect((await rig.chat.conversation.message(message.id)).text).toBe(text);
    }),
  );
});

test.each<[string, Record<string, Value>]>([
  ['poll', { text: 'not for this version' }],
  ['text', { text: 7 }],
  ['vouch', { keys: 'all' }],
])(
  'a %s that this version cannot read is shown by its kind, without a text',
  async (kind, fields) => {
    const rig = await Rig.open();
    const entry = rig.arrive({ author: alice, object: objectOf(kind, fields) });
    const page = await rig.chat.conversation.after('0', {}, 10);
    expect(page.messages).toMatchObject([{ id: toHex(entry.id), kind, text: '', mentions: [] }]);
  },
);

test('vouches and profiles are in no list', async () => {
  const rig = await Rig.open();
  rig.arrive({ author: alice, object: buildVouch([bob], testSalt()) });
  rig.arrive({ author: alice, object: buildProfile('Alice', testSalt()) });
  const { conversation } = rig.chat;
  expect(await conversation.after('0', {}, 10)).toMatchObject({ messages: [], more: false });
  expect(await conversation.newest({}, 10)).toMatchObject({ messages: [], more: false });
});

test('an erased message is shown as deleted', async () => {
  const rig = await Rig.open();
  const entry = rig.arrive({ author: alice, object: undefined });
  expect(await viewOf(rig, entry)).toMatchObject({ kind: 'text', text: '', deleted: true });
});

test('what an author signed from the place of its fork on is marked disputed', async () => {
  const rig = await Rig.open();
  const entries = [rig.say(alice, 'one'), rig.say(alice, 'two'), rig.say(alice, 'three')];
  rig.fork(entries[0] as Entry, 2);
  const { messages } = await rig.chat.conversation.after('0', {}, 10);
  expect(messages.map(({ disputed }) => disputed)).toEqual([undefined, true, true]);
});

test('names and mentions follow the members and their profiles', async () => {
  const rig = await Rig.open({ configured: [alice] });
  const entry = rig.say(bob, '@bob @alice');
  expect(await viewOf(rig, entry)).toMatchObject({ name: null, mentions: [] });
  rig.arrive({ author: alice, object: buildProfile('alice', testSalt()) });
  rig.arrive({ author: bob, object: buildProfile('bob', testSalt()) });
  expect(await viewOf(rig, entry)).toMatchObject({ name: 'bob', mentions: [alice] });
  rig.arrive({ author: alice, object: buildVouch([bob], testSalt()) });
  expect(await viewOf(rig, entry)).toMatchObject({ mentions: [bob, alice] });
});

test('a bot is shown under its own name, with the name of the node that speaks for it', async () => {
  const rig = await Rig.open({ configured: [alice, bob] });
  rig.arrive({ author: alice, object: buildProfile('Alice', testSalt()) });
  const say = (author: typeof alice, bot: string): Entry =>
    rig.arrive({ author, object: buildText('disk full', undefined, testSalt(), { bot }) });
  expect(await viewOf(rig, say(alice, 'grafana'))).toMatchObject({
    ...{ author: alice, name: 'grafana', bot: true, node_name: 'Alice', mine: false },
  });
  // It passes for nobody: the name of its own node stands beside it, or its key.
  const posing = await viewOf(rig, say(bob, 'Alice'));
  expect(posing).toMatchObject({ author: bob, name: 'Alice', bot: true, node_name: null });
  expect(buildTextLine(posing)).toContain(` Alice (bot of ${bob.slice(0, 8)}): disk full`);
  const plain = await viewOf(rig, rig.say(alice, 'hello'));
  expect(plain).not.toHaveProperty('bot');
  expect(plain).not.toHaveProperty('node_name');
  const nameless = rig.arrive({
    author: alice,
    object: objectOf('text', { text: 'a', bot: true }),
  });
  expect(await viewOf(rig, nameless)).toMatchObject({ name: 'Alice', bot: true });
});
