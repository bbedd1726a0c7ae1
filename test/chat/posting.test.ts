import { expect, test, vi } from 'vitest';
import { utf8 } from '../../src/bytes.ts';
import { SkychatError } from '../../src/errors.ts';
import type { PostingRequest } from '../../src/chat/posting.ts';
import { formatCursor } from '../../src/chat/timeline/cursor.ts';
import type { GroupId } from '../../src/cxo/ids.ts';
import { objectOf, Rig, room, testKey } from './rig.ts';

const [alice, bob] = [testKey(1), testKey(2)] as const;

function keyed(key: string, body = 'body'): PostingRequest {
  return { idempotency: { key, body: utf8(body) } };
}

/** Lets everything that can go on without the clock go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

test('F50 an own post comes back once, as one’s own', async () => {
  const rig = await Rig.open();
  const before = rig.chat.conversation.latestCursor();
  const { message, replicated } = await rig.chat.posting.post({ text: 'mine' }, {});
  expect(message).toMatchObject({ mine: true, author: rig.self, text: 'mine', group: room.id });
  expect(replicated).toBe(true);
  const page = await rig.chat.conversation.after(before, {}, 50);
  expect(page.messages).toEqual([message]);
  expect(message.cursor).toBe(formatCursor(1));
  const other = await Rig.open({ self: alice, disk: rig.disk });
  expect(await other.chat.conversation.message(message.id)).toMatchObject({ mine: false });
});

test('two equal texts are two messages', async () => {
  const { posting } = (await Rig.open()).chat;
  const first = await posting.post({ text: 'again' }, {});
  const second = await posting.post({ text: 'again' }, {});
  expect(second.message.id).not.toBe(first.message.id);
});

test('an answer names what it answers; an unknown or malformed id is refused', async () => {
  const rig = await Rig.open();
  const { posting } = rig.chat;
  const { message } = await posting.post({ text: 'question' }, {});
  const reply = await posting.post({ text: 'answer', replyTo: message.id.toUpperCase() }, {});
  expect(reply.message.reply_to).toBe(message.id);
  const appends = rig.appends;
  await expect(posting.post({ text: 'x', replyTo: 'nope' }, {})).rejects.toMatchObject({
    code: 'bad-id',
  });
  await expect(posting.post({ text: 'x', replyTo: testKey(9) }, {})).rejects.toMatchObject({
    code: 'unknown-message',
  });
  expect(rig.appends).toBe(appends);
});

test('an answer that is sent to another group than its question is refused', async () => {
  const rig = await Rig.open();
  const group = testKey(50) as string as GroupId;
  rig.arrive({ author: alice, object: objectOf('text', { text: 'there' }), group });
  const [there] = (await rig.chat.conversation.after('0', {}, 1)).messages;
  await expect(
    rig.chat.posting.post({ text: 'here', group: 'lobby', replyTo: there?.id ?? '' }, {}),
  ).rejects.toMatchObject({ code: 'unknown-message' });
});

test('a post goes to the room by its name or id, and to no group that this node only has stored', async () => {
  const rig = await Rig.open();
  const group = testKey(50) as string as GroupId;
  rig.arrive({ author: alice, object: objectOf('text', { text: 'there' }), group });
  const { posting } = rig.chat;
  expect((await posting.post({ text: 'x', group: 'lobby' }, {})).message.group).toBe(room.id);
  expect((await posting.post({ text: 'x', group: room.id }, {})).message.group).toBe(room.id);
  await expect(posting.post({ text: 'x', group }, {})).rejects.toMatchObject({
    code: 'unknown-group',
  });
});

test('F53 a retry after a lost answer gives the same message again', async () => {
  const rig = await Rig.open();
  const { posting } = rig.chat;
  const first = await posting.post({ text: 'once' }, keyed('k'));
  const retry = await posting.post({ text: 'once' }, keyed('k'));
  expect(first.replayed).toBe(false);
  expect(retry).toEqual({ ...first, replayed: true });
  expect(rig.appends).toBe(1);
  expect((await posting.post({ text: 'once' }, keyed('k2'))).message.id).not.toBe(first.message.id);
});

test('F53 a retry while the first is still under way waits for it, and posts nothing', async () => {
  const rig = await Rig.open();
  let release = (): void => undefined;
  rig.beforeCommit = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  const posts = [1, 2, 3].map(() => rig.chat.posting.post({ text: 'once' }, keyed('k')));
  await settle();
  await expect(rig.chat.posting.post({ text: 'other' }, keyed('k', 'other'))).rejects.toMatchObject(
    { code: 'idempotency-mismatch' },
  );
  release();
  const [first, ...others] = await Promise.all(posts);
  const again = { ...first, replayed: true };
  expect([first?.replayed, ...others]).toEqual([false, again, again]);
  expect(rig.appends).toBe(1);
});

test('F53 a retry after a crash and a restart gives the message of before the crash', async () => {
  const rig = await Rig.open();
  const { message } = await rig.chat.posting.post({ text: 'once' }, keyed('k'));
  const restarted = await Rig.open({ disk: rig.disk });
  const retry = await restarted.chat.posting.post({ text: 'once' }, keyed('k'));
  expect([retry.message, retry.replayed]).toEqual([message, true]);
  expect(restarted.appends).toBe(0);
  await expect(
    restarted.chat.posting.post({ text: 'other' }, keyed('k', 'other')),
  ).rejects.toMatchObject({ code: 'idempotency-mismatch' });
});

test('F53 a key is free again after 24 hours', async () => {
  const rig = await Rig.open();
  const first = await rig.chat.posting.post({ text: 'once' }, keyed('k'));
  await rig.time.advance(24 * 3600 * 1000, settle);
  const second = await rig.chat.posting.post({ text: 'once' }, keyed('k'));
  expect(second.message.id).not.toBe(first.message.id);
  expect(second.replayed).toBe(false);
  expect(rig.disk.local.size).toBe(1);
});

test('F56 a post that the disk refused is posted by its retry', async () => {
  const rig = await Rig.open();
  const full = new SkychatError('disk-full', 'no space left');
  rig.beforeCommit = () => Promise.reject(full);
  const posts = [1, 2].map(() => rig.chat.posting.post({ text: 'once' }, keyed('k')));
  const failed = vi.fn();
  const reserve = vi.spyOn(rig.chat.idempotency, 'reserve');
  reserve.mockReturnValueOnce({ local: () => [], done: () => undefined, failed });
  for (const post of await Promise.allSettled(posts)) {
    expect(post).toEqual({ status: 'rejected', reason: full });
  }
  expect(failed).toHaveBeenCalledOnce();
  expect(rig.disk.local.size + rig.disk.entries.length).toBe(0);
  rig.beforeCommit = () => Promise.resolve();
  await rig.chat.posting.post({ text: 'once' }, keyed('k'));
  expect(rig.disk.entries).toHaveLength(1);
});

test('a bad draft under a key changes nothing, and the key stays free', async () => {
  const rig = await Rig.open();
  await expect(rig.chat.posting.post({ text: '' }, keyed('k'))).rejects.toMatchObject({
    code: 'empty-text',
  });
  await rig.chat.posting.post({ text: 'better' }, keyed('k', 'better'));
  expect(rig.appends).toBe(1);
});

test('a post that asks for two other nodes is answered when the second has it on its disk', async () => {
  const rig = await Rig.open();
  const posting = rig.chat.posting.post({ text: 'important' }, { minPeers: 2 });
  await settle();
  const entry = rig.disk.entries[0];
  if (entry === undefined) throw new Error('the message is on disk before it is replicated');
  expect(rig.chat.posting.waiting).toBe(1);
  rig.acknowledge(entry, alice);
  await settle();
  expect(rig.chat.posting.waiting).toBe(1);
  rig.acknowledge(entry, alice, bob);
  const { message, replicated } = await posting;
  expect(replicated).toBe(true);
  expect(message.delivery.stored).toEqual([alice, bob].sort());
  expect([rig.chat.posting.waiting, rig.time.pending, rig.storedListeners.size]).toEqual([0, 0, 0]);
});

test('a wait for one certain node is not over when others have it', async () => {
  const rig = await Rig.open();
  const posting = rig.chat.posting.post({ text: 'important' }, { storedBy: bob });
  await settle();
  for (const entry of rig.disk.entries) rig.acknowledge(entry, alice);
  await settle();
  expect(rig.chat.posting.waiting).toBe(1);
  for (const entry of rig.disk.entries) rig.acknowledge(entry, alice, bob);
  expect(await posting).toMatchObject({ replicated: true });
  expect(rig.chat.posting.waiting).toBe(0);
});

test('F04 when the time is over the caller learns how far the message came', async () => {
  const rig = await Rig.open();
  const posting = rig.chat.posting.post({ text: 'important' }, { minPeers: 2, timeoutMs: 500 });
  await settle();
  for (const entry of rig.disk.entries) rig.acknowledge(entry, alice);
  await rig.time.advance(500, settle);
  const { message, replicated } = await posting;
  expect(replicated).toBe(false);
  expect(message.delivery.stored).toEqual([alice]);
  expect([rig.chat.posting.waiting, rig.time.pending, rig.storedListeners.size]).toEqual([0, 0, 0]);
});

test('the time is 10 s where none is given, and 60 s at most', async () => {
  const rig = await Rig.open();
  const usual = rig.chat.posting.post({ text: 'a' }, { minPeers: 1 });
  await settle();
  expect(rig.time.next).toBe(10_000);
  const longest = rig.chat.posting.post({ text: 'b' }, { minPeers: 1, timeoutMs: 1e9 });
  await rig.time.advance(10_000, settle);
  expect((await usual).replicated).toBe(false);
  expect(rig.time.next).toBe(50_000);
  await rig.time.advance(50_000, settle);
  expect((await longest).replicated).toBe(false);
});

test('closing answers those who wait, and takes no more posts', async () => {
  const rig = await Rig.open();
  const posting = rig.chat.posting.post({ text: 'important' }, { minPeers: 1 });
  await settle();
  rig.chat.close();
  expect((await posting).replicated).toBe(false);
  expect(rig.time.pending).toBe(0);
  await expect(rig.chat.posting.post({ text: 'late' }, {})).rejects.toMatchObject({
    code: 'closing',
  });
});

test('posts that wait for other nodes are bounded, and one too many is not posted', async () => {
  const rig = await Rig.open();
  const { posting } = rig.chat;
  const posts: Promise<unknown>[] = [];
  while (posts.length < 4096) {
    posts.push(posting.post({ text: 'x' }, { minPeers: 1 }));
    if (posts.length % 512 === 0) await settle();
  }
  await expect(posting.post({ text: 'x' }, { minPeers: 1 })).rejects.toMatchObject({
    code: 'too-many-requests',
  });
  expect(rig.disk.entries).toHaveLength(4096);
  posting.close();
  await Promise.all(posts);
});

test('posts under way are bounded', async () => {
  const rig = await Rig.open();
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  rig.beforeCommit = () => gate;
  const { posting } = rig.chat;
  const posts = Array.from({ length: 1024 }, (_, i) => posting.post({ text: `${i}` }, {}));
  await expect(posting.post({ text: 'one too many' }, {})).rejects.toMatchObject({
    code: 'too-many-requests',
  });
  release();
  await Promise.all(posts);
  expect((await posting.post({ text: 'again' }, {})).message.text).toBe('again');
});
