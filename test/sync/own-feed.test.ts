// A node's own feed: never continued from an older place than the world has seen of it.
import { describe, expect, test } from 'vitest';
import { testIdentity } from '../support/feeds.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { everything } from '../../src/sync/ranges.ts';
import { group, linked, Peer, Rig, rootsOf, Wire } from './rig.ts';

const [self, friend, third] = [testIdentity(0), testIdentity(1), testIdentity(2)];

/** A node that has seen `seq` roots of the first node's feed. */
async function witness(seq: number): Promise<Rig> {
  const rig = await new Rig(friend).start();
  const peer = await new Peer(rig, self, 50).open();
  await peer.hello();
  for (const [i, bytes] of rootsOf(self, seq).segments.entries()) {
    await peer.segment(self.publicKey, i + 1, bytes);
  }
  await peer.close();
  return rig;
}

describe('F58 a key that was used before meets an empty store', () => {
  test('posting waits for a peer, fetches the own feed back, and goes on behind it', async () => {
    const rig = await new Rig(self, { ownFeedsKnown: false }).start();
    const ticket = await rig.post('after the loss of the disk');
    expect(rig.answers(ticket)).toEqual([]);
    const wire = await new Wire([[rig, await witness(3)]]).open();
    await wire.run();
    expect(rig.answers(ticket)).toMatchObject([{ seq: 4 }]);
    expect(rig.forkedAt(self.publicKey)).toBeUndefined();
  });

  test('without a peer it fails after the wait, with the reason', async () => {
    const rig = await new Rig(self, { ownFeedsKnown: false }).start();
    const ticket = await rig.post('nobody is there');
    await rig.pass(syncLimits.ownFeedWaitMs);
    expect(rig.answers(ticket)).toEqual(['own-feed-unknown']);
    expect(rig.store.feeds()).toEqual([]);
  });

  test('a peer that knows nothing of it either lets the node begin', async () => {
    const { rig } = await linked({ ownFeedsKnown: false });
    const ticket = await rig.post('the first of all');
    expect(rig.answers(ticket)).toMatchObject([{ seq: 1 }]);
  });

  test('a peer that left before it sent the feed still holds up the posts', async () => {
    const { rig, peer } = await linked();
    await peer.have(self.publicKey, 3, { covers: everything });
    await peer.close();
    const ticket = await rig.post('too early');
    await rig.pass(syncLimits.ownFeedWaitMs);
    expect(rig.answers(ticket)).toEqual(['own-feed-unknown']);
    const wire = await new Wire([[rig, await witness(3)]], 7).open();
    await wire.run();
    const later = await rig.post('in time');
    expect(rig.answers(later)).toMatchObject([{ seq: 4 }]);
  });

  test('a peer that is slow with the feed holds up the posts for longer than a stall', async () => {
    const { rig, peer } = await linked();
    const { segments } = rootsOf(self, 2);
    await peer.have(self.publicKey, 2);
    await rig.pass(syncLimits.stallMs + 1000);
    const ticket = await rig.post('wait for it');
    expect(rig.answers(ticket)).toEqual([]);
    for (const [i, bytes] of segments.entries()) await peer.segment(self.publicKey, i + 1, bytes);
    expect(rig.answers(ticket)).toMatchObject([{ seq: 3 }]);
  });

  test('a peer that only claims to know more of the own feed holds up posts for a minute', async () => {
    const { rig, peer } = await linked();
    await peer.have(self.publicKey, 1_000_000);
    for (let ms = 0; ms < syncLimits.ownClaimMs; ms += 4_000) {
      await rig.pass(4_000);
      await peer.have(self.publicKey, 1_000_001 + ms);
    }
    const ticket = await rig.post('nobody believes it any more');
    expect(rig.answers(ticket)).toMatchObject([{ seq: 1 }]);
  });

  test('a peer that cannot send what it claimed of the own feed is not believed', async () => {
    const { rig, peer } = await linked();
    await peer.have(self.publicKey, 5);
    const places = [{ author: self.publicKey, head: 0, from: 1 }];
    await peer.say({ type: 'decline', group: 0, places });
    expect(rig.answers(await rig.post('it has nothing'))).toMatchObject([{ seq: 1 }]);
  });

  test('--force-new-head writes to a head of its own at once, and fetches the old one as well', async () => {
    const headMin = 1_800_000_000;
    const rig = await new Rig(self, { headMin }).start();
    const ticket = await rig.post('at once');
    const wire = await new Wire([[rig, await witness(3)]]).open();
    await wire.run();
    expect(rig.answers(ticket)).toMatchObject([{ seq: 1, feed: { head: headMin } }]);
    expect(rig.seq(self.publicKey)).toBe(3);
    const next = await rig.post('still there');
    expect(rig.answers(next)).toMatchObject([{ seq: 2, feed: { head: headMin } }]);
  });

  test('a claim of an older head than the one that is written to holds up nothing', async () => {
    const { rig, peer } = await linked({ headMin: 5 });
    await peer.have(self.publicKey, 9, { head: 4 });
    expect(rig.answers(await rig.post('under head 5'))).toMatchObject([{ feed: { head: 5 } }]);
    await peer.have(self.publicKey, 9, { head: 6 });
    expect(rig.answers(await rig.post('where is head 6?'))).toEqual([]);
  });
});

test('F50 roots of the own feed that come from elsewhere are shown once', async () => {
  const { rig, peer } = await linked();
  await rig.post('mine');
  const [record] = await rig.store.records({ group, author: self.publicKey, head: 0 }, 1, 1);
  await peer.segment(self.publicKey, 1, record?.bytes ?? expect.fail());
  expect(rig.dropped('duplicate')).toBe(1);
  expect(rig.store.latestArrival()).toBe(1);
});

test('a post behind roots of the own feed that wait for the disk waits for them', async () => {
  const { rig, peer } = await linked();
  rig.auto = false;
  await peer.segment(third.publicKey, 1, rootsOf(third, 1).segments[0] ?? expect.fail());
  await peer.segment(self.publicKey, 1, rootsOf(self, 1).segments[0] ?? expect.fail());
  // Longer than the peer's word on the feed counts.
  await rig.pass(syncLimits.ownClaimMs);
  const ticket = await rig.post('behind it');
  await rig.carryOut();
  expect(rig.answers(ticket)).toMatchObject([{ seq: 2 }]);
});

describe('F59 the same key on two machines', () => {
  test('both find the fork, freeze the feed there, and go on under the next head', async () => {
    const [a, twin, relay] = [new Rig(self), new Rig(self), new Rig(third)];
    for (const rig of [a, twin, relay]) await rig.start();
    const before = await new Wire([
      [a, relay],
      [relay, twin],
    ]).open();
    await before.run();
    await a.post('common');
    await before.run();
    await before.close();
    await a.post('from the first machine');
    await twin.post('from the second machine');
    await twin.post('and another');
    const wire = await new Wire(
      [
        [a, relay],
        [relay, twin],
      ],
      10,
    ).open();
    await wire.settle();
    for (const rig of [a, twin, relay]) expect(rig.forkedAt(self.publicKey)).toBe(2);
    const ticket = await a.post('under the next head');
    expect(a.answers(ticket)).toMatchObject([{ seq: 1, feed: { head: 1 } }]);
    await wire.settle();
    const second = await twin.post('behind it');
    expect(twin.answers(second)).toMatchObject([{ seq: 2, feed: { head: 1 } }]);
    await wire.settle();
    for (const rig of [a, twin, relay]) {
      expect(rig.seq(self.publicKey, 1)).toBe(2);
      expect(rig.gossip.overview.behind()).toBe(0);
      expect(rig.gossip.overview.isDisputed({ group, author: self.publicKey, head: 0 }, 2)).toBe(
        true,
      );
      expect(rig.gossip.overview.isDisputed({ group, author: self.publicKey, head: 0 }, 1)).toBe(
        false,
      );
    }
  });
});
