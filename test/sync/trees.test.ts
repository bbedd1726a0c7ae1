// The spanning tree of a feed over a node's links: who is sent roots, who is sent word, and what
// happens when an edge of the tree brings nothing.
import { describe, expect, test } from 'vitest';
import { syncLimits } from '../../src/sync/limits.ts';
import { testIdentity } from '../support/feeds.ts';
import { linked, Peer, rootsOf, type Rig } from './rig.ts';

const author = testIdentity(3);

/** An engine with three greeted peers, none of whom is the author. */
async function trio(): Promise<{ rig: Rig; a: Peer; b: Peer; c: Peer }> {
  const { rig, peer: a } = await linked();
  const others = [testIdentity(2), testIdentity(4)].map((one, i) => new Peer(rig, one, 2 + i));
  for (const other of others) {
    await other.open();
    await other.hello();
  }
  const [b, c] = others;
  if (b === undefined || c === undefined) throw new Error('there are three peers');
  // Each has shown the author's feed, of which it has nothing.
  for (const one of [a, b, c]) await one.have(author.publicKey, 0);
  for (const { link } of [a, b, c]) rig.sent(link);
  return { rig, a, b, c };
}

describe('an edge of the tree', () => {
  test('roots that came from one peer go to the others before they are on this disk', async () => {
    const { rig, a } = await trio();
    const [bytes = expect.fail()] = rootsOf(author, 1).segments;
    rig.auto = false;
    await a.segment(author.publicKey, 1, bytes);
    expect(rig.store.latestArrival()).toBe(0);
    for (const link of [2, 3]) expect(rig.sentOf('segment', link)).toMatchObject([{ bytes }]);
    expect(rig.sentOf('segment', 1)).toEqual([]);
  });

  test('nobody is told that roots are on the disk before they are', async () => {
    const { rig, a } = await trio();
    const [bytes = expect.fail()] = rootsOf(author, 1).segments;
    rig.auto = false;
    await a.segment(author.publicKey, 1, bytes);
    await rig.pass(1000);
    for (const link of [1, 2, 3]) expect(rig.sentOf('have', link)).toEqual([]);
    await rig.carryOut();
    await rig.pass(syncLimits.notesMs);
    for (const link of [1, 2, 3]) {
      expect(rig.sentOf('have', link)).toMatchObject([{ feeds: [{ seq: 1 }] }]);
    }
  });

  test('who has not shown the feed is sent its roots only once they are on the disk', async () => {
    const { rig, a } = await trio();
    const stranger = testIdentity(1);
    const [bytes = expect.fail()] = rootsOf(stranger, 1).segments;
    rig.auto = false;
    await a.segment(stranger.publicKey, 1, bytes);
    expect(rig.sentOf('segment', 2)).toEqual([]);
    await rig.carryOut();
    expect(rig.sentOf('segment', 2)).toHaveLength(1);
  });

  test('own roots go out only once they are on the disk', async () => {
    const { rig } = await trio();
    rig.auto = false;
    await rig.post('hello');
    expect(rig.sentOf('segment', 1)).toEqual([]);
    await rig.carryOut();
    for (const link of [2, 3]) expect(rig.sentOf('segment', link)).toHaveLength(1);
  });

  test('who passes roots on is not taken for having them on its disk', async () => {
    const { rig, a, b } = await trio();
    const [bytes = expect.fail()] = rootsOf(author, 1).segments;
    await a.segment(author.publicKey, 1, bytes);
    const feed = {
      group: rig.store.feeds()[0]?.feed.group ?? expect.fail(),
      author: author.publicKey,
      head: 0,
    };
    const storedBy = (): string[] => rig.gossip.overview.storedBy(feed, 1);
    expect(storedBy()).not.toContain(a.identity.publicKey);
    await b.have(author.publicKey, 1);
    await a.have(author.publicKey, 1);
    expect(storedBy()).toEqual(
      expect.arrayContaining([a.identity.publicKey, b.identity.publicKey]),
    );
  });

  test('word is gathered: many roots in one frame', async () => {
    const { rig, a } = await trio();
    const { segments } = rootsOf(author, 5);
    for (const [i, bytes] of segments.entries()) await a.segment(author.publicKey, i + 1, bytes);
    await rig.pass(syncLimits.notesMs);
    expect(rig.sentOf('have', 2)).toMatchObject([{ feeds: [{ seq: 5 }] }]);
  });
});

describe('a second path', () => {
  test('is cut off by the first duplicate, in both directions', async () => {
    const { rig, a, b } = await trio();
    const { segments } = rootsOf(author, 2);
    await a.segment(author.publicKey, 1, segments[0] ?? expect.fail());
    await b.segment(author.publicKey, 1, segments[0] ?? expect.fail());
    expect(rig.sentOf('prune', 2)).toMatchObject([{ places: [{ from: 2 }] }]);
    expect(rig.sentOf('prune', 1)).toEqual([]);
    rig.sent(3);
    await a.segment(author.publicKey, 2, segments[1] ?? expect.fail());
    expect(rig.sentOf('segment', 3)).toHaveLength(1);
    await rig.pass(syncLimits.notesMs);
    expect(rig.sent(2).map(({ type }) => type)).toEqual(['have']);
  });

  test('a peer that prunes gets word alone, until it asks again', async () => {
    const { rig, a, b } = await trio();
    const { segments } = rootsOf(author, 3);
    const places = [{ author: author.publicKey, head: 0, from: 2 }];
    await a.segment(author.publicKey, 1, segments[0] ?? expect.fail());
    rig.sent(2);
    await b.say({ type: 'prune', group: 0, places });
    await a.segment(author.publicKey, 2, segments[1] ?? expect.fail());
    await rig.pass(syncLimits.notesMs);
    expect(rig.sent(2).map(({ type }) => type)).toEqual(['have']);
    await b.want(author.publicKey, 2);
    expect(rig.sentOf('segment', 2)).toMatchObject([{ place: { from: 2 } }]);
    await a.segment(author.publicKey, 3, segments[2] ?? expect.fail());
    expect(rig.sentOf('segment', 2)).toMatchObject([{ place: { from: 3 } }]);
  });

  test('a peer that is asked for history is not cut off because another was first with some', async () => {
    const { rig, a, b } = await trio();
    const { segments } = rootsOf(author, 4);
    await b.have(author.publicKey, 4);
    expect(rig.sentOf('want', 2)).toMatchObject([{ places: [{ from: 1 }] }]);
    await a.segment(author.publicKey, 1, segments[0] ?? expect.fail());
    await b.segment(author.publicKey, 1, segments[0] ?? expect.fail());
    expect(rig.sentOf('prune', 2)).toEqual([]);
    for (const i of [1, 2, 3]) {
      await b.segment(author.publicKey, i + 1, segments[i] ?? expect.fail());
    }
    expect(rig.seq(author.publicKey)).toBe(4);
  });

  test('a prune of feeds that nobody knows changes nothing', async () => {
    const { rig, b } = await trio();
    const places = [{ author: testIdentity(77).publicKey, head: 9, from: 5 }];
    await b.say({ type: 'prune', group: 0, places });
    await rig.post('hello');
    expect(rig.sentOf('segment', 2)).toHaveLength(1);
  });
});

describe('an edge that brings nothing', () => {
  async function withParent(): Promise<
    Awaited<ReturnType<typeof trio>> & { segments: Uint8Array[] }
  > {
    const all = await trio();
    const { segments } = rootsOf(author, 3);
    await all.a.segment(author.publicKey, 1, segments[0] ?? expect.fail());
    for (const link of [1, 2, 3]) all.rig.sent(link);
    return { ...all, segments };
  }

  test('roots that another peer tells of are waited for, and come without being asked for', async () => {
    const { rig, a, b, segments } = await withParent();
    await b.have(author.publicKey, 2);
    await rig.pass(syncLimits.graftMs - 1);
    await a.segment(author.publicKey, 2, segments[1] ?? expect.fail());
    await rig.pass(syncLimits.graftMs * 2);
    expect(rig.sentOf('want', 2)).toEqual([]);
    expect(rig.seq(author.publicKey)).toBe(2);
  });

  test('what the parent does not bring in time is asked of who told of it, and that is the new edge', async () => {
    const { rig, a, b, segments } = await withParent();
    await b.have(author.publicKey, 2);
    expect(rig.sentOf('want', 2)).toEqual([]);
    await rig.pass(syncLimits.graftMs);
    expect(rig.sentOf('want', 2)).toMatchObject([{ places: [{ from: 2 }] }]);
    await b.segment(author.publicKey, 2, segments[1] ?? expect.fail());
    rig.sent(1);
    await a.segment(author.publicKey, 2, segments[1] ?? expect.fail());
    expect(rig.sentOf('prune', 1)).toHaveLength(1);
  });

  test('without a parent, or once its link is gone, what is told of is asked for at once', async () => {
    const { rig, a, b, c } = await withParent();
    await b.have(author.publicKey, 2);
    await a.close();
    expect(rig.sentOf('want', 2)).toMatchObject([{ places: [{ from: 2 }] }]);
    await c.have(testIdentity(2).publicKey, 1);
    expect(rig.sentOf('want', 3)).toMatchObject([{ places: [{ from: 1 }] }]);
  });

  test('roots that were grafted go on to the others at once', async () => {
    const { rig, b, segments } = await withParent();
    await b.have(author.publicKey, 2);
    await rig.pass(syncLimits.graftMs);
    rig.sent(3);
    rig.auto = false;
    await b.segment(author.publicKey, 2, segments[1] ?? expect.fail());
    expect(rig.sentOf('segment', 3)).toHaveLength(1);
  });

  test('nothing is left to wait for once the links are gone', async () => {
    const { rig, a, b, c } = await withParent();
    await b.have(author.publicKey, 2);
    for (const peer of [a, b, c]) await peer.close();
    expect(rig.gossip.deadline(rig.at)).toBeUndefined();
  });
});
