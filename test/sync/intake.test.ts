// What a node takes from its peers, what it refuses, and what a peer's lies cost.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FeedBuilder, testGroup, testIdentity, textRoot } from '../support/feeds.ts';
import { flipBit } from '../support/values.ts';
import { encodeFrame } from '../../src/sync/frame-codec.ts';
import { frameTypes, type Frame } from '../../src/sync/frames.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { everything } from '../../src/sync/ranges.ts';
import { Session } from '../../src/sync/session.ts';
import { feedKey } from '../../src/cxo/root.ts';
import { group, linked, Peer, Rig, rootsOf, startWall, Wire, emptyDigest } from './rig.ts';

const [self, friend, third] = [testIdentity(0), testIdentity(1), testIdentity(2)];
const stranger = testIdentity(99);

describe('catching up', () => {
  test('what a peer claims to have is asked for, stored, and told as stored', async () => {
    const { rig, peer } = await linked();
    const { segments } = rootsOf(friend, 3);
    await peer.have(friend.publicKey, 3);
    expect(rig.gossip.overview.behind()).toBe(3);
    expect(rig.sentOf('want')).toMatchObject([{ places: [{ author: friend.publicKey, from: 1 }] }]);
    for (const [i, bytes] of segments.entries()) await peer.segment(friend.publicKey, i + 1, bytes);
    expect(rig.seq(friend.publicKey)).toBe(3);
    expect(rig.gossip.overview.behind()).toBe(0);
    const seqs = rig.sentOf('have').map(({ feeds }) => feeds[0]?.seq);
    expect(seqs).toEqual([1, 2, 3]);
  });

  test('F04 nothing is told as stored before the disk has it', async () => {
    const { rig, peer } = await linked();
    rig.auto = false;
    const [bytes] = rootsOf(friend, 1).segments;
    await peer.segment(friend.publicKey, 1, bytes ?? expect.fail());
    expect(rig.sent()).toEqual([]);
    expect(rig.effects.some(({ type }) => type === 'arrived')).toBe(false);
    await rig.carryOut();
    expect(rig.sentOf('have')).toHaveLength(1);
    expect(rig.effects.some(({ type }) => type === 'arrived')).toBe(true);
  });

  test('each feed is asked of one peer, and the feeds are spread over the peers', async () => {
    const rig = await new Rig(self).start();
    const peers = [await new Peer(rig, friend, 1).open(), await new Peer(rig, third, 2).open()];
    for (const peer of peers) await peer.hello();
    for (const peer of peers) {
      for (const author of [3, 4]) await peer.have(testIdentity(author).publicKey, 10);
    }
    for (const link of [1, 2]) rig.sent(link);
    await peers[0]?.close();
    const places = rig.sentOf('want', 2).flatMap((want) => want.places);
    expect(places.map(({ author }) => author).sort()).toEqual(
      [3, 4].map((i) => testIdentity(i).publicKey).sort(),
    );
  });

  test('F27 a source that has no more is not waited for: the next peer is asked at once', async () => {
    const { rig, peer } = await linked();
    const other = await new Peer(rig, third, 2).open();
    await other.hello();
    const { segments } = rootsOf(friend, 2);
    await peer.have(friend.publicKey, 1);
    await other.have(friend.publicKey, 2);
    rig.sent(2);
    await peer.segment(friend.publicKey, 1, segments[0] ?? expect.fail());
    expect(rig.sentOf('want', 2)).toMatchObject([{ places: [{ from: 2 }] }]);
    await rig.pass(syncLimits.stallMs * 3);
    expect(rig.gossip.overview.feeds().find(({ seq }) => seq === 1)?.sources).toContain(
      friend.publicKey,
    );
  });

  test('F29 the provider leaves in between, and another one is asked for the rest', async () => {
    const { rig, peer } = await linked();
    const other = await new Peer(rig, third, 2).open();
    await other.hello();
    const { segments } = rootsOf(friend, 3);
    for (const one of [peer, other]) await one.have(friend.publicKey, 3);
    await peer.segment(friend.publicKey, 1, segments[0] ?? expect.fail());
    rig.sent(2);
    await peer.close();
    expect(rig.sentOf('want', 2)).toMatchObject([{ places: [{ from: 2 }] }]);
  });

  test('a gap makes the node ask for what is missing', async () => {
    const { rig, peer } = await linked();
    const { segments } = rootsOf(friend, 3);
    await peer.segment(friend.publicKey, 3, segments[2] ?? expect.fail());
    expect(rig.dropped('gap')).toBe(1);
    expect(rig.sentOf('want')).toMatchObject([{ places: [{ from: 1 }] }]);
  });

  test('F04 roots behind a gap do not show that a relay has those before on its disk', async () => {
    const { rig } = await linked();
    const relay = await new Peer(rig, third, 2).open();
    await relay.hello();
    const { segments, builder } = rootsOf(friend, 3);
    await relay.segment(friend.publicKey, 3, segments[2] ?? expect.fail());
    expect(rig.gossip.overview.storedBy(builder.feed, 2)).not.toContain(third.publicKey);
    await relay.have(friend.publicKey, 3);
    expect(rig.sentOf('want', 2)).toMatchObject([{ places: [{ from: 1 }] }]);
  });

  test('a segment that comes twice is stored once, and not sent back to who has it', async () => {
    const { rig, peer } = await linked();
    const other = await new Peer(rig, third, 2).open();
    await other.hello();
    rig.sent(2);
    rig.auto = false;
    const [bytes = new Uint8Array()] = rootsOf(friend, 1).segments;
    await peer.segment(friend.publicKey, 1, bytes);
    await other.segment(friend.publicKey, 1, bytes);
    await rig.carryOut();
    expect(rig.dropped('duplicate')).toBe(1);
    expect(rig.store.latestArrival()).toBe(1);
    expect(rig.sentOf('segment', 1)).toEqual([]);
  });

  test('F60 ten thousand feeds behind one slow peer are all waited for while it sends', async () => {
    const members = new Set([self.publicKey]);
    const authors = Array.from({ length: 40 }, (_, i) => testIdentity(100 + i));
    for (const { publicKey } of authors) members.add(publicKey);
    const { rig, peer } = await linked({ members: members.add(friend.publicKey) });
    for (const { publicKey } of authors) await peer.have(publicKey, 1);
    for (const author of authors) {
      await rig.pass(1_000);
      await peer.segment(author.publicKey, 1, rootsOf(author, 1).segments[0] ?? expect.fail());
    }
    expect(rig.dropped('stalled')).toBe(0);
    expect(rig.sentOf('want').flatMap(({ places }) => places)).toHaveLength(40);
  });
});

describe('what is not valid', () => {
  test('F41 a signed segment is refused in another group, feed or place', async () => {
    const { rig, peer } = await linked();
    const foreign = new FeedBuilder(friend, testGroup('another room'));
    const { bytes } = foreign.segment([textRoot(startWall, 'said elsewhere')]);
    await peer.segment(friend.publicKey, 1, bytes);
    const { segments } = rootsOf(friend, 1, startWall, 1);
    await peer.segment(friend.publicKey, 1, segments[0] ?? expect.fail());
    await peer.segment(third.publicKey, 1, segments[0] ?? expect.fail());
    expect(rig.dropped('bad-signature')).toBe(3);
    expect(rig.store.feeds()).toEqual([]);
  });

  test('one flipped bit of a segment is never stored', async () => {
    const [bytes = new Uint8Array()] = rootsOf(friend, 1).segments;
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * bytes.length - 1), async (bit) => {
        const { rig, peer } = await linked();
        await peer.segment(friend.publicKey, 1, flipBit(bytes, bit));
        expect(rig.store.feeds()).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('a peer is banned at its eleventh invalid frame in a minute, and not before', async () => {
    const { rig, peer } = await linked();
    const bad = { type: frameTypes.have, payload: Uint8Array.of(0xff) };
    for (let i = 0; i < syncLimits.invalidPerMinuteMax; i++) await peer.sayRaw(bad);
    expect(rig.closes()).toEqual([]);
    await rig.pass(61_000);
    for (let i = 0; i < syncLimits.invalidPerMinuteMax; i++) await peer.sayRaw(bad);
    expect(rig.closes()).toEqual([]);
    await peer.sayRaw(bad);
    expect(rig.closes()).toMatchObject([
      { peer: friend.publicKey, reason: 'bad-frame', ban: true },
    ]);
    expect(rig.dropped('bad-frame')).toBe(21);
  });

  test('frames of a future type are no offence', async () => {
    const { rig, peer } = await linked();
    for (let i = 0; i < 50; i++) await peer.sayRaw({ type: 0x40, payload: new Uint8Array(9) });
    expect(rig.closes()).toEqual([]);
    expect(rig.dropped('unknown-frame')).toBe(50);
  });

  test('whatever frames a peer sends, the engine never throws', async () => {
    const { segments } = rootsOf(friend, 2);
    const author = fc.constantFrom(self.publicKey, friend.publicKey, stranger.publicKey);
    const number = fc.oneof(fc.nat(4), fc.maxSafeNat());
    const place = fc.record({ author, head: number, from: number.map((n) => Math.max(1, n)) });
    const bytes = fc.oneof(fc.constantFrom(...segments), fc.uint8Array({ maxLength: 40 }));
    const feed = fc
      .record({
        author,
        head: number,
        seq: number,
        rootPrefix: fc.uint8Array({ minLength: 8, maxLength: 8 }),
      })
      .map((have) => ({ ...have, count: have.seq }));
    const frame = fc.oneof(
      fc.record({
        type: fc.constant('have' as const),
        group: fc.nat(1),
        feeds: fc.array(feed),
        covers: fc.constantFrom(undefined, everything, { ...everything, lower: new Uint8Array(1) }),
      }),
      fc.record({ type: fc.constant('want' as const), group: fc.nat(1), places: fc.array(place) }),
      fc.record({
        type: fc.constant('decline' as const),
        group: fc.nat(1),
        places: fc.array(place),
      }),
      fc.record({
        type: fc.constant('segment' as const),
        group: fc.nat(1),
        place,
        sent: number,
        bytes,
      }),
      fc.record({ type: fc.constant('credit' as const), limit: number }),
      fc.record({
        ...{ type: fc.constant('fork' as const), group: fc.nat(1), author, head: number },
        proof: fc.record({ seq: number, first: bytes, second: bytes }),
      }),
      fc.record({
        ...{ type: fc.constant('check' as const), sent: number },
        fingerprints: fc.array(
          fc.record({
            group: fc.nat(2),
            fingerprint: fc.uint8Array({ minLength: 16, maxLength: 16 }),
          }),
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 30 }), async (frames) => {
        const { rig, peer } = await linked();
        await rig.post('an own message');
        for (const one of frames) {
          await peer.say(one);
          await rig.pass(900);
        }
        // Whatever it was: the node still posts once the lies have worn off.
        await peer.close();
        await rig.pass(syncLimits.ownClaimMs);
        const ticket = await rig.post('another');
        expect(rig.answers(ticket)).toMatchObject([{ seq: 2 }]);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a peer that lies', () => {
  test('claims that are never backed are dropped after the stall, and others are asked', async () => {
    const { rig, peer } = await linked();
    const other = await new Peer(rig, third, 2).open();
    await other.hello();
    await peer.have(friend.publicKey, 1000);
    await other.have(friend.publicKey, 2);
    rig.sent(2);
    await rig.pass(syncLimits.stallMs);
    expect(rig.sentOf('want', 2)).toMatchObject([{ places: [{ from: 1 }] }]);
    expect(rig.dropped('stalled')).toBe(1);
    const { segments } = rootsOf(friend, 2);
    for (const [i, bytes] of segments.entries())
      await other.segment(friend.publicKey, i + 1, bytes);
  });

  test('F31 what was claimed and did not come counts as missing, until heads are compared', async () => {
    const { rig, peer } = await linked();
    await peer.have(friend.publicKey, 3);
    await rig.pass(syncLimits.stallMs);
    expect(rig.dropped('stalled')).toBe(1);
    expect(rig.gossip.overview.behind()).toBe(3);
    const fingerprints = [{ group: 0, fingerprint: peer.fingerprint(emptyDigest) }];
    await peer.say({ type: 'check', sent: 0, fingerprints });
    expect(rig.gossip.overview.behind()).toBe(0);
  });

  test('a peer that claims and stalls again and again is banned within two minutes', async () => {
    const { rig, peer } = await linked();
    for (let i = 0; i < 24 && rig.closes().length === 0; i++) {
      await peer.have(friend.publicKey, 1000 + i);
      await rig.pass(syncLimits.stallMs);
    }
    expect(rig.closes()).toMatchObject([{ reason: 'stalled', ban: true }]);
    await peer.have(friend.publicKey, 5000);
    await peer.close();
    expect(rig.gossip.overview.behind()).toBe(0);
  });

  test('what a banned peer claimed is forgotten with it, though it had sent something before', async () => {
    const { rig, peer } = await linked();
    await peer.segment(friend.publicKey, 1, rootsOf(friend, 1).segments[0] ?? expect.fail());
    await rig.pass(1);
    await peer.segment(third.publicKey, 1, rootsOf(third, 1).segments[0] ?? expect.fail());
    await peer.have(friend.publicKey, 1000);
    const bad = { type: frameTypes.have, payload: Uint8Array.of(0xff) };
    for (let i = 0; i <= syncLimits.invalidPerMinuteMax; i++) await peer.sayRaw(bad);
    await peer.close();
    expect(rig.gossip.overview.behind()).toBe(0);
  });

  test('what a peer that sent something before claimed is remembered when its link breaks', async () => {
    const { rig, peer } = await linked();
    await rig.pass(1);
    await peer.segment(friend.publicKey, 1, rootsOf(friend, 1).segments[0] ?? expect.fail());
    await peer.have(friend.publicKey, 1000);
    await peer.close();
    expect(rig.gossip.overview.behind()).toBe(999);
    expect(rig.gossip.overview.storedBy({ group, author: self.publicKey, head: 0 }, 1)).toEqual([]);
  });

  test('a decline ends the claim at once', async () => {
    const { rig, peer } = await linked();
    await peer.have(friend.publicKey, 7);
    const places = [{ author: friend.publicKey, head: 0, from: 1 }];
    await peer.say({ type: 'decline', group: 0, places });
    expect(rig.gossip.overview.behind()).toBe(0);
    expect(rig.gossip.deadline(rig.at)).toBeGreaterThan(syncLimits.stallMs);
  });

  test('F60 claims of ever new feeds are bounded, and those above are counted', async () => {
    const { rig, peer } = await linked();
    const rootPrefix = new Uint8Array(8);
    const step = syncLimits.feedsInFrameMax;
    for (let head = 0; head < syncLimits.feedsMax + step; head += step) {
      const feeds = Array.from({ length: step }, (_, i) => ({
        ...{ author: stranger.publicKey, head: head + i, seq: 1, count: 1, rootPrefix },
      }));
      await peer.say({ type: 'have', group: 0, feeds, covers: undefined });
    }
    expect(rig.dropped('too-many-feeds')).toBe(step);
    expect(rig.sent()).toEqual([]);
    expect(rig.gossip.overview.behind()).toBe(0);
  });
});

test('F23 F60 a claim that is dropped leaves nothing behind', () => {
  const session = new Session({
    ...{ link: 1, peer: friend.publicKey, initiator: true, groups: [group], openedAt: 0 },
    handshakeHash: new Uint8Array(32),
  });
  for (let head = 0; head < 100; head++) {
    const feed = { group, author: friend.publicKey, head };
    session.claim(feedKey(feed), { feed, seq: 1, count: 1 });
    session.dropClaim(feedKey(feed));
  }
  expect([session.claims.size, session.sentTo.size]).toEqual([0, 0]);
});

describe('who belongs to the group', () => {
  test('a feed of somebody who is no member costs nothing: not asked for, taken or told of', async () => {
    const { rig, peer } = await linked();
    await peer.have(stranger.publicKey, 3);
    const [bytes] = rootsOf(stranger, 1).segments;
    await peer.segment(stranger.publicKey, 1, bytes ?? expect.fail());
    expect(rig.dropped('not-a-member')).toBe(1);
    expect(rig.sent()).toEqual([]);
    expect(rig.store.feeds()).toEqual([]);
    expect(rig.gossip.overview.behind()).toBe(0);
    expect(rig.gossip.overview.feeds()).toEqual([]);
  });

  test('F37 membership that arrives later pulls what was claimed before', async () => {
    const { rig, peer } = await linked();
    await peer.have(stranger.publicKey, 3);
    rig.members.add(stranger.publicKey);
    await rig.handle({ type: 'members' });
    expect(rig.sentOf('want')).toMatchObject([
      { places: [{ author: stranger.publicKey, from: 1 }] },
    ]);
    expect(rig.gossip.overview.behind()).toBe(3);
  });

  test('who is no member any more is not passed on', async () => {
    const { rig, peer } = await linked();
    const [bytes] = rootsOf(third, 1).segments;
    await peer.segment(third.publicKey, 1, bytes ?? expect.fail());
    rig.members.delete(third.publicKey);
    await rig.handle({ type: 'members' });
    rig.sent();
    await peer.want(third.publicKey, 1);
    expect(rig.sent()).toMatchObject([{ type: 'decline' }]);
  });
});

test('F25 a large backlog goes on where a broken link left it', async () => {
  const [a, b] = [await new Rig(self).start(), await new Rig(friend).start()];
  for (let i = 0; i < 40; i++) await a.post('x'.repeat(20_000));
  for (let link = 1; b.seq(self.publicKey) < 40 && link < 40; link++) {
    const wire = await new Wire([[a, b]], link).open();
    const before = b.seq(self.publicKey);
    // Breaks after two segments.
    for (let i = 0; i < 3; i++) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        const frames = from.sent(link);
        for (const frame of frames) await deliver(to, link, frame);
      }
    }
    await wire.close();
    expect(b.seq(self.publicKey)).toBeGreaterThan(before);
  }
  expect(b.seq(self.publicKey)).toBe(40);
  expect(b.dropped('duplicate')).toBe(0);
  expect(b.store.find({ group, author: self.publicKey, head: 0 })?.head.root).toEqual(
    a.store.find({ group, author: self.publicKey, head: 0 })?.head.root,
  );
});

async function deliver(to: Rig, link: number, frame: Frame): Promise<void> {
  const { type, payload } = encodeFrame(frame);
  await to.handle({ type: 'frame', link, frameType: type, payload });
}

test('F60 feeds of one author are bounded: those above are not asked for, taken or proved', async () => {
  const { rig, peer } = await linked();
  for (let head = 0; head <= syncLimits.headsMax; head++) {
    const [bytes] = rootsOf(friend, 1, startWall, head).segments;
    await peer.segment(friend.publicKey, 1, bytes ?? expect.fail(), { head });
  }
  expect(rig.store.feeds()).toHaveLength(syncLimits.headsMax);
  expect(rig.dropped('too-many-heads')).toBe(1);
  rig.sent();
  await peer.have(friend.publicKey, 1, { head: syncLimits.headsMax });
  expect(rig.sent()).toEqual([]);
  expect(rig.gossip.overview.behind()).toBe(0);
  await rig.pass(syncLimits.stallMs);
  expect(rig.dropped('stalled')).toBe(0);
});
