// What every store promises of feeds whose newest part comes first, run on each implementation.
import { afterEach, describe, expect, test } from 'vitest';
import { Archive } from '../../src/cxo/archive.ts';
import { messagesOf } from '../../src/cxo/feed.ts';
import type { Commit, Store } from '../../src/cxo/store.ts';
import {
  emptyCommit,
  FeedBuilder,
  testGroup,
  testIdentity,
  textObject,
  textRoot,
  type TestRoot,
} from '../support/feeds.ts';
import { TailedFeed, together } from '../support/store-tails.ts';
import type { StoreUnderTest } from './store.ts';

const group = testGroup('tails');
const time = 1_700_000_000_000_000;

const roots = (at: number, ...texts: readonly string[]): TestRoot[] =>
  texts.map((text, i) => textRoot(time + at + i, text));

export function storeTailsContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store of tails`, () => {
    let subject: StoreUnderTest | undefined;
    let store: Store;
    let feed: TailedFeed;
    afterEach(async () => {
      await subject?.remove();
      subject = undefined;
    });

    /** Roots 1 and 2, then 6 to 8: one record, two left out, two records. */
    async function openWithTail(): Promise<void> {
      subject = await make();
      ({ store } = subject);
      feed = new TailedFeed(1, group);
      await store.commit(feed.next(roots(1, 'a', 'b')));
      feed.leaveOut(roots(3, 'c', 'd'));
      feed.leaveOut(roots(5, 'e'), { signed: false });
      await store.commit(
        feed.tail(roots(6, 'f', 'g'), { label: (i) => (i === 1 ? 'l' : undefined) }),
      );
      await store.commit(feed.tail(roots(8, 'h')));
    }

    async function reopen(): Promise<void> {
      subject = await subject?.reopen();
      if (subject !== undefined) ({ store } = subject);
    }

    async function texts(): Promise<string[]> {
      const entries = await new Archive(store).after(0, 100);
      return entries.map(({ arrival, seq }) => `${arrival}: root ${seq}`);
    }

    test('the tail is told of with the feed, and is there again after a restart', async () => {
      await openWithTail();
      for (let i = 0; i < 2; i++) {
        expect(store.find(feed.feed)).toEqual(feed.state);
        expect(store.find(feed.feed)?.tail).toMatchObject({ from: 6, countBefore: 5 });
        expect(messagesOf(feed.state)).toBe(5);
        await reopen();
      }
    });

    test('records end at the gap, begin behind it, and there are none in it', async () => {
      await openWithTail();
      const found: number[][] = [];
      for (let seq = 0; seq <= 9; seq++) {
        found.push((await store.records(feed.feed, seq, Infinity)).map(({ from }) => from));
      }
      expect(found).toEqual([[], [1], [1], [], [], [], [6, 8], [6, 8], [8], []]);
    });

    test('messages of a tail are in both orders, are found, and are proved', async () => {
      await openWithTail();
      const archive = new Archive(store);
      expect(await texts()).toEqual([1, 2, 6, 7, 8].map((seq, i) => `${i + 1}: root ${seq}`));
      const timeline = await archive.timeline(group, undefined, 10);
      expect(timeline.map(({ seq }) => seq)).toEqual([8, 7, 6, 2, 1]);
      for (const { id, seq } of timeline) {
        expect((await archive.find(id))?.seq).toBe(seq);
        expect(await archive.proof(id)).toBeDefined();
      }
      expect(await store.labelled('l')).toEqual([{ feed: feed.feed, seq: 7, index: 0 }]);
    });

    test('a chain that is filled up to the tail is one with it, and no longer ends in between', async () => {
      await openWithTail();
      await store.commit(feed.fill());
      expect(store.find(feed.feed)).toMatchObject({ head: { seq: 4 }, tail: { from: 6 } });
      await store.commit(feed.fill());
      for (let i = 0; i < 2; i++) {
        const state = store.find(feed.feed);
        expect(state).toEqual(feed.state);
        expect(state).toMatchObject({ head: { seq: 8, count: 8 } });
        expect(state?.tail).toBeUndefined();
        const records = await store.records(feed.feed, 1, Infinity);
        expect(records.map(({ from }) => from)).toEqual([1, 3, 5, 6, 8]);
        await reopen();
      }
      await store.commit(feed.next(roots(9, 'i')));
      // The arrival order is that of the commits.
      const seqs = [1, 2, 6, 7, 8, 3, 4, 5, 9];
      expect(await texts()).toEqual(seqs.map((seq, i) => `${i + 1}: root ${seq}`));
    });

    test('what a signature in the tail vouches for is proved only once they are joined', async () => {
      await openWithTail();
      await store.commit(feed.fill());
      const last = feed.fill();
      const id = last.records[0]?.messages[0]?.id;
      if (id === undefined) throw new Error('the record has a message');
      const archive = new Archive(store);
      expect(await archive.proof(id)).toBeUndefined();
      await store.commit(last);
      expect((await archive.proof(id))?.chain).toHaveLength(2);
    });

    test('a chain does not prove by roots beyond its gap', async () => {
      subject = await make();
      ({ store } = subject);
      feed = new TailedFeed(1, group);
      const unsigned = feed.next(roots(1, 'a'), { signed: false });
      feed.leaveOut(roots(2, 'b'));
      await store.commit(together(unsigned, feed.tail(roots(3, 'c'))));
      const id = unsigned.records[0]?.messages[0]?.id;
      expect(id && (await new Archive(store).proof(id))).toBeUndefined();
    });

    test('a tail that is withdrawn leaves nothing, and its arrival numbers stay unused', async () => {
      await openWithTail();
      const held = feed.tail(roots(9, 'i'), { held: true });
      const id = held.records[0]?.messages[0]?.id;
      await store.commit(held);
      expect(store.held()).toHaveLength(1);
      await store.commit(feed.withdraw());
      for (let i = 0; i < 2; i++) {
        expect(store.find(feed.feed)).toEqual(feed.state);
        expect(await texts()).toEqual(['1: root 1', '2: root 2']);
        expect(await store.timeline(group, 'moments', undefined, 10)).toEqual([]);
        expect(await store.timeline(group, 'spans', undefined, 10)).toHaveLength(1);
        expect(await store.records(feed.feed, 6, 1)).toEqual([]);
        expect(id && (await store.positions(id))).toEqual([]);
        expect(store.labelledCount()).toBe(0);
        expect(await store.labelled('l')).toEqual([]);
        expect(store.held()).toEqual([]);
        expect(store.latestArrival()).toBe(5);
        await reopen();
      }
      expect((await store.commit(feed.next(roots(3, 'x')))).records).toEqual([6]);
      expect(await texts()).toEqual(['1: root 1', '2: root 2', '6: root 3']);
      expect((await store.arrivals(2, 10)).map(({ arrival }) => arrival)).toEqual([6]);
      expect((await store.arrivals(4, 10)).map(({ arrival }) => arrival)).toEqual([6]);
    });

    test('a tail goes and another branch comes in its place, in one commit', async () => {
      await openWithTail();
      const archive = new Archive(store);
      await archive.after(0, 100);
      await archive.timeline(group, undefined, 100);
      const withdrawal = feed.withdraw();
      const chain = feed.next(roots(3, 'x'));
      feed.leaveOut(roots(4, 'y', 'z'));
      // From the same seq on as the tail that went.
      await store.commit(together(withdrawal, chain, feed.tail(roots(6, 'other'))));
      for (let i = 0; i < 2; i++) {
        expect(store.find(feed.feed)).toEqual(feed.state);
        expect(await texts()).toEqual(['1: root 1', '2: root 2', '6: root 3', '7: root 6']);
        await reopen();
      }
    });

    test('nothing that was read before a withdrawal is given again from memory', async () => {
      await openWithTail();
      const archive = new Archive(store);
      const before = await archive.after(0, 100);
      const withdrawal = feed.withdraw();
      await store.commit(together(withdrawal, feed.next(roots(3, 'x', 'y', 'z', 'u'))));
      const [, , gone] = before;
      expect(gone && (await archive.find(gone.id))).toBeUndefined();
      expect((await archive.after(0, 100)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
      const timeline = await archive.timeline(group, undefined, 100);
      expect(timeline.map(({ seq }) => seq)).toEqual([6, 5, 4, 3, 2, 1]);
      expect(timeline.some(({ id }) => gone?.id === id)).toBe(false);
    });

    test('an object that stands in the gap as well is shown in its first place, once it is there', async () => {
      subject = await make();
      ({ store } = subject);
      feed = new TailedFeed(1, group);
      const object = textObject('twice');
      const twice = (at: number): TestRoot[] => [{ time: time + at, slots: [{ object }] }];
      const label = () => 'l';
      feed.leaveOut(twice(1), { label });
      await store.commit(feed.tail([...roots(2, 'a'), ...twice(3)], { label }));
      const archive = new Archive(store);
      expect((await archive.after(0, 10)).map(({ seq }) => seq)).toEqual([2, 3]);
      const rewrites = store.rewrites();
      expect(await store.commit(feed.fill())).toMatchObject({ records: [3], repeats: true });
      expect(store.rewrites()).not.toBe(rewrites);
      for (let i = 0; i < 2; i++) {
        const again = i === 0 ? archive : new Archive(store);
        expect((await again.after(0, 10)).map(({ seq }) => seq)).toEqual([2, 1]);
        expect((await again.timeline(group, undefined, 10)).map(({ seq }) => seq)).toEqual([2, 1]);
        expect((await store.labelled('l')).map(({ seq }) => seq)).toEqual([1, 2]);
        expect(store.labelledCount()).toBe(2);
        await reopen();
      }
    });

    test('a record that is released as its message turns out to stand earlier shows it once', async () => {
      subject = await make();
      ({ store } = subject);
      feed = new TailedFeed(1, group);
      const object = textObject('twice');
      const twice = (at: number): TestRoot[] => [{ time: time + at, slots: [{ object }] }];
      feed.leaveOut(twice(1));
      await store.commit(feed.tail([...roots(2, 'a'), ...twice(3)], { held: true }));
      const releases = [{ feed: feed.feed, from: 2 }];
      const answer = await store.commit({ ...feed.fill(), releases });
      expect(answer).toEqual({ records: [1], releases: [2], repeats: true });
      for (let i = 0; i < 2; i++) {
        expect(await texts()).toEqual(['1: root 1', '2: root 2']);
        await reopen();
      }
    });

    test('an object of a tail that goes may come again with the same commit', async () => {
      subject = await make();
      ({ store } = subject);
      feed = new TailedFeed(1, group);
      const object = textObject('again');
      const again = (at: number): TestRoot[] => [{ time: time + at, slots: [{ object }] }];
      const label = () => 'l';
      await store.commit(feed.next(roots(1, 'a')));
      feed.leaveOut(roots(2, 'left out'));
      const tail = feed.tail(again(3), { label });
      const id = tail.records[0]?.messages[0]?.id;
      if (id === undefined) throw new Error('the record has a message');
      await store.commit(tail);
      const withdrawal = feed.withdraw();
      const answer = await store.commit(together(withdrawal, feed.next(again(2), { label })));
      expect(answer).toEqual({ records: [3], releases: [] });
      for (let i = 0; i < 2; i++) {
        expect(await store.positions(id)).toEqual([{ feed: feed.feed, seq: 2, index: 0 }]);
        expect(await store.labelled('l')).toEqual([{ feed: feed.feed, seq: 2, index: 0 }]);
        expect(store.labelledCount()).toBe(1);
        expect(await texts()).toEqual(['1: root 1', '3: root 2']);
        await reopen();
      }
    });

    test('a message of the chain that a tail has again is still found once the tail is gone', async () => {
      subject = await make();
      ({ store } = subject);
      feed = new TailedFeed(1, group);
      const object = textObject('first in the chain');
      const root = (at: number): TestRoot[] => [{ time: time + at, slots: [{ object }] }];
      const label = () => 'l';
      await store.commit(feed.next(root(1), { label }));
      feed.leaveOut(roots(2, 'left out'));
      expect(await store.commit(feed.tail(root(3), { label }))).toMatchObject({ repeats: true });
      await store.commit(feed.withdraw());
      for (let i = 0; i < 2; i++) {
        const [entry] = await new Archive(store).after(0, 10);
        const place = { feed: feed.feed, seq: 1, index: 0 };
        expect(entry).toMatchObject(place);
        expect(entry && (await store.positions(entry.id))).toEqual([place]);
        expect(await store.labelled('l')).toEqual([place]);
        expect(store.labelledCount()).toBe(1);
        await reopen();
      }
    });

    test('commits that are handed over together may begin, fill and withdraw one tail', async () => {
      subject = await make();
      ({ store } = subject);
      feed = new TailedFeed(1, group);
      feed.leaveOut(roots(1, 'a'));
      feed.leaveOut(roots(2, 'b'));
      const commits = [feed.tail(roots(3, 'c')), feed.fill(), feed.withdraw()];
      commits.push(feed.next(roots(2, 'x')));
      feed.leaveOut(roots(3, 'y'));
      commits.push(feed.tail(roots(4, 'z')), feed.fill());
      const answers = await Promise.all(commits.map((commit) => store.commit(commit)));
      expect(answers.map(({ records }) => records[0])).toEqual([1, 2, undefined, 3, 4, 5]);
      for (let i = 0; i < 2; i++) {
        expect(store.find(feed.feed)).toEqual(feed.state);
        expect(await texts()).toEqual(['2: root 1', '3: root 2', '4: root 4', '5: root 3']);
        const rows = await store.arrivals(0, 10);
        expect(rows.map(({ arrival }) => arrival)).toEqual([2, 3, 4, 5]);
        await reopen();
      }
    });

    const broken: [string, (feed: TailedFeed) => Commit][] = [
      ['a second tail', (one) => (one.tail(roots(9, 'i')), one.tail(roots(10, 'j')))],
      ['a tail that ends without a signature', (one) => one.tail(roots(9, 'i'), { signed: false })],
      [
        'a chain that runs over the tail',
        (one) => {
          const filling = one.fill();
          const over = new FeedBuilder(testIdentity(1), group);
          over.head = one.state.head;
          const { record } = over.segment(roots(5, 'e', 'f', 'g', 'h'));
          const head = one.state.tail?.head ?? one.state.head;
          const state = { ...one.state, head, tail: undefined };
          return together(filling, { ...emptyCommit, records: [record], states: [state] });
        },
      ],
      [
        'a join that the state does not tell of',
        (one) => {
          const before = one.state;
          return { ...together(one.fill(), one.fill()), states: [before] };
        },
      ],
      [
        'a tail that moves without records',
        ({ state }) => {
          const { tail } = state;
          const moved = tail && { ...tail, head: { ...tail.head, count: tail.head.count + 1 } };
          return { ...emptyCommit, states: [{ ...state, tail: moved }] };
        },
      ],
      [
        'a tail that is forgotten without being withdrawn',
        ({ state }) => ({ ...emptyCommit, states: [{ ...state, tail: undefined }] }),
      ],
      [
        'a withdrawal that the state does not tell of',
        ({ state }) => ({ ...emptyCommit, states: [state], withdrawn: [state.feed] }),
      ],
      ['a tail that is withdrawn twice', (one) => together(one.withdraw(), one.withdraw())],
      ['the withdrawal of a tail that is not there', () => new TailedFeed(2, group).withdraw()],
      [
        'a record that does not name the root before it',
        (one) => {
          const other = new TailedFeed(1, group);
          other.next(roots(1, 'another', 'branch'));
          const record = other.next(roots(3, 'x')).records;
          const head = { ...one.state.head, seq: 3 };
          return { ...emptyCommit, records: record, states: [{ ...one.state, head }] };
        },
      ],
    ];
    test.each(broken)('%s is rejected as a bug, and changes nothing', async (_, build) => {
      await openWithTail();
      const before = feed.state;
      await expect(store.commit(build(feed))).rejects.toThrow(
        "a commit breaks the store's contract",
      );
      expect(store.find(feed.feed)).toEqual(before);
      expect(store.feeds()).toHaveLength(1);
      expect(await texts()).toHaveLength(5);
    });

    test('a record that goes with its tail is not released', async () => {
      await openWithTail();
      const held = feed.tail(roots(9, 'i'), { held: true });
      await store.commit(held);
      const releases = [{ feed: feed.feed, from: 9 }];
      await expect(store.commit({ ...feed.withdraw(), releases })).rejects.toThrow(
        "a commit breaks the store's contract",
      );
      expect(store.held()).toHaveLength(1);
    });
  });
}
