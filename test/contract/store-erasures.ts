// What every store promises of objects that are erased, run on each implementation.
import { afterEach, describe, expect, test } from 'vitest';
import { Archive } from '../../src/cxo/archive.ts';
import type { Erasure } from '../../src/cxo/erasure.ts';
import { storeLimits } from '../../src/cxo/limits.ts';
import { rebuildRun, verifySegment } from '../../src/cxo/segment.ts';
import type { Commit, Store } from '../../src/cxo/store.ts';
import {
  commitOf,
  emptyCommit,
  FeedBuilder,
  testGroup,
  testIdentity,
  textObject,
  textRoot,
} from '../support/feeds.ts';
import type { StoreUnderTest } from './store.ts';

const group = testGroup('erasures');
const time = 1_700_000_000_000_000;

export function erasing(...erasures: readonly Erasure[]): Commit {
  return { ...emptyCommit, erasures };
}

export function storeErasuresContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store that erases`, () => {
    let subject: StoreUnderTest | undefined;
    let store: Store;
    let feed: FeedBuilder;
    afterEach(async () => {
      await subject?.remove();
      subject = undefined;
    });

    /** Two records: roots 1 and 2 with two messages each, and root 3. */
    async function open(): Promise<Erasure[]> {
      subject = await make();
      ({ store } = subject);
      feed = new FeedBuilder(testIdentity(1), group);
      const two = feed.segment([textRoot(time, 'a', 'b'), textRoot(time + 1, 'c', 'd')], {
        label: (i) => (i < 2 ? 'noted' : undefined),
      });
      await store.commit(commitOf(two));
      await store.commit(commitOf(feed.segment([textRoot(time + 2, 'e')])));
      const entries = await new Archive(store).after(0, 10);
      return entries.map(({ feed: of, seq, index, id }) => ({ feed: of, seq, index, id }));
    }

    test('an erased object leaves its id in its slot: the chain and the signature hold', async () => {
      const [, second, third] = await open();
      if (second === undefined || third === undefined) throw new Error('there are messages');
      const before = await store.records(feed.feed, 1, Infinity);
      expect(await store.commit(erasing(second, third))).toEqual({
        ...{ records: [], releases: [], erased: 2 },
      });
      for (let i = 0; i < 2; i++) {
        const after = await store.records(feed.feed, 1, Infinity);
        for (const [at, record] of after.entries()) {
          const verified = verifySegment(feed.feed, record.from, record.bytes);
          const whole = before[at];
          const old = whole && rebuildRun(feed.feed, whole.from, whole.bytes, true);
          if (!verified.ok || old?.ok !== true) throw new Error('both are segments');
          expect(verified.run.head).toEqual(old.run.head);
          const ids = (run: typeof old.run) =>
            run.entries.flatMap(({ objects }) => objects.map(({ message }) => message));
          expect(ids(verified.run)).toEqual(ids(old.run));
        }
        const kept = (await new Archive(store).after(0, 10)).map(({ object }) => object?.length);
        expect(kept.map((length) => length === undefined)).toEqual([
          ...[false, true, true, false, false],
        ]);
        subject = await subject?.reopen();
        if (subject !== undefined) ({ store } = subject);
      }
    });

    test('an erased message keeps its places in both orders, and is found by its id', async () => {
      const all = await open();
      const archive = new Archive(store);
      const [before, line] = [
        await archive.after(0, 10),
        await archive.timeline(group, undefined, 10),
      ];
      await store.commit(erasing(...all));
      const places = (entries: typeof before) =>
        entries.map((entry) => ({ ...entry, object: undefined }));
      expect(places(await archive.after(0, 10))).toEqual(places(before));
      expect(places(await archive.timeline(group, undefined, 10))).toEqual(places(line));
      for (const { id, seq, index } of all) {
        expect(await archive.find(id)).toMatchObject({ seq, index, object: undefined });
        expect(await archive.proof(id)).toBeUndefined();
      }
    });

    test('what was read before an erasure is read anew: no cache gives the object again', async () => {
      const [first] = await open();
      if (first === undefined) throw new Error('there is a message');
      const archive = new Archive(store);
      expect((await archive.find(first.id))?.object).toBeDefined();
      const rewrites = store.rewrites();
      await store.commit(erasing(first));
      expect(store.rewrites()).not.toBe(rewrites);
      expect(store.rewrites() % 2).toBe(0);
      expect((await archive.find(first.id))?.object).toBeUndefined();
    });

    test('an erased message is not found by its label any more; others are', async () => {
      const [first] = await open();
      if (first === undefined) throw new Error('there is a message');
      expect(store.labelledCount()).toBe(2);
      await store.commit(erasing(first));
      for (let i = 0; i < 2; i++) {
        expect(store.labelledCount()).toBe(1);
        expect(await store.labelled('noted')).toEqual([{ feed: feed.feed, seq: 1, index: 1 }]);
        subject = await subject?.reopen();
        if (subject !== undefined) ({ store } = subject);
      }
    });

    test('what is not there, has gone, or is another message than was meant, is passed over', async () => {
      const [first, second] = await open();
      if (first === undefined || second === undefined) throw new Error('there are messages');
      await store.commit(erasing(first));
      const before = await store.records(feed.feed, 1, Infinity);
      const rewrites = store.rewrites();
      const stranger = new FeedBuilder(testIdentity(2), group).feed;
      const none = [
        first,
        { ...second, id: first.id },
        { ...second, seq: 99 },
        { ...second, index: 9 },
        { ...second, feed: stranger },
      ];
      expect(await store.commit(erasing(...none))).toMatchObject({ erased: none.length });
      expect(await store.records(feed.feed, 1, Infinity)).toEqual(before);
      expect(store.rewrites()).toBe(rewrites);
    });

    test('a held message is erased where it is, and is shown as erased when its time comes', async () => {
      await open();
      const held = feed.segment([textRoot(time + 3, 'f')], { held: true });
      await store.commit(commitOf(held));
      const [message] = held.record.messages;
      if (message === undefined) throw new Error('there is a message');
      await store.commit(erasing({ feed: feed.feed, ...message }));
      expect(store.held()).toHaveLength(1);
      await store.commit({ ...emptyCommit, releases: [{ feed: feed.feed, from: held.run.from }] });
      const entries = await new Archive(store).after(5, 10);
      expect(entries).toMatchObject([{ id: message.id, object: undefined }]);
    });

    test('local rows are written with an erasure, in one step', async () => {
      const [first] = await open();
      if (first === undefined) throw new Error('there is a message');
      const value = Uint8Array.of(1);
      await store.commit({ ...erasing(first), local: [{ key: 'sweep', value }] });
      expect(await store.findLocal('sweep')).toEqual(value);
    });

    test('an object without content stays: a record never grows by losing one', async () => {
      await open();
      // A kind of one letter and a salt.
      const object = Uint8Array.of(
        ...[0xa2, 0x64, 0x6b, 0x69, 0x6e, 0x64, 0x61, 0x78],
        ...[0x64, 0x73, 0x61, 0x6c, 0x74, 0x50, ...new Uint8Array(16)],
      );
      const built = feed.segment([{ time: time + 4, slots: [{ object }] }]);
      await store.commit(commitOf(built));
      const [message] = built.record.messages;
      if (message === undefined) throw new Error('there is a message');
      await store.commit(erasing({ feed: feed.feed, ...message }));
      expect((await new Archive(store).find(message.id))?.object).toEqual(object);
    });

    test('a commit erases a batch at most, and says how much of what it was given it did', async () => {
      await open();
      const large = Array.from({ length: 12 }, (_, i) => {
        const slots = [1, 2].map(() => ({ object: textObject('x'.repeat(240_000)) }));
        return feed.segment([{ time: time + 10 + i, slots }]);
      });
      for (const segment of large) await store.commit(commitOf(segment));
      let left = large.flatMap(({ record }) =>
        record.messages.map((message) => ({ feed: feed.feed, ...message })),
      );
      let commits = 0;
      while (left.length > 0) {
        const { erased = 0 } = await store.commit(erasing(...left));
        expect(erased).toBeGreaterThan(0);
        left = left.slice(erased);
        commits++;
      }
      expect(commits).toBeLessThan(4);
      const entries = await new Archive(store).after(5, 100);
      expect(entries.filter(({ object }) => object !== undefined)).toEqual([]);
      await store.reclaim();
    });

    test('an erasure beside something else, or of too much, is rejected as a bug', async () => {
      const [first] = await open();
      if (first === undefined) throw new Error('there is a message');
      const next = commitOf(feed.segment([textRoot(time + 5, 'g')]));
      const words = "a commit breaks the store's contract";
      await expect(store.commit({ ...next, erasures: [first] })).rejects.toThrow(words);
      const many = new Array<Erasure>(storeLimits.erasuresMax + 1).fill(first);
      await expect(store.commit(erasing(...many))).rejects.toThrow(words);
      expect((await new Archive(store).find(first.id))?.object).toBeDefined();
    });
  });
}
