import { nameless } from '../../../src/chat/people/directory.ts';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import { readReceiptLimits } from '../../../src/chat/limits.ts';
import { buildProfile, buildText } from '../../../src/chat/content/message.ts';
import { buildObject } from '../../../src/cxo/object.ts';
import { objectOf, Rig, room, testKey, testSalt, type RigOptions } from '../rig.ts';

const [alice, bob] = [testKey(1), testKey(2)] as const;

function open(options: RigOptions = {}): Promise<Rig> {
  return Rig.open({ configured: [alice, bob], ...options });
}

async function countsOf({ chat }: Rig): Promise<[number, number]> {
  const { unread, mentions } = await chat.groupView(room.name);
  return [unread, mentions];
}

async function search({ chat }: Rig, line: string): Promise<string[]> {
  const { messages } = await chat.reading.search.find(line, {}, { limit: 50 });
  return messages.map(({ text }) => text);
}

function readNotes({ disk, self }: Rig): number {
  const own = disk.entries.filter(({ feed }) => feed.author === self);
  return own.filter(({ object }) => object && new TextDecoder().decode(object).includes('target'))
    .length;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what arrives is unread until it is marked, and stays read over a restart', async () => {
  const rig = await open();
  rig.arrive({ author: rig.self, object: buildProfile('Carol', testSalt()) });
  rig.say(alice, 'hello');
  const second = rig.say(bob, 'hello @carol');
  rig.say(rig.self, 'I am here');
  expect(await countsOf(rig)).toEqual([2, 1]);
  await rig.chat.markRead(room.name, String(second.arrival - 1), false);
  expect(await countsOf(rig)).toEqual([1, 1]);
  const restarted = await open({ disk: rig.disk });
  expect(await countsOf(restarted)).toEqual([1, 1]);
  expect(await restarted.chat.markRead(room.name, 'now', false)).toMatchObject({ unread: 0 });
  expect(await restarted.chat.markRead(room.name, '0', true)).toMatchObject({ unread: 2 });
});

test('what is there when a node starts for the first time counts as read, once', async () => {
  const old = await open();
  old.say(alice, 'long ago');
  old.disk.local.clear();
  const rig = await open({ disk: old.disk });
  await rig.chat.announce(nameless, []);
  rig.say(alice, 'new');
  expect(await countsOf(rig)).toEqual([1, 0]);
  expect(await countsOf(await open({ disk: rig.disk }))).toEqual([1, 0]);
});

test('what a bot wrote by this node is unread to its people, and what they wrote is not', async () => {
  const rig = await open();
  const object = buildText('disk full', undefined, testSalt(), { bot: 'grafana' });
  rig.arrive({ author: rig.self, object });
  rig.say(rig.self, 'I see');
  expect(await countsOf(rig)).toEqual([1, 0]);
  expect(await rig.chat.markRead(room.name, 'now', false)).toMatchObject({ unread: 0 });
});

test('what is deleted is unread no more, and what an edit names a person in is a mention', async () => {
  const rig = await open();
  rig.arrive({ author: rig.self, object: buildProfile('Carol', testSalt()) });
  const [first, second] = [rig.say(alice, 'one'), rig.say(alice, 'two')];
  expect(await countsOf(rig)).toEqual([2, 0]);
  rig.arrive({ author: alice, object: objectOf('delete', { target: first.id }) });
  rig.arrive({ author: alice, object: objectOf('edit', { target: second.id, text: '@Carol!' }) });
  expect(await countsOf(rig)).toEqual([1, 1]);
  expect(await search(rig, 'one')).toEqual([]);
  expect([await search(rig, 'two'), await search(rig, 'carol')]).toEqual([[], ['@Carol!']]);
});

test('a blocked author is neither shown, counted, searched nor heard of, until unblocked', async () => {
  const rig = await open();
  const { chat } = rig;
  const [theirs, ours] = [rig.say(alice, 'spam word', 1), rig.say(bob, 'good word', 2)];
  const reaction = buildObject(
    { kind: 'reaction', target: ours.id, emoji: '👎', on: true },
    testSalt(),
  );
  rig.arrive({ author: alice, object: reaction });
  const reply = objectOf('text', { text: 're', reply_to: ours.id });
  rig.arrive({ author: alice, object: reply, time: 3 });
  const seen = async () => {
    const { messages } = await chat.conversation.newest({}, 50);
    const { messages: arrived } = await chat.conversation.after('0', {}, 50);
    const { reactions, replies } = await chat.conversation.message(toHex(ours.id));
    const found = await search(rig, 'word');
    const shown = messages.map(({ text }) => text);
    return {
      shown,
      arrived: arrived.length,
      reactions,
      replies,
      found,
      counts: await countsOf(rig),
    };
  };
  const before = await seen();
  expect(before).toMatchObject({
    shown: ['spam word', 'good word', 're'],
    replies: 1,
    counts: [3, 0],
  });
  await chat.blocks.block(alice);
  expect(await seen()).toEqual({
    ...{ shown: ['good word'], arrived: 1, reactions: {}, replies: 0, found: ['good word'] },
    counts: [1, 0],
  });
  rig.say(alice, 'more spam word', 4);
  expect(await search(rig, 'word')).toEqual(['good word']);
  await expect(chat.conversation.message(toHex(theirs.id))).rejects.toMatchObject({
    code: 'unknown-message',
  });
  await chat.conversation.before(toHex(theirs.id), {}, 5);
  await chat.blocks.unblock(alice);
  expect((await seen()).found).toEqual(['more spam word', 'good word', 'spam word']);
  expect((await seen()).reactions).toEqual(before.reactions);
});

test('a search is told who and where, and refuses what nobody is called', async () => {
  const rig = await open();
  rig.arrive({ author: alice, object: buildProfile('Älice', testSalt()) });
  rig.say(alice, 'from her', 1);
  rig.say(rig.self, 'from me', 2);
  expect(await search(rig, 'from:alice')).toEqual(['from her']);
  expect(await search(rig, `from:${alice.slice(0, 8)} her`)).toEqual(['from her']);
  expect(await search(rig, `-from:me in:${room.name}`)).toEqual(['from her']);
  expect(await search(rig, 'from:me from:alice from')).toEqual(['from me', 'from her']);
  await expect(search(rig, 'from:nobody')).rejects.toMatchObject({ code: 'bad-field' });
  await expect(search(rig, 'in:nowhere')).rejects.toMatchObject({ code: 'unknown-group' });
  const { search: pages } = rig.chat.reading;
  const one = await pages.find('from', { group: room.name }, { limit: 1 });
  expect(one).toMatchObject({ more: true, complete: true, searched_from: null });
  const rest = await pages.find('from', { author: alice }, { limit: 1, before: one.next });
  expect([rest.messages[0]?.text, rest.more]).toEqual(['from her', false]);
});

test('the others are told how far was read, at once and then together, and never of a way back', async () => {
  const rig = await open();
  const messages = Array.from({ length: 5 }, () => rig.say(alice, 'x'));
  const mark = async (at: number, back = false) => {
    await rig.chat.markRead(room.name, String(messages[at]?.arrival), back);
    await settle();
  };
  await mark(0);
  expect(readNotes(rig)).toBe(1);
  await mark(1);
  await mark(3);
  await mark(3);
  expect(readNotes(rig)).toBe(1);
  await rig.time.advance(readReceiptLimits.intervalMs, settle);
  expect(readNotes(rig)).toBe(2);
  await rig.time.advance(readReceiptLimits.intervalMs, settle);
  await mark(2, true);
  expect(readNotes(rig)).toBe(2);
  await mark(4);
  expect(readNotes(rig)).toBe(3);
  await mark(0, true);
  await mark(4);
  rig.chat.close();
  await rig.time.advance(readReceiptLimits.intervalMs, settle);
  expect(readNotes(rig)).toBe(3);
});
