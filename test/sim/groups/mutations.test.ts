// The checkers of groups can fail: a program that is broken in one place is caught within some seeds.
import { afterEach, expect, test, vi } from 'vitest';
import { Group } from '../../../src/chat/groups/group.ts';
import { Roster } from '../../../src/chat/roster/roster.ts';
import { SortedQueue } from '../../../src/chat/roster/sorted-queue.ts';
import { GroupKeys } from '../../../src/chat/sealing/group-keys.ts';
import type * as ReadersModule from '../../../src/chat/sealing/readers.ts';
import { rememberSignatures } from '../remember-signatures.ts';
import { runGroups } from './run.ts';
import { groupScheduleOf, type GroupSchedule } from './schedule.ts';

type Find = typeof ReadersModule.findReaders;
const broken = vi.hoisted(() => ({
  readers: undefined as ((real: unknown, ...given: unknown[]) => unknown) | undefined,
}));

vi.mock('../../../src/chat/sealing/readers.ts', async (importOriginal) => {
  const real = await importOriginal<typeof ReadersModule>();
  const findReaders: Find = (...given) =>
    broken.readers === undefined
      ? real.findReaders(...given)
      : (broken.readers(real.findReaders, ...given) as ReturnType<Find>);
  return { ...real, findReaders };
});

rememberSignatures();

afterEach(() => {
  vi.restoreAllMocks();
  broken.readers = undefined;
});

function breakReaders(bend: (real: Find, ...given: Parameters<Find>) => ReturnType<Find>): void {
  broken.readers = bend as typeof broken.readers;
}

/** Much of what mutations need to show, and no more nodes than that takes. */
const change: Partial<GroupSchedule> = {
  ...{ operations: 30, texts: 30, partitions: 2, duels: 2, hostiles: 1, invites: 1, crashes: 0 },
  ...{ jumps: 0, notes: 0, groups: [{ encrypted: true, members: 5, admins: 3 }] },
};

/** Admins who act in the halves of a room, over and over, and little else. */
const quarrel: Partial<GroupSchedule> = {
  ...{ operations: 60, texts: 5, partitions: 6, duels: 0, hostiles: 0, invites: 0 },
  groups: [{ encrypted: false, members: 6, admins: 3 }],
};

/** What the checkers say of the first seed that they find anything wrong in. */
async function findCaught(more: Partial<GroupSchedule> = {}, seeds = 8): Promise<string> {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const found = await runGroups({ ...groupScheduleOf(seed, 6), ...change, ...more });
      if (found.length > 0) return found.join('\n');
    } catch (error) {
      return String(error);
    }
  }
  return 'nothing';
}

test('an epoch that somebody has the key of who was removed since', async () => {
  breakReaders((real, roster, known) => {
    const all = new Map(roster.members());
    const everybody = { ...roster, members: () => all, counts: () => true };
    const readers = real(everybody, known);
    const [latest] = known.records
      .filter(({ id }) => known.held.has(id))
      .toSorted((a, b) => b.time - a.time);
    if (latest === undefined) return readers;
    return { ...readers, candidates: [{ record: latest, missing: [] }] };
  });
  expect(await findCaught()).toContain('can read');
}, 120_000);

test('cuts that the view ignores', async () => {
  vi.spyOn(Group.prototype, 'allows').mockReturnValue(true);
  expect(await findCaught()).toContain('which does not count');
}, 120_000);

test('a fold that knows no seniority', async () => {
  const waiting = new WeakMap<SortedQueue<unknown>, unknown[]>();
  const of = (queue: SortedQueue<unknown>): unknown[] => {
    const items = waiting.get(queue) ?? [];
    waiting.set(queue, items);
    return items;
  };
  // Whoever is met first is taken first.
  vi.spyOn(SortedQueue.prototype, 'push').mockImplementation(function (
    this: SortedQueue<unknown>,
    item,
  ) {
    of(this).push(item);
  });
  vi.spyOn(SortedQueue.prototype, 'pop').mockImplementation(function (this: SortedQueue<unknown>) {
    return of(this).shift();
  });
  expect(await findCaught(quarrel)).not.toBe('nothing');
}, 120_000);

test('rules by which no feed ends', async () => {
  vi.spyOn(Roster.prototype, 'limitOf').mockReturnValue(undefined);
  // It shows where something is written behind an end and does not reach everybody: in one of seven.
  expect(await findCaught({}, 24)).not.toBe('nothing');
}, 120_000);

test('history for everybody who comes', async () => {
  let isSealing = false;
  const members = Reflect.get<Roster, 'members'>(Roster.prototype, 'members');
  vi.spyOn(Roster.prototype, 'members').mockImplementation(function (this: Roster) {
    const all = members.call(this);
    if (!isSealing) return all;
    return new Map([...all].map(([key, member]) => [key, { ...member, history: true }]));
  });
  const prepare = Reflect.get<GroupKeys, 'prepare'>(GroupKeys.prototype, 'prepare');
  vi.spyOn(GroupKeys.prototype, 'prepare').mockImplementation(function (this: GroupKeys, moment) {
    isSealing = true;
    const ticket = prepare.call(this, moment);
    isSealing = false;
    return { ...ticket, mayStand: () => true };
  });
  expect(await findCaught()).toContain('sealed without it');
}, 120_000);

test('an epoch of a lower generation that is preferred', async () => {
  breakReaders((real, roster, known) => {
    const readers = real(roster, known);
    const isOwn = ({ record }: (typeof readers.candidates)[number]) => record.issuer === known.own;
    const own = readers.candidates.filter(isOwn);
    return { ...readers, candidates: [...own, ...readers.candidates.toReversed()] };
  });
  expect(await findCaught()).toContain('the next epochs differ');
}, 120_000);

test('and the program as it is passes all of these schedules', async () => {
  expect(await findCaught({}, 3)).toBe('nothing');
  expect(await findCaught(quarrel, 3)).toBe('nothing');
}, 120_000);
