// What the members of a group are told of, kept in order while it changes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FeedState } from '../../src/cxo/feed.ts';
import { sha256, type RootId } from '../../src/cxo/ids.ts';
import { publicKeyOfBytes, type PublicKey } from '../../src/identity.ts';
import { anyFeed } from '../../src/sync/groups.ts';
import { Replica } from '../../src/sync/replica.ts';
import { group } from './rig.ts';

const authors = Array.from({ length: 12 }, (_, i) => publicKeyOfBytes(sha256(Uint8Array.of(i))));

function stateOf(author: PublicKey, head: number, seq: number): FeedState {
  const root = sha256(Uint8Array.of(head, seq)) as RootId;
  return {
    feed: { group, author, head },
    head: { seq, root: seq === 0 ? undefined : root, count: seq, time: seq },
    forkedAt: undefined,
  };
}

type Step =
  | { readonly do: 'store'; readonly author: number; readonly head: number; readonly seq: number }
  | { readonly do: 'open'; readonly author: number; readonly head: number }
  | { readonly do: 'fork'; readonly author: number; readonly head: number }
  | { readonly do: 'members'; readonly from: number }
  | { readonly do: 'read' };

const place = { author: fc.nat(11), head: fc.nat(2) };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('store' as const), ...place, seq: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant('open' as const), ...place }),
  fc.record({ do: fc.constant('fork' as const), ...place }),
  fc.record({ do: fc.constant('members' as const), from: fc.nat(4) }),
  fc.record({ do: fc.constant('read' as const) }),
);

test('after any changes the feeds, rows and digest are those of a node that starts with them', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let members = new Set(authors);
      const accepts = ({ author }: { author: PublicKey }): boolean => members.has(author);
      const limitOf = ({ author }: { author: PublicKey }): number | undefined =>
        members.has(author) ? undefined : 2;
      const replica = new Replica([], { accepts, limitOf }, 0);
      for (const one of steps) {
        if (one.do === 'members') {
          members = new Set(authors.slice(one.from));
          replica.membersChanged();
        } else if (one.do === 'read') replica.digest(group);
        else {
          const author = authors[one.author] ?? expect.fail();
          const feed = replica.open({ group, author, head: one.head });
          if (one.do === 'store' && one.seq > feed.stored.seq) {
            feed.stored = stateOf(author, one.head, one.seq).head;
          } else if (one.do === 'fork') feed.forkedAt = 3;
          replica.feedChanged(feed);
        }
      }
      const states = [...replica.all()].map(({ id, stored, forkedAt }) => ({
        ...{ feed: id, head: stored, forkedAt },
      }));
      const fresh = new Replica(states.reverse(), { accepts, limitOf }, 0);
      expect(replica.sharedFeeds(group).rows).toEqual(fresh.sharedFeeds(group).rows);
      expect(replica.digest(group)).toEqual(fresh.digest(group));
      const ids = (of: Replica) => of.shared(group).map(({ id }) => id);
      expect(ids(replica)).toEqual(ids(fresh));
      const known = [...replica.all()].filter(({ id, stored, forkedAt }) => {
        return accepts(id) && (stored.seq > 0 || forkedAt !== undefined);
      });
      expect(new Set(replica.shared(group))).toEqual(new Set(known));
    }),
    { numRuns: 300 },
  );
});

test('the digest stays the same object until something changes', () => {
  const [author = expect.fail()] = authors;
  const replica = new Replica([stateOf(author, 0, 1)], anyFeed, 0);
  const digest = replica.digest(group);
  expect(replica.digest(group)).toBe(digest);
  const feed = replica.open({ group, author, head: 0 });
  feed.stored = stateOf(author, 0, 2).head;
  replica.feedChanged(feed);
  expect(replica.digest(group)).not.toEqual(digest);
});
