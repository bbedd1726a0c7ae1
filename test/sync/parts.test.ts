// A long history from several peers at once, between real engines: no root twice, in order on the
// disk, through the loss of a peer, and from peers that have different amounts of it.
import { beforeAll, expect, test } from 'vitest';
import { countRoots } from '../../src/cxo/segment.ts';
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import type { Frame } from '../../src/sync/frames.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { commitOf, FeedBuilder, testIdentity, textRoot } from '../support/feeds.ts';
import { group, Rig, startWall, Wire } from './rig.ts';

const author = testIdentity(3);
const length = 2 * syncLimits.streamRoots;
/** Signatures at places that are no ends of parts. */
const segmentRoots = 100;
let segments: ReturnType<FeedBuilder['segment']>[];

beforeAll(() => {
  const builder = new FeedBuilder(author, group);
  segments = [];
  for (let seq = 1; seq <= length; seq += segmentRoots) {
    const count = Math.min(segmentRoots, length - seq + 1);
    const roots = Array.from({ length: count }, (_, i) =>
      textRoot(startWall - 1_000_000 + seq + i, `root ${seq + i} ${'.'.repeat(200)}`),
    );
    segments.push(builder.segment(roots));
  }
});

/** An engine that has the feed up to a root, or somewhat less. */
async function holder(number: number, upTo = length): Promise<Rig> {
  const store = new MemoryStore();
  for (const segment of segments.slice(0, Math.floor(upTo / segmentRoots) + 1)) {
    await store.commit(commitOf(segment));
  }
  return new Rig(testIdentity(number), { store }).start();
}

/** How often each root was sent in the frames. */
function timesSent(frames: readonly Frame[]): number[] {
  const times = Array.from({ length: length + 1 }, () => 0);
  for (const frame of frames) {
    if (frame.type !== 'segment') continue;
    const { from } = frame.place;
    const end = from + (countRoots(frame.bytes) ?? 0);
    for (let seq = from; seq < end; seq++) times[seq] = (times[seq] ?? 0) + 1;
  }
  return times.slice(1);
}

function sentBy(wire: Wire, rig: Rig): number {
  return wire.carried.filter(({ from, frame }) => from === rig && frame.type === 'segment').length;
}

test('a long history comes from all that have it, and hardly a root twice', async () => {
  const reader = await new Rig(testIdentity(0)).start();
  const holders = await Promise.all([1, 2, 4].map((number) => holder(number)));
  const wire = await new Wire(holders.map((rig) => [reader, rig] as const)).open();
  const frames = await wire.run();
  expect(reader.seq(author.publicKey)).toBe(length);
  for (const rig of holders) expect(sentBy(wire, rig)).toBeGreaterThan(2);
  // A part ends with a signature, which may stand a segment behind the end that was asked for.
  const times = timesSent(frames);
  expect(times.filter((count) => count > 1).length).toBeLessThan(length * 0.05);
  expect(Math.max(...times)).toBeLessThanOrEqual(2);
  expect(reader.gossip.overview.behind()).toBe(0);
});

test('F25 F29 a peer that leaves in the middle costs what was on its way, no more', async () => {
  const reader = await new Rig(testIdentity(0)).start();
  const [stays, leaves] = await Promise.all([holder(1), holder(2)]);
  const wire = await new Wire([[reader, stays]]).open();
  const second = await new Wire([[reader, leaves]], 2).open();
  await wire.run(2);
  await second.run(3);
  const before = reader.seq(author.publicKey);
  expect(before).toBeLessThan(length);
  await second.close();
  const frames = await wire.run();
  expect(reader.seq(author.publicKey)).toBe(length);
  expect(timesSent(frames).filter((count) => count > 1).length).toBeLessThan(length * 0.05);
});

test('of a peer that has less, only that is asked', async () => {
  const reader = await new Rig(testIdentity(0)).start();
  const all = await holder(1);
  const half = await holder(2, (length * 3) / 4);
  const wire = await new Wire([
    [reader, half],
    [reader, all],
  ]).open();
  await wire.run();
  expect(reader.seq(author.publicKey)).toBe(length);
  expect(sentBy(wire, half)).toBeGreaterThan(0);
  expect(half.dropped('unread')).toBe(0);
});

test('whatever fails to be written in between, all of it comes, and no credit is lost', async () => {
  const reader = await new Rig(testIdentity(0)).start();
  const holders = await Promise.all([1, 2].map((number) => holder(number)));
  const wire = await new Wire(holders.map((rig) => [reader, rig] as const)).open();
  reader.auto = false;
  for (let round = 0; round < 12; round++) {
    await wire.run(10);
    await reader.carryOut(round % 3 === 1 ? 'disk-full' : undefined);
    await reader.pass(2000);
  }
  reader.auto = true;
  await reader.carryOut();
  await wire.settle();
  expect(reader.seq(author.publicKey)).toBe(length);
  expect(reader.gossip.overview.behind()).toBe(0);
});
