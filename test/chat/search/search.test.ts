import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import { parseQuery } from '../../../src/chat/search/query.ts';
import { Search, type SearchOptions } from '../../../src/chat/search/search.ts';
import { compareEntries } from '../../../src/chat/timeline/timeline.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import { entryOf, objectOf, room, testKey } from '../rig.ts';

const everything = {
  ...{ groups: undefined, authors: undefined, since: 0, until: Infinity },
  ...{ notGroups: new Set<never>(), notAuthors: new Set<never>() },
};

/** Messages in a store that answers a turn later, and their texts as they are by now. */
class World {
  readonly entries: Entry[] = [];
  readonly texts = new Map<Entry, string | undefined>();
  /** Ends waits at once where set; else a wait ends only with what it waits for. */
  isImpatient = false;
  reads = 0;
  readonly search: Search;

  constructor(limits: SearchOptions['limits'] = { sliceMessages: 2 }) {
    this.search = new Search({
      groups: new Set([room.id]),
      archive: {
        after: async (arrival, limit) => {
          await turn();
          return this.entries.slice(arrival, arrival + limit);
        },
        find: async (id) => {
          await turn();
          return this.entries.find((entry) => toHex(entry.id) === toHex(id));
        },
        timeline: async (_group, before, limit) => {
          this.reads++;
          const sorted = [...this.entries].sort((a, b) => compareEntries(b, a));
          await turn();
          const older = sorted.filter((each) => !before || compareEntries(each, before) < 0);
          return older.slice(0, Math.min(limit, 3));
        },
      },
      latest: () => this.entries.length,
      ready: turn,
      read: (entry) => {
        const text = this.texts.get(entry);
        return text === undefined ? undefined : { text };
      },
      timers: {
        after: (delayMs, callback) => {
          if (delayMs > 0 && !this.isImpatient) return () => undefined;
          const handle = setImmediate(callback);
          return () => {
            clearImmediate(handle);
          };
        },
      },
      limits,
    });
  }

  arrive(text: string | undefined, time: number): void {
    const arrival = this.entries.length + 1;
    const object = objectOf('text', { text: text ?? '' });
    const entry = entryOf({ arrival, time, seq: arrival, author: testKey(1), object });
    this.entries.push(entry);
    this.texts.set(entry, text);
    this.search.arrived([entry]);
  }

  change(at: number, text: string | undefined): void {
    const entry = this.entries[at % Math.max(1, this.entries.length)];
    if (entry === undefined) return;
    this.texts.set(entry, text);
    this.search.touched([{ group: entry.feed.group, id: toHex(entry.id) }]);
  }

  async find(word: string): Promise<{ found: number[]; reached: number }> {
    const query = parseQuery(word, 0);
    const { entries, reached } = await this.search.find(query, everything, undefined, 100);
    return { found: entries.map(({ arrival }) => arrival), reached };
  }

  filter(word: string): number[] {
    return [...this.entries]
      .filter((entry) => this.texts.get(entry)?.split(' ').includes(word) === true)
      .sort((a, b) => compareEntries(b, a))
      .map(({ arrival }) => arrival);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const text = fc.constantFrom('x', 'x y', 'y', undefined);
const time = fc.nat({ max: 20 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('arrive' as const), time, text) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('change' as const), fc.nat({ max: 30 }), text) },
  fc.tuple(fc.constant('ask' as const)),
  fc.tuple(fc.constant('reset' as const)),
  { weight: 2, arbitrary: fc.tuple(fc.constant('turn' as const)) },
);

test('whatever arrives or changes while the index is made, a search finds what a filter finds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = new World({ sliceMessages: 2, touchedMax: 3 });
      for (const [what, at, said] of steps) {
        if (what === 'arrive') world.arrive(said, at);
        else if (what === 'change') world.change(at, said);
        else if (what === 'ask') world.find('x').catch(() => undefined);
        else if (what === 'reset') world.search.reset();
        else await turn();
      }
      expect(await world.find('x')).toEqual({ found: world.filter('x'), reached: 0 });
    }),
    { numRuns: 150 },
  );
});

test('while the index is made, a search answers from its newest part and says how far it goes', async () => {
  const world = new World();
  for (let i = 1; i <= 30; i++) world.arrive('x', i);
  world.isImpatient = true;
  const first = await world.find('x');
  expect(first.found).toEqual(world.filter('x').slice(0, first.found.length));
  expect(first.reached).toBeGreaterThan(1);
  while ((await world.find('x')).reached > 0) await turn();
  expect((await world.find('x')).found).toEqual(world.filter('x'));
});

test('an index is made once, and not before somebody asks', async () => {
  const world = new World();
  for (let i = 1; i <= 5; i++) world.arrive('x', i);
  expect(world.search.size.messages).toBe(0);
  await world.find('x');
  const { reads } = world;
  world.arrive('x', 6);
  expect((await world.find('x')).found).toHaveLength(6);
  expect(world.reads).toBe(reads);
});

test.each([{ messagesMax: 4 }, { bytesMax: 1 }])(
  'an index has no more than %j: the newest are searched, also when more arrive',
  async (bound) => {
    const world = new World({ sliceMessages: 2, ...bound });
    for (let i = 1; i <= 10; i++) world.arrive('x', i);
    for (let i = 11; i <= 30; i++) {
      const { found, reached } = await world.find('x');
      expect(found).toEqual(world.filter('x').slice(0, found.length));
      expect(reached).toBeGreaterThan(0);
      expect(found.length).toBeLessThanOrEqual(5);
      world.arrive('x', i);
    }
  },
);

test('a store that fails fails the search, and the next one begins again', async () => {
  const world = new World();
  world.arrive('x', 1);
  let isBroken = true;
  const { archive, ...rest } = optionsOf(world);
  const search = new Search({
    ...rest,
    archive: {
      ...archive,
      timeline: (...place) =>
        isBroken ? Promise.reject(new Error('broken')) : archive.timeline(...place),
    },
  });
  const ask = () => search.find(parseQuery('x', 0), everything, undefined, 5);
  await expect(ask()).rejects.toThrow('broken');
  isBroken = false;
  await turn();
  expect((await ask()).entries).toHaveLength(1);
});

function optionsOf(world: World): SearchOptions {
  const { entries } = world;
  return {
    groups: new Set([room.id]),
    archive: {
      after: (arrival, limit) => Promise.resolve(entries.slice(arrival, arrival + limit)),
      find: () => Promise.resolve(undefined),
      timeline: (_, before) => Promise.resolve(before === undefined ? [...entries].reverse() : []),
    },
    latest: () => entries.length,
    ready: turn,
    read: () => ({ text: 'x' }),
    timers: { after: () => () => undefined },
  };
}
