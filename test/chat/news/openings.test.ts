import { expect, test } from 'vitest';
import { Openings } from '../../../src/chat/news/openings.ts';
import { roomOfName } from '../../../src/chat/room.ts';
import type { MessageGapView } from '../../../src/chat/view.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import type { GroupId } from '../../../src/cxo/ids.ts';
import { entryOf, objectOf, room, testKey } from '../rig.ts';

const other = roomOfName('other').id;

/** Sealed messages, and the keys that open them one by one. */
class World {
  readonly sealed: Entry[] = [];
  readonly open = new Set<Entry>();
  readonly hidden = new Set<Entry>();
  /** How many were handed on, at each look that had any. */
  readonly applied: number[] = [];
  readonly #told: MessageGapView[] = [];
  readonly #live = { latest: 0 };
  readonly #openings: Openings;

  constructor(lockedMax?: number) {
    this.#openings = new Openings({
      archive: { labelled: () => Promise.resolve([...this.sealed]) },
      live: this.#live,
      isOpen: (entry) => this.open.has(entry),
      isShown: (entry) => !this.hidden.has(entry),
      apply: (entries) => {
        this.applied.push(entries.length);
      },
      tell: (gap) => this.#told.push(gap),
      ...(lockedMax !== undefined && { lockedMax }),
    });
  }

  seal(arrival: number, group: GroupId = room.id): Entry {
    const author = testKey(1);
    const entry = entryOf({ arrival, author, group, seq: arrival, object: objectOf('sealed') });
    this.sealed.push(entry);
    this.#live.latest = Math.max(this.#live.latest, arrival);
    return entry;
  }

  async look(): Promise<MessageGapView[]> {
    await this.#openings.look();
    return this.#told.splice(0);
  }
}

const gap = (after: number, count: number, group: GroupId = room.id): MessageGapView => ({
  ...{ of: 'message', reason: 'opened', group, count },
  after: String(after).padStart(16, '0'),
});

test('messages that a key has opened are told once, a gap for each group', async () => {
  const world = new World();
  const [first, second] = [world.seal(4), world.seal(6)];
  const third = world.seal(5, other);
  expect(await world.look()).toEqual([]);
  world.open.add(first).add(second).add(third);
  expect(await world.look()).toEqual([gap(3, 2), gap(4, 1, other)]);
  expect(await world.look()).toEqual([]);
  expect(world.applied).toEqual([3, 3]);
});

test('what was opened before the first look is told, and is not told with what comes later', async () => {
  const world = new World();
  world.open.add(world.seal(1));
  expect(await world.look()).toEqual([gap(0, 1)]);
  world.open.add(world.seal(2));
  expect(await world.look()).toEqual([gap(1, 1)]);
});

test('what is opened and not shown is no gap, and what is held back is none before it arrives', async () => {
  const world = new World();
  const note = world.seal(1);
  world.open.add(note);
  world.hidden.add(note);
  world.open.add(world.seal(0));
  expect(await world.look()).toEqual([]);
  expect(world.applied).toEqual([1]);
});

test('of more locked messages than are remembered some are told again, and none is left out', async () => {
  const world = new World(2);
  const entries = [1, 2, 3].map((arrival) => world.seal(arrival));
  await world.look();
  for (const [i, entry] of entries.entries()) {
    world.open.add(entry);
    const [told] = await world.look();
    expect(Number(told?.after)).toBeLessThan(entry.arrival);
    expect(told?.count).toBeGreaterThanOrEqual(1);
    expect(told?.count).toBeLessThanOrEqual(i + 1);
  }
  expect(await world.look()).toEqual([]);
});
