import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import type { GroupId } from '../../../src/cxo/ids.ts';
import type { Conversation, Selection } from '../../../src/chat/timeline/conversation.ts';
import { formatCursor } from '../../../src/chat/timeline/cursor.ts';
import { liveLimits } from '../../../src/chat/limits.ts';
import { buildVouch, parseContent } from '../../../src/chat/content/message.ts';
import { compareEntries } from '../../../src/chat/timeline/timeline.ts';
import type { Page } from '../../../src/chat/view.ts';
import { objectOf, Rig, room, testKey, testSalt } from '../rig.ts';

const otherGroup = testKey(50) as string as GroupId;
const [alice, bob, carol] = [testKey(1), testKey(2), testKey(3)] as const;

function ids(entries: readonly Entry[]): string[] {
  return entries.map(({ id }) => toHex(id));
}

function idsOf(...pages: readonly Page[]): string[] {
  return pages.flatMap(({ messages }) => messages.map(({ id }) => id));
}

/** Goes on from a cursor until there is no more. */
async function drain(
  conversation: Conversation,
  cursor: string,
  selection: Selection = {},
  limit = 50,
): Promise<string[]> {
  const seen: string[] = [];
  for (let more = true, next = cursor; more;) {
    const page = await conversation.after(next, selection, limit);
    seen.push(...idsOf(page));
    expect(page.messages.length).toBeLessThanOrEqual(limit);
    const isStuck = page.more && Number(page.next) <= Number(next);
    expect(isStuck, 'a page with more behind it moves on').toBe(false);
    ({ more, next } = page);
  }
  return seen;
}

interface Arrival {
  readonly author: number;
  readonly kind: 'text' | 'vouch' | 'poll';
  readonly time: number;
  readonly isOther: boolean;
}

const arrivals: fc.Arbitrary<Arrival[]> = fc.array(
  fc.record({
    author: fc.integer({ min: 1, max: 3 }),
    kind: fc.constantFrom('text' as const, 'text' as const, 'vouch' as const, 'poll' as const),
    time: fc.integer({ min: 1, max: 9 }),
    isOther: fc.boolean(),
  }),
  { maxLength: 25 },
);

const selections: fc.Arbitrary<Selection> = fc.record(
  {
    group: fc.constantFrom<string>(room.id, 'lobby', otherGroup),
    author: fc.constantFrom<string>(alice, bob),
    since: fc.integer({ min: 0, max: 9 }),
  },
  { requiredKeys: [] },
);

function arrive(rig: Rig, { author, kind, time, isOther }: Arrival): Entry {
  const object =
    kind === 'vouch' ? buildVouch([], testSalt()) : objectOf(kind, { text: `t${time}` });
  const group = isOther ? otherGroup : room.id;
  return rig.arrive({ author: testKey(author), object, time, group });
}

/** A room in which both groups have arrived, so that requests may name them. */
async function openRig(before: readonly Arrival[], chunkMax = 1000): Promise<Rig> {
  const first = new Rig();
  first.arrive({ author: carol, object: buildVouch([], testSalt()), group: otherGroup });
  for (const arrival of before) arrive(first, arrival);
  return Rig.open({ disk: first.disk, chunkMax });
}

test('going on from next gives each message exactly once, whatever arrives between and during reads', async () => {
  const limits = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 });
  const chunks = fc.integer({ min: 1, max: 5 });
  await fc.assert(
    fc.asyncProperty(
      arrivals,
      arrivals,
      arrivals,
      limits,
      chunks,
      selections,
      async (before, between, during, pageLimits, chunkMax, selection) => {
        const rig = await openRig(before, chunkMax);
        const later = [...during];
        rig.duringRead = () => {
          const arrival = later.shift();
          if (arrival !== undefined) arrive(rig, arrival);
        };
        const seen: string[] = [];
        let cursor = '0';
        for (const limit of pageLimits) {
          const page = await rig.chat.conversation.after(cursor, selection, limit);
          seen.push(...idsOf(page));
          cursor = page.next;
          const arrival = between.shift();
          if (arrival !== undefined) arrive(rig, arrival);
        }
        seen.push(...(await drain(rig.chat.conversation, cursor, selection, 3)));
        expect(seen).toEqual(ids(selectedOf(rig, selection)));
      },
    ),
  );
});

/** What a reader with the selection should see, in arrival order. */
function selectedOf(rig: Rig, { group, author, since = 0 }: Selection): Entry[] {
  const groupId = group === 'lobby' ? room.id : group;
  return rig.disk.entries.filter(
    (entry) =>
      parseContent(entry.object).type !== 'vouch' &&
      (groupId === undefined || entry.feed.group === groupId) &&
      (author === undefined || entry.feed.author === author) &&
      entry.time >= since,
  );
}

test('a page says more exactly when the next one has a message', async () => {
  await fc.assert(
    fc.asyncProperty(
      arrivals,
      selections,
      fc.integer({ min: 1, max: 4 }),
      async (before, selection, limit) => {
        const { conversation } = (await openRig(before)).chat;
        const page = await conversation.after('0', selection, limit);
        const next = await conversation.after(page.next, selection, limit);
        expect(page.more).toBe(next.messages.length > 0);
        const newest = await conversation.newest(selection, limit);
        const [oldest] = newest.messages;
        if (oldest === undefined) expect(newest.more).toBe(false);
        else {
          const older = await conversation.before(oldest.id, selection, limit);
          expect(newest.more).toBe(older.messages.length > 0);
        }
      },
    ),
  );
});

test('the newest page and what follows its next are each message exactly once, though older ones arrive meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(
      arrivals,
      arrivals,
      selections,
      fc.integer({ min: 1, max: 5 }),
      async (before, during, selection, chunkMax) => {
        const rig = await openRig(before, chunkMax);
        const later = [...during];
        rig.duringRead = () => {
          const arrival = later.shift();
          if (arrival !== undefined) arrive(rig, arrival);
        };
        const page = await rig.chat.conversation.newest(selection, 1000);
        const rest = await drain(rig.chat.conversation, page.next, selection);
        const seen = [...idsOf(page), ...rest];
        expect(seen.sort()).toEqual(ids(selectedOf(rig, selection)).sort());
      },
    ),
  );
});

test('going back page by page gives the whole timeline, all groups merged, each message once', async () => {
  await fc.assert(
    fc.asyncProperty(
      arrivals,
      selections,
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (before, selection, limit, byCursor) => {
        const rig = await openRig(before, 3);
        const { conversation } = rig.chat;
        let page = await conversation.newest(selection, limit);
        const pages = [page];
        while (page.more) {
          const oldest = page.messages[0];
          const position = byCursor && pages.length > 1 ? page.next : (oldest?.id ?? '');
          page = await conversation.before(position, selection, limit);
          pages.unshift(page);
        }
        const expected = selectedOf(rig, selection);
        expect(idsOf(...pages)).toEqual(ids(expected.sort(compareEntries)));
      },
    ),
  );
});

test('going onward page by page gives the whole timeline, all groups merged, each message once', async () => {
  await fc.assert(
    fc.asyncProperty(
      arrivals,
      selections,
      fc.integer({ min: 1, max: 4 }),
      async (before, selection, limit) => {
        const rig = await openRig(before, 3);
        const { conversation } = rig.chat;
        let page = await conversation.from('0', selection, limit);
        const pages = [page];
        while (page.more) {
          page = await conversation.from(page.next, selection, limit);
          pages.push(page);
        }
        const expected = ids(selectedOf(rig, selection).sort(compareEntries));
        expect(idsOf(...pages)).toEqual(expected);
      },
    ),
  );
});

test('before a message and from it on is the whole timeline, the message itself once', async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, selections, fc.nat(), async (before, selection, pick) => {
      const rig = await openRig(before, 3);
      const { conversation } = rig.chat;
      const expected = ids(selectedOf(rig, selection).sort(compareEntries));
      fc.pre(expected.length > 0);
      const id = expected[pick % expected.length] ?? '';
      const older = await conversation.before(id, selection, 1000);
      const newer = await conversation.from(id, selection, 1000);
      expect(idsOf(newer)[0]).toBe(id);
      expect(idsOf(older, newer)).toEqual(expected);
    }),
  );
});

test('F44 two readers both get every message, whichever reads first', async () => {
  const rig = await Rig.open();
  const said = [rig.say(alice, 'one'), rig.say(bob, 'two'), rig.say(alice, 'three')];
  const { conversation } = rig.chat;
  const first = await drain(conversation, '0', {}, 1);
  const second = await drain(conversation, '0', {}, 2);
  expect(first).toEqual(ids(said));
  expect(second).toEqual(ids(said));
});

test('F45 a message that arrived while nobody listened is there for whoever comes later, also after a restart', async () => {
  const rig = await Rig.open();
  const said = rig.say(alice, 'is anybody there?');
  expect(await drain(rig.chat.conversation, '0')).toEqual(ids([said]));
  const restarted = await Rig.open({ disk: rig.disk });
  expect(await drain(restarted.chat.conversation, '0')).toEqual(ids([said]));
});

test('F46 a reader that was away for longer than memory goes back resumes without a gap', async () => {
  const rig = await Rig.open();
  const cursor = formatCursor(rig.say(alice, 'before').arrival);
  const count = liveLimits.entriesMax + 500;
  const missed = Array.from({ length: count }, (_, i) => rig.say(bob, `missed ${i}`));
  expect(await drain(rig.chat.conversation, cursor, {}, 1000)).toEqual(ids(missed));
});

test('F47 a reader that resumes at any message gets the next one and not the same again', async () => {
  const rig = await openRig([]);
  for (let i = 0; i < 6; i++) rig.say(i % 2 === 0 ? alice : bob, `${i}`);
  const { conversation } = rig.chat;
  const all = (await conversation.after('0', {}, 50)).messages;
  for (const [i, { cursor }] of all.entries()) {
    const rest = all.slice(i + 1).map(({ id }) => id);
    expect(await drain(conversation, cursor)).toEqual(rest);
    expect(await drain(conversation, String(Number(cursor)), {}, 1)).toEqual(rest);
  }
  expect(all.map(({ cursor }) => cursor)).toEqual([...all.map(({ cursor }) => cursor)].sort());
});

test('now is behind everything that arrived, and before everything that will', async () => {
  const rig = await Rig.open();
  rig.say(alice, 'old');
  const page = await rig.chat.conversation.after('now', {}, 50);
  expect(page).toEqual({ messages: [], next: rig.chat.conversation.latestCursor(), more: false });
  const fresh = rig.say(alice, 'new');
  expect(await drain(rig.chat.conversation, page.next)).toEqual(ids([fresh]));
});

test('readers at the end cost no read of the store', async () => {
  const rig = await Rig.open();
  const cursor = rig.chat.conversation.latestCursor();
  const said = rig.say(alice, 'to everybody');
  for (let reader = 0; reader < 500; reader++) {
    expect(await drain(rig.chat.conversation, cursor)).toEqual(ids([said]));
  }
  expect(rig.archiveReads).toBe(0);
});

test('what is on disk and not announced yet waits for its announcement', async () => {
  const former = new Rig();
  const old = former.say(alice, 'before');
  const rig = await Rig.open({ disk: former.disk });
  rig.isAnnouncing = false;
  const fresh = rig.say(alice, 'in a commit');
  const { conversation } = rig.chat;
  for (const page of [await conversation.after('0', {}, 50), await conversation.newest({}, 50)]) {
    expect(idsOf(page)).toEqual(ids([old]));
    expect(page).toMatchObject({ next: formatCursor(old.arrival), more: false });
  }
  const beyond = formatCursor(fresh.arrival);
  expect((await conversation.after(beyond, {}, 50)).next).toBe(beyond);
  rig.announce();
  expect(await drain(conversation, '0')).toEqual(ids([old, fresh]));
});

test('arrival ends when something arrived behind the cursor', async () => {
  const rig = await Rig.open();
  const { conversation } = rig.chat;
  const { signal } = new AbortController();
  const waiting = conversation.arrival('now', signal);
  rig.say(alice, 'hello');
  await waiting;
  await conversation.arrival('0', signal);
  await expect(conversation.arrival('99', signal)).rejects.toMatchObject({ code: 'bad-cursor' });
});

test('a page that takes too long to fill ends early, says more, and is gone on from', async () => {
  const rig = await openRig([]);
  for (let i = 0; i < 50; i++) rig.say(alice, `${i}`);
  const wanted = rig.say(bob, 'rare');
  const conversation = rig.conversation({ scanMax: 10, chunkEntriesMax: 4 });
  const first = await conversation.after('0', { author: bob }, 50);
  expect(first).toEqual({ messages: [], next: formatCursor(10), more: true });
  expect(await drain(conversation, '0', { author: bob })).toEqual(ids([wanted]));
});

test('a page back that takes too long to fill ends early, and its next goes on', async () => {
  const rig = await openRig([]);
  const wanted = rig.say(bob, 'rare', 1);
  for (let i = 0; i < 20; i++) rig.say(alice, `${i}`, 10 + i);
  const newest = rig.say(bob, 'last', 100);
  const conversation = rig.conversation({ timelineScanMax: 6 });
  let page = await conversation.before(toHex(newest.id), { author: bob }, 5);
  expect(page).toMatchObject({ messages: [], more: true });
  while (page.messages.length === 0)
    page = await conversation.before(page.next, { author: bob }, 5);
  expect(idsOf(page)).toEqual(ids([wanted]));
});

test('a page onward that takes too long to fill ends early, and its next goes on', async () => {
  const rig = await openRig([]);
  const first = rig.say(bob, 'first', 1);
  for (let i = 0; i < 20; i++) rig.say(alice, `${i}`, 10 + i);
  const wanted = rig.say(bob, 'rare', 100);
  const conversation = rig.conversation({ timelineScanMax: 6 });
  let page = await conversation.from(toHex(first.id), { author: bob }, 5);
  expect(idsOf(page)).toEqual(ids([first]));
  expect(page.more).toBe(true);
  do page = await conversation.from(page.next, { author: bob }, 5);
  while (page.messages.length === 0);
  expect(page.more).toBe(false);
  expect(idsOf(page)).toEqual(ids([wanted]));
});

test('a page of large messages is cut by bytes, and nothing of them is lost', async () => {
  const rig = await openRig([]);
  const said = Array.from({ length: 9 }, (_, i) => rig.say(alice, 'x'.repeat(1000), i + 1));
  const conversation = rig.conversation({ pageBytesMax: 2500 });
  expect((await conversation.after('0', {}, 50)).messages).toHaveLength(3);
  expect((await conversation.newest({}, 50)).messages).toHaveLength(3);
  expect(await drain(conversation, '0')).toEqual(ids(said));
});

test('entries that cannot be read back end the list, and not in a loop', async () => {
  const rig = await openRig([]);
  const said = rig.say(alice, 'whole');
  const conversation = rig.conversation({}, 5);
  const page = await conversation.after('0', {}, 50);
  expect(page).toMatchObject({ next: formatCursor(5), more: false });
  expect(idsOf(page)).toEqual(ids([said]));
});

test.each<[string, () => Selection, string]>([
  ['group', () => ({ group: 'elsewhere' }), 'unknown-group'],
  ['group id', () => ({ group: testKey(77) }), 'unknown-group'],
  ['author', () => ({ author: 'alice' }), 'bad-field'],
])('an unknown %s is refused, not taken for an empty list', async (_, selection, code) => {
  const { conversation } = (await Rig.open()).chat;
  await expect(conversation.after('0', selection(), 50)).rejects.toMatchObject({ code });
  await expect(conversation.newest(selection(), 50)).rejects.toMatchObject({ code });
});

test.each([0, -1, 1001, 1.5, NaN])('a limit of %d is refused', async (limit) => {
  const { conversation } = (await Rig.open()).chat;
  await expect(conversation.after('0', {}, limit)).rejects.toMatchObject({ code: 'bad-field' });
  await expect(conversation.newest({}, limit)).rejects.toMatchObject({ code: 'bad-field' });
});

test('a page before an unknown message, or a bad id or cursor, is refused', async () => {
  const rig = await Rig.open();
  rig.say(alice, 'one');
  const { conversation } = rig.chat;
  await expect(conversation.before(testKey(5), {}, 5)).rejects.toMatchObject({
    code: 'unknown-message',
  });
  await expect(conversation.before('x', {}, 5)).rejects.toMatchObject({ code: 'bad-cursor' });
  await expect(conversation.message('abc')).rejects.toMatchObject({ code: 'bad-id' });
  await expect(conversation.message(testKey(5))).rejects.toMatchObject({ code: 'unknown-message' });
  expect(await conversation.before('0', {}, 5)).toMatchObject({ messages: [], more: false });
});

test('a message that is held back from view is not shown by its id either', async () => {
  const rig = await Rig.open();
  const { id, ...entry } = rig.say(alice, 'from the future');
  rig.disk.entries[0] = { ...entry, id, arrival: 0 };
  await expect(rig.chat.conversation.message(toHex(id))).rejects.toMatchObject({
    code: 'unknown-message',
  });
});
