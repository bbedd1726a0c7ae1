// Segments that leave objects out: taken where the lack is explained; else others are asked, and where
// nobody has the objects, the feed goes on behind them. A relay cannot strip history, and no node
// that has erased something freezes a feed for the others.
import { expect, test } from 'vitest';
import { Archive } from '../../src/cxo/archive.ts';
import type { Entry } from '../../src/cxo/entry.ts';
import type { Erasure } from '../../src/cxo/erasure.ts';
import { objectIdOf } from '../../src/cxo/ids.ts';
import { storeLimits } from '../../src/cxo/limits.ts';
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { nothingLacks, type Shedding } from '../../src/sync/holes.ts';
import { erasing } from '../contract/store-erasures.ts';
import { commitOf, FeedBuilder, testIdentity, textObject, textRoot } from '../support/feeds.ts';
import { group, linked, Peer, Rig, startWall, Wire } from './rig.ts';

const author = testIdentity(3);
const feed = { group, author: author.publicKey, head: 0 };

/** What a test says is explained, by message; and what is not to be kept. */
class Explained implements Shedding {
  readonly ids = new Set<string>();
  sheddingAll = false;

  add(...erasures: readonly Erasure[]): void {
    for (const { id } of erasures) this.ids.add(id.join());
  }

  mayLack(_feed: unknown, _time: number, id: Uint8Array): boolean {
    return this.sheddingAll || this.ids.has(id.join());
  }

  learn: (entries: readonly Entry[]) => void = () => {
    // Tests tell what is explained.
  };

  sheds(): boolean {
    return true;
  }
}

const keepsAll = nothingLacks;

interface History {
  readonly builder: FeedBuilder;
  readonly segments: ReturnType<FeedBuilder['segment']>[];
  readonly messages: Erasure[];
}

/** Segments of so many roots each; a message in each root. */
function history(...lengths: readonly number[]): History {
  const builder = new FeedBuilder(author, group);
  let seq = 0;
  const segments = lengths.map((length) =>
    builder.segment(
      Array.from({ length }, () => textRoot(startWall - 1_000_000 + ++seq, `root ${seq}`)),
    ),
  );
  const messages = segments.flatMap(({ record }) =>
    record.messages.map((message) => ({ feed, ...message })),
  );
  return { builder, segments, messages };
}

async function holder(
  number: number,
  { segments, messages }: History,
  erasedSeqs: readonly number[] = [],
  shedding: Shedding = keepsAll,
): Promise<Rig> {
  const store = new MemoryStore();
  for (const segment of segments) await store.commit(commitOf(segment));
  const erasures = messages.filter(({ seq }) => erasedSeqs.includes(seq));
  for (let i = 0; i < erasures.length; i += storeLimits.erasuresMax) {
    await store.commit(erasing(...erasures.slice(i, i + storeLimits.erasuresMax)));
  }
  return new Rig(testIdentity(number), { store, shedding }).start();
}

/** The seqs whose objects a node has, in order. */
async function kept(rig: Rig): Promise<number[]> {
  const entries = await new Archive(rig.store).after(0, 100_000);
  return entries
    .filter(({ object }) => object !== undefined)
    .map(({ seq }) => seq)
    .sort((a, b) => a - b);
}

function seqs(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function equalDigests(a: Rig, b: Rig): boolean {
  return a.gossip.overview.behind() + b.gossip.overview.behind() === 0;
}

test('a segment without its objects is refused, and the whole one is taken afterwards', async () => {
  const { rig, peer } = await linked();
  const friend = testIdentity(1);
  const object = textObject('hello', 1);
  const [stripped, whole] = [{ id: objectIdOf(object) }, { object }].map(
    (slot) => new FeedBuilder(friend, group).segment([{ time: startWall, slots: [slot] }]).bytes,
  );
  if (stripped === undefined || whole === undefined) throw new Error('two segments were built');
  await peer.segment(friend.publicKey, 1, stripped);
  expect([rig.dropped('object-missing'), rig.store.latestArrival()]).toEqual([1, 0]);
  await peer.segment(friend.publicKey, 1, whole);
  expect(rig.store.latestArrival()).toBe(1);
});

test('objects whose absence is explained may be lacking: heads are equal, and all is quiet', async () => {
  const told = history(4, 4);
  const explained = new Explained();
  explained.add(...told.messages.filter(({ seq }) => seq === 2));
  const reader = await new Rig(testIdentity(0), { shedding: explained }).start();
  const other = await holder(1, told, [2]);
  const wire = await new Wire([[reader, other]]).open();
  await wire.run();
  expect(reader.seq(author.publicKey)).toBe(8);
  expect(await kept(reader)).toEqual([1, 3, 4, 5, 6, 7, 8]);
  expect(reader.dropped('object-missing')).toBe(0);
  await wire.settle();
  const before = wire.carried.length;
  await wire.settle(4);
  const types = new Set(wire.carried.slice(before).map(({ frame }) => frame.type));
  expect([...types]).toEqual(['check']);
});

test('F24 what one peer lacks is asked of another, and the feed has no gap', async () => {
  const told = history(4, 4, 4);
  const reader = await new Rig(testIdentity(0)).start();
  const poor = await holder(1, told, [2, 6]);
  const rich = await holder(2, told);
  const wire = await new Wire([
    [reader, poor],
    [reader, rich],
  ]).open();
  await wire.run();
  expect(await kept(reader)).toEqual(seqs(1, 12));
  expect(reader.store.find(feed)).toMatchObject({ head: { seq: 12 }, tail: undefined });
  // Nothing was taken from behind the gap meanwhile: it came in its order.
  const entries = await new Archive(reader.store).after(0, 100);
  expect(entries.map(({ seq }) => seq)).toEqual(seqs(1, 12));
  expect(equalDigests(reader, rich)).toBe(true);
});

test('F24 where nobody has an object the feed goes on behind it, and the gap is counted', async () => {
  const told = history(6);
  const reader = await new Rig(testIdentity(0)).start();
  const poor = await holder(1, told, [2, 3]);
  const wire = await new Wire([[reader, poor]]).open();
  await wire.run();
  expect(await kept(reader)).toEqual([4, 5, 6]);
  expect(reader.gossip.overview.behind()).toBe(3);
  // New roots come, live.
  const next = told.builder.segment([textRoot(startWall, 'root 7')]);
  const peer = await new Peer(poor, testIdentity(3), 50).open();
  await peer.hello();
  await peer.segment(author.publicKey, 7, next.bytes);
  await wire.run();
  expect(await kept(reader)).toEqual([4, 5, 6, 7]);
  expect(reader.gossip.overview.behind()).toBe(3);
  // The peer that lacks it is not asked again and again.
  const wants = wire.carried.filter(({ frame }) => frame.type === 'want').length;
  await wire.settle();
  expect(wire.carried.filter(({ frame }) => frame.type === 'want')).toHaveLength(wants);
  expect(reader.dropped('object-missing')).toBe(1);
});

test('F24 a gap closes when somebody comes who has it', async () => {
  const told = history(6, 2);
  const reader = await new Rig(testIdentity(0)).start();
  const poor = await holder(1, told, [3]);
  await (await new Wire([[reader, poor]]).open()).run();
  expect(await kept(reader)).toEqual(seqs(4, 8));
  const rich = await holder(2, told);
  await (await new Wire([[reader, rich]], 5).open()).run();
  expect(await kept(reader)).toEqual(seqs(1, 8));
  expect(reader.store.find(feed)).toMatchObject({ head: { seq: 8 }, tail: undefined });
  expect(reader.gossip.overview.behind()).toBe(0);
});

test('F24 a gap closes when the explanation comes, such as a deletion in the part behind it', async () => {
  const told = history(6, 2);
  const explained = new Explained();
  const reader = await new Rig(testIdentity(0), { shedding: explained }).start();
  const poor = await holder(1, told, [2, 3]);
  const wire = await new Wire([[reader, poor]]).open();
  await wire.run();
  expect(await kept(reader)).toEqual(seqs(4, 8));
  explained.add(...told.messages.filter(({ seq }) => seq === 2));
  await reader.handle({ type: 'explained' });
  await wire.run();
  expect(reader.gossip.overview.behind()).toBe(3);
  explained.add(...told.messages.filter(({ seq }) => seq === 3));
  await reader.handle({ type: 'explained' });
  await wire.run();
  expect(await kept(reader)).toEqual([1, ...seqs(4, 8)]);
  expect(reader.store.find(feed)).toMatchObject({ head: { seq: 8 }, tail: undefined });
  expect(reader.gossip.overview.behind()).toBe(0);
});

test('F24 what explains a gap may stand in the gap: roots that are not taken are learned from', async () => {
  const told = history(6, 2);
  const explained = new Explained();
  const seen: number[] = [];
  explained.learn = (entries) => {
    seen.push(...entries.map(({ seq }) => seq));
    explained.add(...told.messages.filter(({ seq }) => seq === 2 || seq === 5));
  };
  const reader = await new Rig(testIdentity(0), { shedding: explained }).start();
  const poor = await holder(1, told, [2, 5]);
  await (await new Wire([[reader, poor]]).open()).run();
  expect(seen).toContain(3);
  expect(await kept(reader)).toEqual([1, 3, 4, 6, 7, 8]);
  expect(reader.store.find(feed)).toMatchObject({ head: { seq: 8 }, tail: undefined });
});

test('F25 a long stretch that nobody has is passed over in one stream', async () => {
  const long = Array.from({ length: 40 }, () => 50);
  const told = history(...long);
  const reader = await new Rig(testIdentity(0)).start();
  const poor = await holder(1, told, seqs(1, 1510));
  const wire = await new Wire([[reader, poor]]).open();
  await wire.run();
  expect(await kept(reader)).toEqual(seqs(1511, 2000));
  expect(reader.gossip.overview.behind()).toBe(1510);
  expect(wire.carried.filter(({ frame }) => frame.type === 'want').length).toBeLessThan(4);
});

test('a newest part that is there goes on over what nobody has, and the gap below stays asked for', async () => {
  const told = history(3, 3, 3);
  const explained = new Explained();
  const reader = await new Rig(testIdentity(0), { shedding: explained }).start();
  const first = { ...told, segments: told.segments.slice(0, 2) };
  const poor = await holder(1, first, [2]);
  const wire = await new Wire([[reader, poor]]).open();
  await wire.run();
  expect(await kept(reader)).toEqual(seqs(3, 6));
  await wire.close();
  const poorer = await holder(1, told, [2, 8]);
  const later = await new Wire([[reader, poorer]], 9).open();
  await later.settle(2);
  expect(await kept(reader)).toEqual([3, 4, 5, 6, 7, 9]);
  expect(reader.gossip.overview.behind()).toBe(2);
  const rich = await holder(2, first);
  await (await new Wire([[reader, rich]], 20).open()).run();
  expect(await kept(reader)).toEqual([...seqs(1, 7), 9]);
});

test('an own feed comes back as it is: what its author has lost of it is its own affair', async () => {
  const told = history(3, 3);
  const reader = await new Rig(author).start();
  const poor = await holder(1, told, [2]);
  await (await new Wire([[reader, poor]]).open()).run();
  expect(reader.store.find(feed)).toMatchObject({ head: { seq: 6 }, tail: undefined });
  expect(await kept(reader)).toEqual([1, 3, 4, 5, 6]);
});

test('F52 what is not to be kept is not even written, and goes on whole to others', async () => {
  const told = history(1);
  const explained = new Explained();
  explained.add(...told.messages);
  const relay = await new Rig(testIdentity(0), { shedding: explained }).start();
  const behind = await new Rig(testIdentity(2)).start();
  const wire = await new Wire([[relay, behind]]).open();
  await wire.run();
  const peer = await new Peer(relay, author, 50).open();
  await peer.hello();
  await peer.segment(author.publicKey, 1, told.segments[0]?.bytes ?? new Uint8Array());
  await wire.settle();
  expect(relay.seq(author.publicKey)).toBe(1);
  expect(await kept(relay)).toEqual([]);
});

test('F23 F52 what a node has erased it does not ask for, and no peer fills it again', async () => {
  const told = history(4, 4);
  const explained = new Explained();
  const short = await holder(0, told, [], explained);
  const long = await holder(1, told);
  const wire = await new Wire([[short, long]]).open();
  await wire.settle(2);
  explained.sheddingAll = true;
  const erasures = told.messages.slice(0, 6);
  await short.handle({ type: 'erase', ticket: 7, erasures, local: [] });
  expect(short.effects).toContainEqual({ type: 'local-written', ticket: 7 });
  expect(short.effects).toContainEqual({ type: 'withdrawn', bodiesOnly: true });
  await wire.settle();
  await wire.close();
  const again = await new Wire([[short, long]], 9).open();
  await again.settle();
  expect(await kept(short)).toEqual([7, 8]);
  expect(await kept(long)).toEqual(seqs(1, 8));
  expect(again.carried.filter(({ frame }) => frame.type === 'want')).toEqual([]);
  // A peer that pushes the old roots all the same.
  const peer = await new Peer(short, testIdentity(2), 50).open();
  await peer.hello();
  await peer.segment(author.publicKey, 1, told.segments[0]?.bytes ?? new Uint8Array());
  expect([short.dropped('duplicate'), await kept(short)]).toEqual([1, [7, 8]]);
});

test('an erasure that is more than a commit takes is done in several, in turns with posts', async () => {
  const told = history(20);
  const rig = await holder(0, told);
  const commit = rig.store.commit.bind(rig.store);
  const commits: string[] = [];
  rig.store.commit = async (change) => {
    const { erasures } = change;
    commits.push(erasures === undefined ? 'post' : `erase ${erasures.length}`);
    if (erasures === undefined) return commit(change);
    return commit({ ...change, erasures: erasures.slice(0, 8) });
  };
  rig.auto = false;
  await rig.handle({ type: 'erase', ticket: 7, erasures: told.messages, local: [] });
  await rig.post('hello');
  await rig.carryOut();
  expect(commits).toEqual(['erase 20', 'post', 'erase 12', 'erase 4']);
  expect(rig.effects.filter(({ type }) => type === 'local-written')).toHaveLength(1);
  const entries = await new Archive(rig.store).after(0, 100);
  expect(entries.filter(({ object }) => object !== undefined)).toHaveLength(1);
});

test('F56 an erasure that cannot be written is answered so, and the others go on', async () => {
  const told = history(3);
  const rig = await holder(0, told);
  rig.auto = false;
  await rig.handle({ type: 'erase', ticket: 7, erasures: told.messages, local: [] });
  await rig.carryOut('disk-full');
  expect(rig.effects).toContainEqual({ type: 'append-failed', ticket: 7, code: 'disk-full' });
  await rig.handle({ type: 'erase', ticket: 8, erasures: told.messages, local: [] });
  await rig.pass(syncLimits.commitRetryMs + 1);
  await rig.carryOut();
  expect(rig.effects).toContainEqual({ type: 'local-written', ticket: 8 });
  expect(await kept(rig)).toEqual([]);
});

test('requests to erase have a bound, and one too many is refused', async () => {
  const told = history(1);
  const rig = await holder(0, told);
  rig.auto = false;
  for (let ticket = 1; ticket <= syncLimits.erasingMax + 1; ticket++) {
    await rig.handle({ type: 'erase', ticket, erasures: told.messages, local: [] });
  }
  const failed = rig.effects.filter(({ type }) => type === 'append-failed');
  expect(failed).toEqual([
    { type: 'append-failed', ticket: syncLimits.erasingMax + 1, code: 'too-many-requests' },
  ]);
});
