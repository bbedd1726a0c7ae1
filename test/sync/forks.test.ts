// Two branches of one feed: found wherever they part, proved, frozen at the earliest place, and the
// same everywhere, whatever came first.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/bytes.ts';
import { verifySegment, type Run } from '../../src/cxo/segment.ts';
import {
  compareBranches,
  encodeForkProof,
  parseForkProof,
  verifyForkProof,
  type ForkProof,
} from '../../src/sync/fork-proof.ts';
import { parseForkRow, forkRowPrefix } from '../../src/sync/forks.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { everything } from '../../src/sync/ranges.ts';
import {
  FeedBuilder,
  testGroup,
  testIdentity,
  textObject,
  type TestRoot,
} from '../support/feeds.ts';
import { mutated } from '../support/values.ts';
import { group, linked, Peer, Rig, startWall, Wire } from './rig.ts';

const author = testIdentity(3);
const feed = { group, author: author.publicKey, head: 0 };

/** Roots of a branch: those up to `parts` are the same in all branches, the rest named by it. */
function branch(name: string, parts: number, length: number, textBytes = 20): TestRoot[] {
  return Array.from({ length }, (_, i) => {
    const own = i + 1 >= parts;
    const salt = own ? name.charCodeAt(0) * 100_000 + i : i;
    const object = textObject((own ? name : 'common ').padEnd(textBytes, 'x'), salt);
    return { time: startWall - 3_600_000_000 + i, slots: [{ object }] };
  });
}

/** A node that has a branch, in segments of `step` roots. */
async function holder(number: number, roots: readonly TestRoot[], step = 1): Promise<Rig> {
  const rig = await new Rig(testIdentity(number)).start();
  const peer = await new Peer(rig, author, 90).open();
  await peer.hello();
  const builder = new FeedBuilder(author, group);
  for (let at = 0; at < roots.length; at += step) {
    const { bytes } = builder.segment(roots.slice(at, at + step));
    await peer.segment(author.publicKey, at + 1, bytes);
  }
  await peer.close();
  expect(rig.seq(author.publicKey)).toBe(roots.length);
  return rig;
}

function runOf(roots: readonly TestRoot[], from = 1, id = feed): Run {
  const builder = new FeedBuilder(author, id.group, id.head);
  if (from > 1) builder.segment(roots.slice(0, from - 1));
  const verified = verifySegment(id, from, builder.segment(roots.slice(from - 1)).bytes);
  if (!verified.ok) throw new Error(verified.reason);
  return verified.run;
}

function proofOf(parts: number, length: number): ForkProof {
  const [a, b] = [runOf(branch('a', parts, length)), runOf(branch('b', parts, length))];
  const found = compareBranches(a, b);
  if (found?.parts !== 'within') throw new Error('no proof');
  return found.proof;
}

describe('branches are found', () => {
  const cases: [string, number, number, number, number][] = [
    ['at the head, both equally long', 5, 5, 5, 20],
    ['at the very first root', 1, 3, 3, 20],
    ['deep below, both equally long', 3, 400, 400, 20],
    ['one side being shorter', 4, 9, 5, 20],
    ['one side being shorter by far', 60, 300, 61, 20],
    ['below more bytes than one segment has', 41, 46, 46, 9_000],
    ['above more bytes than one segment has', 95, 96, 96, 9_000],
    ['deep below large messages, one side being shorter', 30, 120, 90, 9_000],
  ];
  test.each(cases)('%s', async (_, parts, one, other, textBytes) => {
    const a = await holder(0, branch('a', parts, one, textBytes));
    const b = await holder(1, branch('b', parts, other, textBytes), 7);
    const wire = await new Wire([[a, b]]).open();
    await wire.settle();
    for (const rig of [a, b]) {
      expect(rig.forkedAt(author.publicKey)).toBe(parts);
      expect(rig.gossip.overview.behind()).toBe(0);
      expect(rig.gossip.overview.forks).toBe(1);
      expect(rig.closes()).toEqual([]);
    }
  });

  test('a second signature over the same roots is no fork', async () => {
    const roots = branch('a', 1, 30);
    const [a, b] = [await holder(0, roots), await holder(1, roots, 30)];
    const frames = await (await new Wire([[a, b]]).open()).run();
    expect(frames.map(({ type }) => type)).toEqual(['hello', 'hello']);
  });

  test('a peer that names a root that nobody signed proves nothing, and its search ends', async () => {
    const { rig, peer } = await linked();
    const { bytes } = new FeedBuilder(author, group).segment(branch('a', 1, 3));
    await peer.segment(author.publicKey, 1, bytes);
    rig.sent();
    await peer.have(author.publicKey, 3, { root: new Uint8Array(8).fill(1) });
    expect(rig.sentOf('want')).toMatchObject([{ places: [{ from: 1 }] }]);
    await peer.segment(author.publicKey, 1, bytes);
    expect(rig.forkedAt(author.publicKey)).toBeUndefined();
    await rig.pass(syncLimits.stallMs);
    const { bytes: more } = (() => {
      const builder = new FeedBuilder(author, group);
      builder.segment(branch('a', 1, 3));
      return builder.segment(branch('a', 1, 4).slice(3));
    })();
    await peer.segment(author.publicKey, 4, more);
    expect(rig.seq(author.publicKey)).toBe(4);
  });

  test('F60 a peer that names wrong roots of many feeds is searched for a few at a time', async () => {
    const { rig, peer } = await linked();
    const heads = Array.from({ length: 40 }, (_, head) => head);
    for (const head of heads) {
      const { bytes } = new FeedBuilder(author, group, head).segment(branch('a', 1, 1));
      await peer.segment(author.publicKey, 1, bytes, { head });
    }
    rig.sent();
    const rootPrefix = new Uint8Array(8).fill(1);
    const feeds = heads.map((head) => ({
      author: author.publicKey,
      head,
      seq: 1,
      count: 1,
      rootPrefix,
    }));
    await peer.say({ type: 'have', group: 0, feeds, covers: everything });
    expect(rig.sentOf('want')).toHaveLength(syncLimits.searchesMax);
  });
});

describe('a found fork', () => {
  test('freezes the feed: what follows on either branch is refused and counted', async () => {
    const a = await holder(0, branch('a', 3, 5));
    const peer = await new Peer(a, testIdentity(1)).open();
    await peer.hello();
    await peer.say({
      type: 'fork',
      group: 0,
      author: author.publicKey,
      head: 0,
      proof: proofOf(3, 5),
    });
    const builder = new FeedBuilder(author, group);
    builder.segment(branch('a', 3, 5));
    await peer.segment(author.publicKey, 6, builder.segment(branch('a', 3, 6).slice(5)).bytes);
    expect(a.seq(author.publicKey)).toBe(5);
    expect(a.dropped('forked')).toBe(1);
  });

  test('is told to those who join later, who then have what came before it and no more', async () => {
    const a = await holder(0, branch('a', 6, 20));
    const b = await holder(1, branch('b', 6, 20));
    const wire = await new Wire([[a, b]]).open();
    await wire.settle();
    await wire.close();
    const late = await new Rig(testIdentity(2)).start();
    await (await new Wire([[late, a]], 20).open()).settle();
    expect(late.forkedAt(author.publicKey)).toBe(6);
    expect(late.seq(author.publicKey)).toBeGreaterThanOrEqual(5);
    expect(late.gossip.overview.behind()).toBe(0);
    const again = await new Wire([[late, b]], 30).open();
    expect((await again.run()).map(({ type }) => type)).toEqual(['hello', 'hello']);
  });

  test('at the first root is told as well, to nodes that have nothing of the feed', async () => {
    const [a, b] = [await holder(0, branch('a', 1, 2)), await holder(1, branch('b', 1, 2))];
    const late = await new Rig(testIdentity(2)).start();
    const wire = await new Wire([
      [a, b],
      [b, late],
    ]).open();
    await wire.settle();
    expect(late.forkedAt(author.publicKey)).toBe(1);
    await wire.close();
    const last = await new Rig(testIdentity(4)).start();
    const peer = await new Peer(last, testIdentity(1), 40).open();
    await peer.hello();
    const fork = { type: 'fork', group: 0, author: author.publicKey, head: 0 } as const;
    await peer.say({ ...fork, proof: proofOf(1, 2) });
    await peer.close();
    expect(last.seq(author.publicKey)).toBe(0);
    for (const [i, other] of [late, last].entries()) {
      const again = await new Wire([[other, a]], 30 + i).open();
      expect((await again.run()).map(({ type }) => type)).toEqual(['hello', 'hello']);
    }
  });

  test('does not hide roots before it from who had only the proof when the link broke', async () => {
    const a = await holder(0, branch('a', 8, 12));
    const late = await holder(2, branch('a', 8, 3));
    const peer = await new Peer(late, testIdentity(1), 40).open();
    await peer.hello();
    await peer.say({
      type: 'fork',
      group: 0,
      author: author.publicKey,
      head: 0,
      proof: proofOf(8, 12),
    });
    await peer.close();
    const other = await new Peer(a, testIdentity(1), 40).open();
    await other.hello();
    await other.say({
      type: 'fork',
      group: 0,
      author: author.publicKey,
      head: 0,
      proof: proofOf(8, 12),
    });
    await other.close();
    const wire = await new Wire([[late, a]], 20).open();
    await wire.settle();
    expect(late.seq(author.publicKey)).toBeGreaterThanOrEqual(7);
  });

  test('survives a restart, and is told again', async () => {
    const [a, b] = [await holder(0, branch('a', 3, 5)), await holder(1, branch('b', 3, 5))];
    const wire = await new Wire([[a, b]]).open();
    await wire.settle();
    const [row] = await a.store.local(forkRowPrefix);
    expect(row && parseForkRow(row)?.feed).toEqual(feed);
    const again = await new Rig(testIdentity(0), { store: a.store }).start();
    expect(again.gossip.overview.forks).toBe(1);
    const late = await new Rig(testIdentity(2)).start();
    await (await new Wire([[again, late]], 20).open()).settle();
    expect(late.forkedAt(author.publicKey)).toBe(3);
    const healthy = await new Wire([[again, b]], 30).open();
    await healthy.settle();
    await healthy.close();
    const quiet = await new Wire([[again, b]], 40).open();
    expect((await quiet.run()).map(({ type }) => type)).toEqual(['hello', 'hello']);
  });

  test('a proof is kept though the commit that was to keep it failed', async () => {
    const a = await holder(0, branch('a', 3, 5));
    const peer = await new Peer(a, testIdentity(1)).open();
    await peer.hello();
    a.auto = false;
    const proof = proofOf(3, 5);
    await peer.say({ type: 'fork', group: 0, author: author.publicKey, head: 0, proof });
    await a.carryOut('disk-full');
    expect(a.forkedAt(author.publicKey)).toBeUndefined();
    a.auto = true;
    await a.pass(syncLimits.commitRetryMs);
    expect(a.forkedAt(author.publicKey)).toBe(3);
    expect(await a.store.local(forkRowPrefix)).toHaveLength(1);
  });
});

describe('three branches', () => {
  /** a and b part at 8; c parts from both at 4. */
  const branches = [branch('a', 8, 12), branch('b', 8, 12), branch('c', 4, 12)] as const;
  const orders = [
    [0, 1, 2],
    [1, 2, 0],
    [2, 0, 1],
    [0, 2, 1],
  ] as const;

  test.each(orders)(
    'F59 freeze the feed at the earliest place, linked in the order %i %i %i',
    async (...order) => {
      const rigs = await Promise.all(branches.map((roots, i) => holder(i, roots, i + 1)));
      const [first, second, last] = order.map((i) => rigs[i] ?? expect.fail()) as [Rig, Rig, Rig];
      const early = await new Wire([[first, second]]).open();
      await early.settle();
      const late = await new Wire([[second, last]], 20).open();
      await late.settle();
      await early.settle();
      for (const rig of rigs) expect(rig.forkedAt(author.publicKey)).toBe(4);
      await early.close();
      await late.close();
      const quiet = await new Wire([[first, last]], 30).open();
      expect((await quiet.run()).map(({ type }) => type)).toEqual(['hello', 'hello']);
    },
  );

  test('though the proof of the later fork comes first, to a node that has the third branch', async () => {
    for (const length of [12, 9, 7, 6]) {
      const c = await holder(2, branch('c', 4, length));
      const peer = await new Peer(c, testIdentity(1), 40).open();
      await peer.hello();
      const proof = proofOf(8, 12);
      await peer.say({ type: 'fork', group: 0, author: author.publicKey, head: 0, proof });
      await peer.close();
      expect(c.forkedAt(author.publicKey)).toBe(8);
      const a = await holder(0, branches[0]);
      const wire = await new Wire([[a, c]], 20).open();
      await wire.settle(10);
      for (const rig of [a, c]) expect(rig.forkedAt(author.publicKey)).toBe(4);
    }
  });
});

describe('a proof of a fork', () => {
  const proof = proofOf(3, 6);

  test('holds for the feed and place that it names, and for no other', () => {
    expect(verifyForkProof(feed, proof)).toBe(true);
    expect(verifyForkProof({ ...feed, head: 1 }, proof)).toBe(false);
    expect(verifyForkProof({ ...feed, group: testGroup('other') }, proof)).toBe(false);
    expect(verifyForkProof({ ...feed, author: testIdentity(4).publicKey }, proof)).toBe(false);
    for (const seq of [1, 2, 4, 2 ** 50])
      expect(verifyForkProof(feed, { ...proof, seq })).toBe(false);
  });

  test('is none with one branch twice, in whatever segments', () => {
    expect(verifyForkProof(feed, { ...proof, second: proof.first })).toBe(false);
    const long = runOf(branch('a', 3, 6), 3);
    const short = runOf(branch('a', 3, 4), 3);
    expect(verifyForkProof(feed, { seq: 3, first: long.bytes, second: short.bytes })).toBe(false);
  });

  test('is none where the runs begin at different places', () => {
    const [a, b] = [runOf(branch('a', 3, 6), 3), runOf(branch('b', 3, 6), 4)];
    expect(verifyForkProof(feed, { seq: 3, first: a.bytes, second: b.bytes })).toBe(false);
    expect(verifyForkProof(feed, { seq: 4, first: a.bytes, second: b.bytes })).toBe(false);
  });

  test('is none where the runs stand behind different roots: they part earlier', () => {
    const [a, b] = [runOf(branch('a', 3, 6), 5), runOf(branch('b', 3, 6), 5)];
    expect(verifyForkProof(feed, { seq: 5, first: a.bytes, second: b.bytes })).toBe(false);
    expect(compareBranches(a, b)).toEqual({ parts: 'before' });
  });

  test('with any edit proves nothing', () => {
    const half = mutated(fc.constantFrom(proof.first, proof.second));
    fc.assert(
      fc.property(half, fc.boolean(), (bytes, isFirst) => {
        const edited = isFirst ? { ...proof, first: bytes } : { ...proof, second: bytes };
        const same = [proof.first, proof.second].some((one) => one.join() === bytes.join());
        fc.pre(!same);
        expect(verifyForkProof(feed, edited)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('is read as it was written, and what is cut is none or another', () => {
    const bytes = encodeForkProof(proof);
    expect(parseForkProof(new ByteReader(bytes))).toEqual(proof);
    for (let end = 0; end < bytes.length; end++) {
      const cut = parseForkProof(new ByteReader(bytes.subarray(0, end)));
      if (cut !== undefined) expect(verifyForkProof(feed, cut)).toBe(false);
    }
  });

  test('names no texts: the objects are left out', () => {
    expect(Buffer.from(proof.first).includes('axxx')).toBe(false);
  });

  test('of somebody who is no member is dropped, and a wrong one is an offence', async () => {
    const { rig, peer } = await linked();
    const fork = { type: 'fork', group: 0, author: author.publicKey, head: 0 } as const;
    await peer.say({ ...fork, proof: { ...proof, second: proof.first } });
    expect(rig.dropped('bad-fork-proof')).toBe(1);
    rig.members.delete(author.publicKey);
    await peer.say({ ...fork, proof });
    expect(rig.dropped('not-a-member')).toBe(1);
    expect(rig.gossip.overview.forks).toBe(0);
  });

  test('F60 fits a frame for the longest segments that there may be', async () => {
    const roots = (name: string): TestRoot[] =>
      Array.from({ length: 8192 }, (_, i) => ({
        time: 2 ** 50 + i,
        slots: [{ object: textObject(`${name}${i}`, i) }],
      }));
    const [a, b] = [await holder(0, roots('a'), 8192), await holder(1, roots('b'), 8192)];
    const wire = await new Wire([[a, b]]).open();
    await wire.settle();
    for (const rig of [a, b]) expect(rig.forkedAt(author.publicKey)).toBe(1);
  });
});
