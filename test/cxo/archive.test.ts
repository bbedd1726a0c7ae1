import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equal, toHex } from '../../src/bytes.ts';
import { Archive, type Entry, type TimelinePosition } from '../../src/cxo/archive.ts';
import { objectIdOf, rootIdOf, sha256, type MessageId } from '../../src/cxo/ids.ts';
import { storeLimits } from '../../src/cxo/limits.ts';
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import { feedKey, parseRoot, verifyRoot, verifySuccessor, type Root } from '../../src/cxo/root.ts';
import { verifySignature } from '../../src/cxo/sign.ts';
import {
  commitOf,
  FeedBuilder,
  testGroup,
  testIdentity,
  textObject,
  textRoot,
} from '../support/feeds.ts';
import { TailedFeed, together } from '../support/store-tails.ts';
import {
  commitPlan,
  compareMessages,
  StoreModel,
  type ModelMessage,
} from '../support/store-scenarios.ts';

const group = testGroup('archive');
const time = 1_700_000_000_000_000;

interface Named {
  readonly feed: Entry['feed'];
  readonly seq: number;
  readonly index: number;
  readonly id: MessageId;
  readonly time: number;
  readonly arrival: number;
}

function nameOf({ feed, seq, index, id, time, arrival }: Named): string {
  return `${feedKey(feed)} ${seq} ${index} ${toHex(id)} ${time} ${arrival}`;
}

async function readTimeline(archive: Archive, name: string, page: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  let before: TimelinePosition | undefined;
  for (;;) {
    const more = await archive.timeline(testGroup(name), before, page);
    expect(more.length).toBeLessThanOrEqual(page);
    if (more.length === 0) return entries;
    entries.push(...more);
    before = more.at(-1);
  }
}

async function readOnward(archive: Archive, name: string, page: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  let from: TimelinePosition | undefined;
  for (;;) {
    const more = await archive.timelineFrom(testGroup(name), from, page);
    expect(more.length).toBeLessThanOrEqual(page);
    entries.push(...more);
    const last = more.at(-1);
    if (last === undefined) return entries;
    from = { ...last, index: last.index + 1 };
  }
}

async function readArrivals(archive: Archive, page: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (;;) {
    const more = await archive.after(entries.at(-1)?.arrival ?? 0, page);
    expect(more.length).toBeLessThanOrEqual(page);
    if (more.length === 0) return entries;
    entries.push(...more);
  }
}

async function expectModel(archive: Archive, model: StoreModel, page: number): Promise<void> {
  const messages = model.messages();
  const shown = messages.filter(({ arrival, isFirst }) => arrival > 0 && isFirst);
  const byArrival = [...shown].sort((a, b) => a.arrival - b.arrival);
  expect((await readArrivals(archive, page)).map(nameOf)).toEqual(byArrival.map(nameOf));
  for (const name of ['even', 'odd']) {
    const ofGroup = shown.filter(({ feed }) => feed.group === testGroup(name));
    const newestFirst = ofGroup.sort((a, b) => compareMessages(b, a));
    expect((await readTimeline(archive, name, page)).map(nameOf)).toEqual(newestFirst.map(nameOf));
    const onward = await readOnward(archive, name, page);
    expect(onward.map(nameOf)).toEqual(newestFirst.map(nameOf).reverse());
  }
  for (const message of messages) {
    const first = lowest(messages.filter(({ id, isFirst }) => isFirst && equal(id, message.id)));
    const found = await archive.find(message.id);
    expect(found && nameOf(found)).toBe(first && nameOf(first));
  }
  const vouches = messages.filter(({ label, isFirst }) => label === 'vouch' && isFirst);
  const labelled = await archive.labelled('vouch');
  expect(labelled.map(nameOf).sort()).toEqual(vouches.map(nameOf).sort());
}

function lowest(messages: readonly ModelMessage[]): ModelMessage | undefined {
  return [...messages].sort((a, b) => a.feed.head - b.feed.head || a.seq - b.seq)[0];
}

/** Verifies a message with nothing but its proof. */
function verifyProof(proof: NonNullable<Awaited<ReturnType<Archive['proof']>>>): Root {
  const bytes = [proof.root, ...proof.chain];
  const roots = bytes.map((one) => {
    const parsed = parseRoot(one);
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.root;
  });
  for (const [i, next] of roots.entries()) {
    expect(verifyRoot(next)).toEqual({ ok: true });
    const previous = roots[i - 1];
    const previousBytes = bytes[i - 1];
    if (previous === undefined || previousBytes === undefined) continue;
    expect(verifySuccessor(previous, rootIdOf(previousBytes), next)).toEqual({ ok: true });
  }
  const signed = bytes.at(-1) ?? new Uint8Array();
  expect(verifySignature(proof.author, 'root', signed, proof.signature)).toBe(true);
  const root = roots[0];
  if (root === undefined) throw new Error('a proof has a root');
  expect(root.objects.some((id) => equal(id, objectIdOf(proof.object)))).toBe(true);
  return root;
}

describe('the archive', () => {
  test('gives each message exactly once in both orders, in pages of any size', async () => {
    const plans = fc.array(commitPlan, { maxLength: 14 });
    const property = fc.asyncProperty(plans, fc.integer({ min: 1, max: 9 }), async (all, page) => {
      const store = new MemoryStore();
      const model = new StoreModel();
      const archive = new Archive(store, { cacheBytesMax: 20_000 });
      for (const plan of all) {
        await store.commit(model.next(plan).commit);
        // Fills the cache with records that later commits release.
        await archive.after(0, 5);
        for (const { id } of model.messages().slice(-3)) await archive.find(id);
      }
      await expectModel(archive, model, page);
    });
    await fc.assert(property, { numRuns: 60 });
  }, 60_000);

  test('F30 a page in the midst of overlapping records begins exactly behind its end', async () => {
    const store = new MemoryStore();
    const span = storeLimits.spanMax / 2;
    for (let author = 0; author < 5; author++) {
      const feed = new FeedBuilder(testIdentity(author), group);
      const roots = [0, 1, 2, 3].map((i) => textRoot(time + (i * span) / 3 + author, `${i}`));
      await store.commit(commitOf(feed.segment(roots)));
    }
    const archive = new Archive(store);
    const all = await archive.timeline(group, undefined, 100);
    expect(all).toHaveLength(20);
    for (const [i, entry] of all.entries()) {
      const rest = await archive.timeline(group, entry, 100);
      expect(rest).toEqual(all.slice(i + 1));
      const onward = await archive.timelineFrom(group, entry, 100);
      expect(onward.reverse()).toEqual(all.slice(0, i + 1));
    }
  });

  test('a page deep in a long history reads only the records around it', async () => {
    let read = 0;
    class CountingStore extends MemoryStore {
      override records(...parameters: Parameters<MemoryStore['records']>) {
        read++;
        return super.records(...parameters);
      }
    }
    const store = new CountingStore();
    const feed = new FeedBuilder(testIdentity(1), group);
    let at = time;
    for (let i = 0; i < 200; i++) {
      const roots = Array.from({ length: 5 }, () => textRoot((at += storeLimits.spanMax / 4), 'x'));
      await store.commit(commitOf(feed.segment(roots)));
    }
    const middle = { time: time + 500 * (storeLimits.spanMax / 4), feed: feed.feed, seq: 500 };
    const page = await new Archive(store).timeline(group, { ...middle, index: 0 }, 20);
    expect(page.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, i) => 499 - i));
    expect(read).toBeLessThanOrEqual(12);
    read = 0;
    const onward = await new Archive(store).timelineFrom(group, { ...middle, index: 0 }, 20);
    expect(onward.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, i) => 500 + i));
    expect(read).toBeLessThanOrEqual(12);
  });

  test('every message is proved by its object, its root, and the roots up to a signature', async () => {
    const store = new MemoryStore();
    const feed = new FeedBuilder(testIdentity(1), group);
    const segments = [
      feed.segment([textRoot(time, 'a', 'b')]),
      feed.segment([textRoot(time + 1, 'c'), textRoot(time + 2, 'd')], { signed: false }),
      feed.segment([textRoot(time + 3, 'e')], { signed: false }),
      feed.segment([textRoot(time + 4, 'f'), textRoot(time + 5, 'g')]),
    ];
    await store.commit(commitOf(...segments));
    const archive = new Archive(store);
    const chains: number[] = [];
    for (const entry of await archive.after(0, 100)) {
      const proof = await archive.proof(entry.id);
      if (proof === undefined) throw new Error('no proof');
      expect(proof.object).toEqual(entry.object);
      expect(verifyProof(proof).seq).toBe(entry.seq);
      chains.push(proof.chain.length);
    }
    expect(chains).toEqual([0, 0, 4, 3, 2, 1, 0]);
  });

  test('there is no proof of what is unknown, was erased, or waits for a signature', async () => {
    const store = new MemoryStore();
    const feed = new FeedBuilder(testIdentity(1), group);
    const erased = { time, slots: [{ id: objectIdOf(textObject('erased')) }] };
    await store.commit(commitOf(feed.segment([erased])));
    await store.commit(commitOf(feed.segment([textRoot(time + 1, 'x')], { signed: false })));
    const archive = new Archive(store);
    const [first, second] = await archive.after(0, 10);
    if (first === undefined || second === undefined) throw new Error('two messages are stored');
    expect(first.object).toBeUndefined();
    expect(await archive.proof(first.id)).toBeUndefined();
    expect(await archive.proof(second.id)).toBeUndefined();
    expect(await archive.proof(sha256(first.id) as MessageId)).toBeUndefined();
    expect(await archive.find(sha256(first.id) as MessageId)).toBeUndefined();
  });

  /** Withdraws the tail and puts another in its place between two reads of a page. */
  class ChangingStore extends MemoryStore {
    change: (() => Promise<void>) | undefined;

    async #then<T>(rows: T): Promise<T> {
      const { change } = this;
      this.change = undefined;
      await change?.();
      return rows;
    }

    override async arrivals(...parameters: Parameters<MemoryStore['arrivals']>) {
      return this.#then(await super.arrivals(...parameters));
    }

    override async timeline(...parameters: Parameters<MemoryStore['timeline']>) {
      return this.#then(await super.timeline(...parameters));
    }
  }

  test('a page that is read while a tail goes and another comes has no message twice', async () => {
    for (const kind of ['arrivals', 'timeline']) {
      const store = new ChangingStore();
      const archive = new Archive(store);
      const feed = new TailedFeed(1, group);
      const left = (): void => {
        feed.leaveOut([textRoot(time, 'left out'), textRoot(time, 'left out')]);
      };
      left();
      const roots = (...times: readonly number[]) => times.map((at) => textRoot(time + at, 'a'));
      await store.commit(feed.tail(roots(3, 3)));
      store.change = async () => {
        const withdrawal = feed.withdraw();
        left();
        await store.commit(together(withdrawal, feed.tail(roots(2, 3, 4))));
      };
      const page =
        kind === 'arrivals'
          ? await archive.after(0, 10)
          : await archive.timeline(group, undefined, 10);
      expect(store.change).toBeUndefined();
      const arrivals = page.map(({ arrival }) => arrival);
      expect(arrivals.sort()).toEqual([3, 4, 5]);
    }
  });

  test('an object that its author lists again is shown in its first place alone', async () => {
    const store = new MemoryStore();
    const feed = new FeedBuilder(testIdentity(1), group);
    const object = textObject('once');
    const root = (at: number) => ({ time: time + at, slots: [{ object }, { object }] });
    for (let i = 0; i < 3; i++) await store.commit(commitOf(feed.segment([root(i)])));
    const archive = new Archive(store);
    const shown = await archive.after(0, 10);
    expect(shown.map(({ seq, index }) => [seq, index])).toEqual([[1, 0]]);
    expect(await archive.timeline(group, undefined, 10)).toEqual(shown);
    expect(store.latestArrival()).toBe(6);
  });
});
