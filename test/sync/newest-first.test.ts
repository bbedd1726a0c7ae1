// A long history: its newest part is here first, the rest is filled in below it, and both become one
// chain; also when it is interrupted anywhere, and when the author has signed two branches.
import { beforeAll, expect, test } from 'vitest';
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import type { Store } from '../../src/cxo/store.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { commitOf, FeedBuilder, testIdentity, textRoot } from '../support/feeds.ts';
import { group, Peer, Rig, startWall, Wire } from './rig.ts';

const author = testIdentity(3);
const length = syncLimits.tailBehindMin + 2000;
const segmentRoots = 200;
const feed = { group, author: author.publicKey, head: 0 };
let segments: ReturnType<FeedBuilder['segment']>[];

function build(upTo: number, builder = new FeedBuilder(author, group), from = 1): typeof segments {
  const built: typeof segments = [];
  for (let seq = from; seq <= upTo; seq += segmentRoots) {
    const count = Math.min(segmentRoots, upTo - seq + 1);
    const roots = Array.from({ length: count }, (_, i) =>
      textRoot(startWall - 1_000_000 + seq + i, `root ${seq + i} ${'.'.repeat(150)}`),
    );
    built.push(builder.segment(roots));
  }
  return built;
}

beforeAll(() => {
  segments = build(length);
});

async function storeOf(...built: typeof segments): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const segment of built) await store.commit(commitOf(segment));
  return store;
}

async function holder(number = 1): Promise<Rig> {
  return new Rig(testIdentity(number), { store: await storeOf(...segments) }).start();
}

/** The seqs of all visible messages, in the order of their arrival. */
async function arrived(store: Store): Promise<number[]> {
  const rows = await store.arrivals(0, 1_000_000);
  return rows.flatMap(({ from, messages }) => Array.from({ length: messages }, (_, i) => from + i));
}

function expectWhole(rig: Rig, seqs: readonly number[]): void {
  expect(rig.store.find(feed)).toMatchObject({ head: { seq: length }, tail: undefined });
  expect(new Set(seqs).size).toBe(length);
  expect(seqs).toHaveLength(length);
  expect(rig.gossip.overview.behind()).toBe(0);
}

test('F27 the newest part comes first, then the history below it, each message once', async () => {
  const reader = await new Rig(testIdentity(0)).start();
  const wire = await new Wire([[reader, await holder()]]).open();
  await wire.run();
  const seqs = await arrived(reader.store);
  expectWhole(reader, seqs);
  expect(seqs.slice(0, syncLimits.tailRoots)).toEqual(
    Array.from({ length: syncLimits.tailRoots }, (_, i) => length - syncLimits.tailRoots + 1 + i),
  );
  expect(seqs.slice(syncLimits.tailRoots)).toEqual(
    Array.from({ length: length - syncLimits.tailRoots }, (_, i) => i + 1),
  );
});

test('while history is filled in, nobody is told of more than the chain', async () => {
  const reader = await new Rig(testIdentity(0)).start();
  const other = await new Rig(testIdentity(2)).start();
  const wire = await new Wire([[reader, await holder()]]).open();
  await wire.run(4);
  expect(reader.store.find(feed)?.tail).toBeDefined();
  const seq = reader.seq(author.publicKey);
  expect(seq).toBeLessThan(length - syncLimits.tailRoots);
  const second = await new Wire([[reader, other]], 7).open();
  const frames = await second.run(2);
  const told = frames.flatMap((frame) => (frame.type === 'have' ? frame.feeds : []));
  for (const one of told) expect(one.seq).toBeLessThanOrEqual(seq);
  await wire.run();
  await second.settle();
  expectWhole(other, await arrived(other.store));
});

test('F25 a node that was stopped anywhere goes on with what it has', async () => {
  const source = await holder();
  for (const turns of [2, 3, 4]) {
    const reader = await new Rig(testIdentity(0)).start();
    const wire = await new Wire([[reader, source]], 100 + turns).open();
    await wire.run(turns);
    await wire.close();
    const before = (await arrived(reader.store)).length;
    const again = await new Rig(testIdentity(0), { store: reader.store }).start();
    const rest = await new Wire([[again, source]], 200 + turns).open();
    await rest.run();
    const seqs = await arrived(again.store);
    expectWhole(again, seqs);
    expect(before).toBeLessThan(length);
  }
});

test('new roots go on to be shown at once, above the gap', async () => {
  const builder = new FeedBuilder(author, group);
  const store = await storeOf(...build(length, builder));
  const source = await new Rig(testIdentity(1), { store }).start();
  const reader = await new Rig(testIdentity(0)).start();
  const wire = await new Wire([[reader, source]]).open();
  await wire.run(4);
  const live = builder.segment([textRoot(startWall, 'live')]);
  const teller = await new Peer(reader, author, 9).open();
  await teller.hello();
  await teller.segment(author.publicKey, length + 1, live.bytes);
  const state = reader.store.find(feed);
  expect(state?.head.seq).toBeLessThan(length - syncLimits.tailRoots);
  expect(state?.tail?.head.seq).toBe(length + 1);
  await wire.run();
  expect(reader.store.find(feed)).toMatchObject({ head: { seq: length + 1 }, tail: undefined });
});

test('a tail of another branch than the chain goes, and the chain goes on', async () => {
  const fork = 17_000;
  const builder = new FeedBuilder(author, group);
  const other = segments.slice(0, fork / segmentRoots);
  builder.head = other.at(-1)?.run.head ?? expect.fail();
  other.push(...build(length + 500, builder, fork + 1));
  const chainSource = await new Rig(testIdentity(1), {
    store: await storeOf(...segments.slice(0, -2)),
  }).start();
  const tailSource = await new Rig(testIdentity(2), { store: await storeOf(...other) }).start();
  const reader = await new Rig(testIdentity(0)).start();
  const tailWire = await new Wire([[reader, tailSource]]).open();
  await tailWire.run(3);
  await tailWire.close();
  expect(reader.store.find(feed)?.tail).toBeDefined();
  const wire = await new Wire([[reader, chainSource]], 50).open();
  await wire.settle();
  const state = reader.store.find(feed);
  expect(state?.tail).toBeUndefined();
  expect(state?.head.seq).toBe(chainSource.seq(author.publicKey));
  const seqs = await arrived(reader.store);
  expect(new Set(seqs).size).toBe(seqs.length);
  expect(seqs).toHaveLength(chainSource.seq(author.publicKey));
});

test('commits that fail in between cost nothing but time', async () => {
  const reader = await new Rig(testIdentity(0)).start();
  const wire = await new Wire([[reader, await holder()]]).open();
  reader.auto = false;
  for (let round = 0; round < 8; round++) {
    await wire.run(5);
    await reader.carryOut(round % 2 === 1 ? 'disk-full' : undefined);
    await reader.pass(3000);
  }
  reader.auto = true;
  await reader.carryOut();
  await wire.settle(8);
  expectWhole(reader, await arrived(reader.store));
});
