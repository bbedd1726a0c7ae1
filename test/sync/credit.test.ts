// Flow control: what is on its way to a peer's disk is bounded by that peer, and what is asked for
// arrives all the same.
import { expect, test } from 'vitest';
import { FeedBuilder, testIdentity, textObject } from '../support/feeds.ts';
import { segmentLimits } from '../../src/cxo/limits.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { everything } from '../../src/sync/ranges.ts';
import { group, linked, Peer, rootsOf, startWall, type FrameOf, type Rig } from './rig.ts';

const [self, friend, third] = [testIdentity(0), testIdentity(1), testIdentity(2)];

/** A node with own history of `messages` times 10,000 bytes, and a peer that has none of it. */
async function withHistory(messages: number, window: number): Promise<{ rig: Rig; peer: Peer }> {
  const { rig, peer } = await linked();
  for (let i = 0; i < messages; i++) await rig.post('x'.repeat(10_000));
  await peer.close();
  await peer.open();
  await peer.hello({ window });
  rig.sent();
  return { rig, peer };
}

function bytesOf(segments: readonly FrameOf<'segment'>[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

test('a sender never passes its credit by more than one segment, and goes on with more', async () => {
  const { rig, peer } = await withHistory(100, 200_000);
  await peer.want(self.publicKey, 1);
  let segments = rig.sentOf('segment');
  let [limit, sent] = [200_000, 0];
  while (segments.length > 0) {
    const largest = Math.max(...segments.map(({ bytes }) => bytes.length));
    sent += bytesOf(segments);
    expect(sent).toBeLessThan(limit + largest);
    expect(segments.at(-1)?.sent).toBe(sent);
    limit = sent + 150_000;
    await peer.say({ type: 'credit', limit });
    segments = rig.sentOf('segment');
  }
  expect(sent).toBeGreaterThan(1_000_000);
});

test('new roots that use up the credit during a read hold up what was read', async () => {
  const { rig, peer } = await withHistory(20, 100_000);
  await peer.say({ type: 'have', group: 0, feeds: [], covers: everything });
  rig.auto = false;
  await peer.want(self.publicKey, 1);
  // While the store reads, roots of another author are pushed, a segment above the credit.
  const builder = new FeedBuilder(third, group);
  const object = textObject('y'.repeat(60_000));
  const roots = [
    { time: startWall, slots: [{ object }, { object: textObject('z'.repeat(60_000)) }] },
  ];
  const other = builder.segment(roots);
  const carrier = await linkedAgain(rig);
  await carrier.segment(third.publicKey, 1, other.bytes);
  await rig.carryOut();
  expect(
    rig
      .sentOf('segment')
      .map(({ bytes }) => bytes.length)
      .reduce((a, b) => a + b, 0),
  ).toBeLessThan(100_000 + 121_000);
  rig.auto = true;
  await peer.say({ type: 'credit', limit: 10_000_000 });
  expect(rig.sentOf('segment').length).toBeGreaterThan(0);
});

async function linkedAgain(rig: Rig): Promise<Peer> {
  const peer = await new Peer(rig, third, 2).open();
  await peer.hello();
  return peer;
}

test('a receiver whose disk is slow gives no credit, and more once the disk has it', async () => {
  const { rig, peer } = await linked();
  rig.auto = false;
  const { segments } = bigSegments(20);
  let sent = 0;
  for (const [i, bytes] of segments.entries()) {
    if (sent > syncLimits.windowBytes) break;
    await peer.segment(friend.publicKey, i + 1, bytes);
    sent += bytes.length;
  }
  expect(rig.sentOf('credit')).toEqual([]);
  expect(rig.closes()).toEqual([]);
  await rig.carryOut();
  const limit = rig.sentOf('credit').at(-1)?.limit;
  expect(limit).toBe(sent + syncLimits.windowBytes);
});

test('F05 F60 a peer that sends beyond its credit is closed, and nothing more of it is kept', async () => {
  const { rig, peer } = await linked();
  rig.auto = false;
  for (const [i, bytes] of bigSegments(40).segments.entries()) {
    await peer.segment(friend.publicKey, i + 1, bytes);
    if (rig.closes().length > 0) break;
  }
  expect(rig.closes()).toMatchObject([{ reason: 'window-exceeded', ban: true }]);
  expect(peer.bytes).toBeLessThan(syncLimits.windowBytes + 2 * segmentLimits.bytesMax);
});

test('a peer cannot give itself credit by saying that it has sent more', async () => {
  const { rig, peer } = await linked();
  for (let i = 0; i < 10; i++) await peer.say({ type: 'check', sent: 2 ** 52, fingerprints: [] });
  const limits = rig.sentOf('credit').map(({ limit }) => limit);
  expect(Math.max(...limits)).toBeLessThanOrEqual(
    10 * (syncLimits.windowBytes + segmentLimits.bytesMax) + syncLimits.windowBytes,
  );
  rig.auto = false;
  for (const [i, bytes] of bigSegments(40).segments.entries()) {
    await peer.segment(friend.publicKey, i + 1, bytes);
    if (rig.closes().length > 0) break;
  }
  expect(rig.closes()).toHaveLength(1);
});

test('what stalls because the own disk is slow is not held against the peer', async () => {
  const { rig, peer } = await linked();
  const { segments } = bigSegments(3);
  await peer.have(friend.publicKey, 3);
  await peer.have(third.publicKey, 3);
  rig.auto = false;
  await peer.segment(friend.publicKey, 1, segments[0] ?? expect.fail());
  await rig.pass(30_000);
  expect(rig.dropped('stalled')).toBe(0);
  expect(rig.gossip.overview.behind()).toBeGreaterThan(3);
});

test('wants that come again and again are served within the credit alone', async () => {
  const { rig, peer } = await withHistory(30, 100_000);
  let bytes = 0;
  for (let i = 0; i < 200; i++) {
    await peer.want(self.publicKey, 1);
    bytes += bytesOf(rig.sentOf('segment'));
  }
  expect(bytes).toBeLessThan(100_000 + segmentLimits.bytesTarget + 20_000);
});

test('a want for what is not here is declined, one frame for each that was asked', async () => {
  const { rig, peer } = await linked();
  const places = Array.from({ length: 500 }, (_, head) => ({
    author: friend.publicKey,
    head,
    from: 1,
  }));
  await peer.say({ type: 'want', group: 0, places });
  expect(rig.sent()).toEqual([{ type: 'decline', group: 0, places }]);
});

test('a want behind the end of a feed is answered by what comes next', async () => {
  const { rig, peer } = await linked();
  await rig.post('first');
  await peer.want(self.publicKey, 2);
  rig.sent();
  await rig.post('second');
  expect(rig.sentOf('segment')).toMatchObject([{ place: { from: 2 } }]);
});

test('F18 F24 what the store cannot read is declined, counted, and holds up no other feed', async () => {
  const { rig, peer } = await linked();
  for (const author of [friend, third]) {
    await peer.segment(author.publicKey, 1, rootsOf(author, 1).segments[0] ?? expect.fail());
  }
  const read = rig.store.records.bind(rig.store);
  rig.store.records = (feed, seq, bytesMax) =>
    feed.author === friend.publicKey ? Promise.resolve([]) : read(feed, seq, bytesMax);
  rig.sent();
  for (const author of [friend, third]) await peer.want(author.publicKey, 1);
  expect(rig.sent().map(({ type }) => type)).toEqual(['decline', 'segment']);
  expect(rig.dropped('unread')).toBe(1);
});

function bigSegments(count: number): { segments: Uint8Array[] } {
  const builder = new FeedBuilder(friend, group);
  const segments = Array.from({ length: count }, (_, i) => {
    const object = textObject('b'.repeat(60_000));
    const second = textObject('c'.repeat(60_000));
    return builder.segment([{ time: startWall + i, slots: [{ object }, { object: second }] }])
      .bytes;
  });
  return { segments };
}
