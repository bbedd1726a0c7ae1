import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import { Unread } from '../../../src/chat/reading/unread.ts';
import { roomOfName } from '../../../src/chat/room.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import type { GroupId } from '../../../src/cxo/ids.ts';
import { entryOf, objectOf, testKey } from '../rig.ts';

const self = testKey(0);
const groups = [roomOfName('a').id, roomOfName('b').id] as const;
const countMax = 4;

/** Messages, which of them are gone, who is blocked, and a recount of all by the book. */
class World {
  readonly entries: Entry[] = [];
  readonly deleted = new Set<Entry>();
  readonly named = new Set<Entry>();
  readonly blocked = new Set<string>();
  readonly markers = new Map<GroupId, number>(groups.map((group) => [group, 0]));
  /** When the node came into a group; microseconds. */
  readonly since = new Map<GroupId, number>();
  reads = 0;
  readonly unread: Unread;

  constructor(limits = { countMax, touchedMax: 3, roundsMax: 8 }) {
    this.unread = new Unread({
      self,
      groups: new Set(groups),
      archive: {
        after: async (arrival, limit) => {
          this.reads++;
          const entries = this.entries.slice(arrival, arrival + limit);
          await turn();
          return entries;
        },
        find: async (id) => {
          await turn();
          return this.entries.find((entry) => toHex(entry.id) === toHex(id));
        },
      },
      markerOf: (group) => this.markers.get(group),
      since: (group) => this.since.get(group) ?? 0,
      ready: turn,
      latest: () => this.entries.length,
      read: (entry) => {
        if (this.deleted.has(entry) || this.blocked.has(entry.feed.author)) return undefined;
        return { mentions: this.named.has(entry) ? [self] : [] };
      },
      limits,
    });
  }

  arrive(group: number, author: number, isNamed: boolean): Entry {
    const object = objectOf('text', { text: 'x' });
    const arrival = this.entries.length + 1;
    const place = {
      arrival,
      seq: arrival,
      author: testKey(author),
      group: groups[group] as GroupId,
    };
    const entry = entryOf({ ...place, object });
    this.entries.push(entry);
    if (isNamed) this.named.add(entry);
    this.unread.arrived([entry]);
    return entry;
  }

  /** Deleted, or edited so that it names this node. */
  note(at: number, isDeletion: boolean): void {
    const entry = this.entries[at % Math.max(1, this.entries.length)];
    if (entry === undefined) return;
    if (isDeletion) this.deleted.add(entry);
    else this.named.add(entry);
    this.unread.touched([{ group: entry.feed.group, id: toHex(entry.id) }]);
  }

  mark(at: number, share: number): void {
    const group = groups[at] as GroupId;
    const marker = Math.round(share * this.entries.length);
    const before = this.markers.get(group) ?? 0;
    this.markers.set(group, marker);
    if (marker >= before) this.unread.advanced(group, marker);
    else this.unread.forget(group);
  }

  block(author: number): void {
    const key = testKey(author);
    if (!this.blocked.delete(key)) this.blocked.add(key);
    this.unread.forget();
  }

  recount(group: GroupId): { unread: number; mentions: number } {
    const counted = this.entries
      .filter(
        ({ feed, arrival }) => feed.group === group && arrival > (this.markers.get(group) ?? 0),
      )
      .filter(({ feed }) => feed.author !== self && !this.blocked.has(feed.author))
      .filter((entry) => !this.deleted.has(entry))
      .slice(-countMax);
    const mentions = counted.filter((entry) => this.named.has(entry)).length;
    return { unread: counted.length, mentions };
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const groupIndex = fc.nat({ max: groups.length - 1 });
const author = fc.nat({ max: 3 });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constant('arrive' as const), groupIndex, author, fc.boolean()),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constant('note' as const), fc.nat({ max: 40 }), fc.nat({ max: 1 })),
  },
  fc.tuple(fc.constant('mark' as const), groupIndex, fc.double({ min: 0, max: 1, noNaN: true })),
  fc.tuple(fc.constant('block' as const), author),
  { weight: 2, arbitrary: fc.tuple(fc.constant('ask' as const), groupIndex) },
  { weight: 3, arbitrary: fc.constant(['turn'] as const) },
);

test('whatever arrives, is read, blocked or deleted in between, the counts are those of a recount', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 60 }), async (steps) => {
      const world = new World();
      for (const [what, ...values] of steps) {
        const [first, second, third] = values as [number, number, boolean];
        if (what === 'arrive') world.arrive(first, second, third);
        else if (what === 'note') world.note(first, second === 1);
        else if (what === 'mark') world.mark(first, second);
        else if (what === 'block') world.block(first);
        else if (what === 'ask') void world.unread.counts(groups[first] as GroupId);
        else await turn();
      }
      for (const group of groups) {
        expect(await world.unread.counts(group)).toEqual(world.recount(group));
      }
    }),
    { numRuns: 300 },
  );
});

test('all groups are counted in one walk, and what is counted is not read again', async () => {
  const world = new World();
  for (let i = 0; i < 20; i++) world.arrive(i % 2, 1, false);
  const asked = groups.map((group) => world.unread.counts(group));
  expect(await Promise.all(asked)).toEqual(groups.map((group) => world.recount(group)));
  const { reads } = world;
  world.arrive(0, 1, true);
  world.mark(1, 1);
  for (const group of groups) {
    expect(await world.unread.counts(group)).toEqual(world.recount(group));
  }
  expect(world.reads).toBe(reads);
});

test('what is read, or by this node, or in a group that has not begun, is not counted', async () => {
  const world = new World();
  world.arrive(0, 1, false);
  world.mark(0, 1);
  world.arrive(0, 0, true);
  world.markers.delete(groups[1]);
  world.arrive(1, 1, true);
  for (const group of groups) {
    expect(await world.unread.counts(group)).toEqual({ unread: 0, mentions: 0 });
  }
});

test('of more unread messages than are counted, one that goes makes room for an older one', async () => {
  const world = new World();
  for (let i = 0; i < 6; i++) world.arrive(0, 1, i === 1);
  const count = () => world.unread.counts(groups[0]);
  expect(await count()).toEqual({ unread: countMax, mentions: 0 });
  world.note(5, true);
  expect(await count()).toEqual({ unread: countMax, mentions: 1 });
  world.note(4, true);
  expect(await count()).toEqual({ unread: countMax, mentions: 1 });
  world.note(3, true);
  expect(await count()).toEqual({ unread: 3, mentions: 1 });
});

test('what was said before this node came into the group is not unread, whenever it arrives', async () => {
  const world = new World();
  const [group] = groups;
  world.since.set(group, Infinity);
  world.arrive(0, 1, true);
  const behind = world.arrive(0, 1, true);
  expect(await world.unread.counts(group)).toEqual({ unread: 0, mentions: 0 });
  // It finds itself on the roster: the second message is of the time behind its admission.
  world.since.set(group, behind.time);
  expect(await world.unread.counts(group)).toEqual({ unread: 1, mentions: 1 });
  world.since.set(group, behind.time + 1);
  expect(await world.unread.counts(group)).toEqual({ unread: 0, mentions: 0 });
  world.arrive(0, 2, false);
  expect(await world.unread.counts(group)).toEqual({ unread: 1, mentions: 0 });
});
