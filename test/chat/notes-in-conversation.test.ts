import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../src/bytes.ts';
import type { Entry } from '../../src/cxo/archive.ts';
import type { Conversation } from '../../src/chat/timeline/conversation.ts';
import { formatCursor } from '../../src/chat/timeline/cursor.ts';
import {
  buildAck,
  buildDeletion,
  buildEdit,
  buildHide,
  buildPin,
  buildReaction,
} from '../../src/chat/notes/note-content.ts';
import type { MessageEventView, Page } from '../../src/chat/view.ts';
import { alice, bob, carol, NotingWorld, self } from './noting-world.ts';
import { testKey } from './rig.ts';

const hex = ({ id }: Entry): string => toHex(id);
const texts = ({ messages }: Page): string[] => messages.map(({ text }) => text);

async function drainEvents(conversation: Conversation, cursor: string, limit: number) {
  const seen: MessageEventView[] = [];
  for (let more = true, next = cursor; more;) {
    const page = await conversation.eventsAfter(next, {}, limit);
    seen.push(...page.events.filter((event) => event.event !== 'gap'));
    ({ next, more } = page);
  }
  return seen;
}

test('F46 F47 each message and each note that counts is told once, from whatever cursor, also after a restart', async () => {
  const acts = fc.array(
    fc.tuple(
      fc.constantFrom('say', 'edit', 'react', 'pin', 'delete', 'hide'),
      fc.integer({ min: 0, max: 4 }),
      fc.constantFrom(alice, bob, carol),
    ),
    { maxLength: 25 },
  );
  await fc.assert(
    fc.asyncProperty(acts, fc.integer({ min: 1, max: 4 }), async (all, limit) => {
      const world = new NotingWorld();
      const said: Entry[] = [world.say(alice, 'first')];
      const expected = [`${said[0]?.arrival} message ${hex(said[0] as Entry)}`];
      for (const [act, at, by] of all) {
        const target = said[at % said.length] as Entry;
        const isOwn = by === target.feed.author;
        if (act === 'say') {
          const entry = world.say(by, 'more');
          said.push(entry);
          expected.push(`${entry.arrival} message ${hex(entry)}`);
          continue;
        }
        const { id } = target;
        const [fields, counts] = {
          edit: [buildEdit(id, 'x'), isOwn] as const,
          react: [buildReaction(id, '👍', true), true] as const,
          pin: [buildPin(id, true), true] as const,
          delete: [buildDeletion(id, []), isOwn] as const,
          hide: [buildHide(id, true), by === carol] as const,
        }[act];
        const { arrival } = world.arrive(by, fields);
        const name = act === 'react' ? 'reaction' : act;
        if (counts) expected.push(`${arrival} ${name} ${hex(target)}`);
      }
      for (const { conversation } of [world, world.restart(bob)]) {
        for (const cursor of [0, said.length, all.length]) {
          const events = await drainEvents(conversation, formatCursor(cursor), limit);
          const seen = events.map((one) => `${Number(one.cursor)} ${one.event} ${one.message.id}`);
          const rest = expected.filter((line) => Number(line.split(' ')[0]) > cursor);
          expect(seen).toEqual(rest);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test('a note that came before its message is not told: the message is told with it', async () => {
  const early = new NotingWorld();
  const message = early.say(alice, 'late');
  const world = new NotingWorld();
  world.arrive(bob, buildReaction(message.id, '👍', true));
  world.arrive(bob, buildReaction(message.id, '👎', true));
  expect(await drainEvents(world.conversation, '0', 1)).toEqual([]);
  const { author } = message.feed;
  world.rig.isAnnouncing = false;
  const object = message.object;
  world.rig.arrive({ author, object });
  const { conversation } = world.restart();
  const events = await drainEvents(conversation, '0', 1);
  expect(events).toMatchObject([
    { event: 'message', message: { reactions: { '👍': [bob], '👎': [bob] } } },
  ]);
});

test('an event shows the message as it is now, under the cursor of the note', async () => {
  const world = new NotingWorld();
  const message = world.say(alice, 'one');
  const edit = world.arrive(alice, buildEdit(message.id, 'two'));
  const events = await drainEvents(world.conversation, formatCursor(message.arrival), 9);
  const now = await world.conversation.message(hex(message));
  expect(events).toEqual([{ event: 'edit', cursor: formatCursor(edit.arrival), message: now }]);
  expect(now.cursor).toBe(formatCursor(message.arrival));
});

test('readers at the end share one look for the message of a note', async () => {
  const world = new NotingWorld();
  const message = world.say(alice, 'one');
  const { latest } = { latest: formatCursor(message.arrival) };
  world.arrive(alice, buildEdit(message.id, 'two'));
  const { archiveReads } = world.rig;
  for (let reader = 0; reader < 50; reader++) {
    expect(await drainEvents(world.conversation, latest, 9)).toHaveLength(1);
  }
  expect(world.rig.archiveReads).toBe(archiveReads);
});

test('lists of messages have no notes in them', async () => {
  const world = new NotingWorld();
  const message = world.say(alice, 'one');
  world.arrive(alice, buildEdit(message.id, 'two'));
  world.arrive(bob, buildReaction(message.id, '👍', true));
  for (const page of [
    await world.conversation.after('0', {}, 9),
    await world.conversation.newest({}, 9),
  ]) {
    expect(texts(page)).toEqual(['two']);
    expect(page).toMatchObject({ next: formatCursor(3), more: false });
  }
});

test('answers come newest last, page by page back, without those that are deleted', async () => {
  const world = new NotingWorld();
  const question = world.say(alice, 'who?');
  const answers = Array.from({ length: 7 }, (_, i) => {
    world.say(bob, `noise ${i}`);
    return world.say(i % 2 === 0 ? bob : carol, `${i}`, { replyTo: question.id });
  });
  world.arrive(bob, buildDeletion(answers[4]?.id ?? question.id, []));
  const { conversation } = world.restart();
  const id = hex(question);
  const newest = await conversation.replies(id, undefined, 3);
  expect(texts(newest)).toEqual(['3', '5', '6']);
  expect(newest.more).toBe(true);
  const older = await conversation.replies(id, newest.messages[0]?.id, 2);
  expect(texts(older)).toEqual(['1', '2']);
  const oldest = await conversation.replies(id, older.next, 9);
  expect([texts(oldest), oldest.more]).toEqual([['0'], false]);
  expect(await conversation.message(id)).toMatchObject({ replies: 6 });
  expect(await conversation.replies(hex(answers[0] as Entry), undefined, 9)).toMatchObject({
    ...{ messages: [], more: false },
  });
  await expect(conversation.replies(testKey(9), undefined, 9)).rejects.toMatchObject({
    code: 'unknown-message',
  });
});

test('needs_ack lists what asks the key, by name or all, until it has answered', async () => {
  const world = new NotingWorld();
  world.say(alice, 'asks nobody');
  const all = world.say(alice, 'all', { ack: true });
  world.say(alice, 'only @carol', { ack: true });
  world.say(carol, '@alice', { ack: true });
  const own = world.say(self, 'own', { ack: true });
  const gone = world.say(bob, 'gone', { ack: true });
  world.arrive(bob, buildDeletion(gone.id, []));
  const { conversation } = world;
  const list = async (needsAck: string) => texts(await conversation.newest({ needsAck }, 9));
  expect(await list('me')).toEqual(['all']);
  expect(await list(carol)).toEqual(['all', 'only @carol', 'own']);
  expect(await list(alice)).toEqual(['@alice', 'own']);
  world.arrive(carol, buildAck(all.id));
  expect(await list(carol)).toEqual(['only @carol', 'own']);
  const page = await conversation.before(hex(own), { needsAck: carol }, 9);
  expect(texts(page)).toEqual(['only @carol']);
  expect(texts(await conversation.after('0', { needsAck: carol }, 9))).toEqual([
    'only @carol',
    'own',
  ]);
  await expect(conversation.newest({ needsAck: 'you' }, 9)).rejects.toMatchObject({
    code: 'bad-field',
  });
});

test('pinned lists what is pinned, in the order of the timeline', async () => {
  const world = new NotingWorld();
  const said = [world.say(alice, 'a'), world.say(bob, 'b'), world.say(alice, 'c')] as const;
  world.say(alice, 'd');
  for (const { id } of said.toReversed()) world.arrive(carol, buildPin(id, true));
  world.arrive(bob, buildPin(said[1].id, false));
  const { conversation } = world.restart();
  const page = await conversation.newest({ pinned: true }, 1);
  expect([texts(page), page.more]).toEqual([['c'], true]);
  const older = await conversation.before(page.messages[0]?.id ?? '', { pinned: true }, 9);
  expect([texts(older), older.more]).toEqual([['a'], false]);
  expect(texts(await conversation.newest({ pinned: true, author: bob }, 9))).toEqual([]);
});

test('a list that takes long to fill ends early and says more', async () => {
  const world = new NotingWorld({ limits: { listedScanMax: 3 } });
  for (let i = 0; i < 9; i++) {
    const { id } = world.say(alice, `${i}`, { ack: true });
    if (i > 0) world.arrive(self, buildAck(id));
  }
  const { conversation } = world;
  const first = await conversation.newest({ needsAck: 'me' }, 9);
  expect([texts(first), first.more]).toEqual([[], true]);
});
