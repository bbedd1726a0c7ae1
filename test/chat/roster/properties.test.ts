import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseOperation, type RosterChange } from '../../../src/chat/roster/operation.ts';
import { Roster } from '../../../src/chat/roster/roster.ts';
import { allActs, feedNames, genesis, peopleMax, play, shuffled, steps } from './histories.ts';
import { founder, keyOf, Peer, rosterOf, stateOf } from './world.ts';

const keys = Array.from({ length: peopleMax }, (_, number) => keyOf(number));
const runs = { numRuns: Number(process.env['RUNS'] ?? 100) };

test('any part of a history gives one roster, in any order, in any batches, with any of it again', () => {
  fc.assert(
    fc.property(steps(allActs), fc.nat(), fc.nat({ max: 100 }), (given, seed, percent) => {
      const entries = play(given).all.entries();
      const part = entries.filter((_, i) => (i * 7919 + seed) % 100 >= percent);
      const names = feedNames(part);
      const expected = stateOf(rosterOf(genesis, part), names);
      const roster = new Roster(genesis);
      const mixed = shuffled([...part, ...part.slice(0, 5)], seed);
      for (let i = 0; i < mixed.length; i += 1 + (seed % 4)) {
        roster.apply(mixed.slice(i, i + 1 + (seed % 4)));
      }
      expect(stateOf(roster, names)).toEqual(expected);
    }),
    runs,
  );
});

test('F39 without any of the entries that do not count the roster is the same', () => {
  fc.assert(
    fc.property(steps(allActs), fc.nat(), (given, seed) => {
      const entries = play(given).all.entries();
      const names = feedNames(entries);
      const roster = rosterOf(genesis, entries);
      const kept = entries.filter(
        ({ feed, seq }, i) => roster.allows(feed, seq) || (i * 7919 + seed) % 3 === 0,
      );
      expect(stateOf(rosterOf(genesis, kept), names)).toEqual(stateOf(roster, names));
    }),
    runs,
  );
});

test('F38 nodes that take no more than they accept end in one roster, wherever they began', () => {
  fc.assert(
    fc.property(steps(allActs), fc.nat(), (given, seed) => {
      const { peers, all } = play(given);
      const names = feedNames(all.entries());
      const late = new Peer(founder, genesis);
      for (const peer of [...peers, late]) {
        for (let round = seed; peer.pull(all, 1 + (round % 3));) round++;
        expect(stateOf(peer.roster, names)).toEqual(stateOf(all.roster, names));
      }
    }),
    runs,
  );
});

test('the founder is never out, and never anything else', () => {
  fc.assert(
    fc.property(steps(allActs), (given) => {
      expect(play(given).all.roster.roleOf(founder)).toBe('founder');
    }),
    { numRuns: Math.ceil(runs.numRuns / 2) },
  );
});

test('nothing that keys write who were never admins changes more than their own place', () => {
  fc.assert(
    fc.property(steps(allActs), (given) => {
      const { all } = play(given);
      const entries = all.entries();
      const admins = new Set(all.roster.admins());
      const names = feedNames(entries);
      // What is left of the others: leaves, and admissions, which an admin's invite allows.
      const kept = entries.filter(({ feed, object }) => {
        if (admins.has(feed.author)) return true;
        const op = object && parseOperation(object)?.op;
        return op === 'leave' || op === 'admit';
      });
      expect(stateOf(rosterOf(genesis, kept), names)).toEqual(stateOf(all.roster, names));
    }),
    runs,
  );
});

test('what the roster lets an honest member do takes effect, whatever others forge', () => {
  fc.assert(
    fc.property(
      steps(allActs),
      fc.constantFrom(...keys),
      fc.constantFrom(...keys),
      (given, author, key) => {
        // Honest is who did nothing else before.
        const others = given.filter(
          ({ act, actor }) =>
            keyOf(actor) !== author || !['forge', 'replay', 'foreign'].includes(act),
        );
        const { peers } = play(others);
        const peer = peers.find((each) => each.key === author);
        if (peer === undefined) throw new Error('one of them');
        const { roster } = peer;
        // An honest clock is ahead of all that it was shown: what is from the future is held.
        const does = (change: RosterChange): boolean => {
          const isAllowed = roster.check(change, author, peer.clock) === undefined;
          if (isAllowed) peer.issue(change);
          return isAllowed;
        };
        if (does({ op: 'remove', key })) expect(roster.isMember(key)).toBe(false);
        if (does({ op: 'add', key, history: true })) expect(roster.roleOf(key)).toBe('member');
        if (does({ op: 'promote', key })) expect(roster.roleOf(key)).toBe('admin');
        if (does({ op: 'demote', key })) expect(roster.roleOf(key)).toBe('member');
        if (does({ op: 'leave' })) expect(roster.isMember(author)).toBe(false);
      },
    ),
    runs,
  );
});
