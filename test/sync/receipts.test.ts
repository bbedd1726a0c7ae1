// Receipts between engines: when one is made, where it goes, what is learned from it, and what it
// costs whoever sends too many, or those of others.
import { describe, expect, test } from 'vitest';
import type { GroupId } from '../../src/cxo/ids.ts';
import type { Identity, PublicKey } from '../../src/identity.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import {
  buildReceipt,
  parseReceipt,
  receiptDigestBytes,
  verifyReceipt,
  type Receipt,
  type ReceiptEntry,
} from '../../src/sync/receipt.ts';
import { anyFeed } from '../../src/sync/groups.ts';
import { Replica } from '../../src/sync/replica.ts';
import { testGroup, testIdentity } from '../support/feeds.ts';
import { group, linked, Peer, Rig, rootsOf, startWall, Wire } from './rig.ts';

const self = testIdentity(0);
const author = testIdentity(3);
const far = testIdentity(4);

interface Said {
  readonly from?: Identity;
  readonly number?: number;
  readonly digest?: Uint8Array;
  readonly of?: GroupId;
}

function receiptBytes(entries: readonly ReceiptEntry[], said: Said = {}): Uint8Array {
  const { from = far, number = startWall, digest = new Uint8Array(32), of = group } = said;
  return buildReceipt(from, of, { number, digest, entries });
}

function entryOf(of: PublicKey, seq: number): ReceiptEntry {
  return { author: of, head: 0, seq };
}

async function sayReceipt(peer: Peer, entries: readonly ReceiptEntry[], said: Said = {}) {
  return peer.say({ type: 'receipt', group: 0, bytes: receiptBytes(entries, said) });
}

function receiptsSent(rig: Rig, link = 1): Receipt[] {
  return rig.sentOf('receipt', link).map(({ bytes }) => {
    const receipt = parseReceipt(bytes);
    if (receipt === undefined) throw new Error('the engine sent no receipt');
    expect(verifyReceipt(group, receipt.member, bytes)).toBe(true);
    return receipt;
  });
}

function digestOf(rig: Rig): Uint8Array {
  return new Replica(rig.store.feeds(), anyFeed, 0).digest(group);
}

function storedBy(rig: Rig, of: PublicKey, seq: number): PublicKey[] {
  return rig.gossip.overview.storedBy({ group, author: of, head: 0 }, seq);
}

/** An engine with two greeted peers, identities 1 and 2. */
async function pair(): Promise<{ rig: Rig; first: Peer; second: Peer }> {
  const { rig, peer: first } = await linked();
  const second = await new Peer(rig, testIdentity(2), 2).open();
  await second.hello();
  rig.sent(2);
  return { rig, first, second };
}

describe('a receipt is made', () => {
  test('when roots of somebody who is no neighbour are on this disk, and not before', async () => {
    const { rig, peer } = await linked();
    const [bytes = expect.fail()] = rootsOf(author, 1).segments;
    rig.auto = false;
    await peer.segment(author.publicKey, 1, bytes);
    await rig.pass(1000);
    expect(receiptsSent(rig)).toEqual([]);
    await rig.carryOut();
    expect(receiptsSent(rig)).toEqual([
      {
        ...{ member: self.publicKey, number: rig.now.wall },
        digest: digestOf(rig).slice(0, receiptDigestBytes),
        entries: [entryOf(author.publicKey, 1)],
      },
    ]);
  });

  test('of own roots never: their author has them', async () => {
    const { rig, peer } = await linked();
    const [bytes = expect.fail()] = rootsOf(author, 1).segments;
    await peer.segment(author.publicKey, 1, bytes);
    await rig.pass(20_000);
    rig.sent();
    await rig.post('own');
    await rig.pass(20_000);
    expect(rig.sent().map(({ type }) => type)).toContain('segment');
    expect(receiptsSent(rig)).toEqual([]);
  });

  test('never where all other members are neighbours, who know it by have', async () => {
    const { rig, peer } = await linked();
    const { segments } = rootsOf(testIdentity(1), 2);
    for (const [i, bytes] of segments.entries()) {
      await peer.segment(testIdentity(1).publicKey, i + 1, bytes);
    }
    await rig.pass(20_000);
    expect(receiptsSent(rig)).toEqual([]);
  });

  test('for a member that has written nothing, once it was heard of', async () => {
    const { rig, first, second } = await pair();
    const { segments } = rootsOf(testIdentity(1), 2);
    const [one = expect.fail(), two = expect.fail()] = segments;
    await first.segment(testIdentity(1).publicKey, 1, one);
    await sayReceipt(second, [entryOf(testIdentity(1).publicKey, 1)]);
    await rig.pass(1000);
    expect(receiptsSent(rig).filter(({ member }) => member === self.publicKey)).toEqual([]);
    await first.segment(testIdentity(1).publicKey, 2, two);
    await rig.pass(1000);
    expect(receiptsSent(rig)).toMatchObject([{ entries: [{ seq: 2 }] }]);
  });

  test('at most once in the time that each member has, in which later roots are gathered', async () => {
    const { rig, peer } = await linked();
    const { segments } = rootsOf(author, 30);
    for (const [i, bytes] of segments.entries()) {
      await peer.segment(author.publicKey, i + 1, bytes);
      await rig.pass(10);
    }
    await rig.pass(syncLimits.receiptMsMin);
    const seqs = receiptsSent(rig).map(({ entries }) => entries[0]?.seq);
    expect(seqs).toEqual([1, 10, 20, 30]);
  });

  test('of a hundred members each makes one in a second, at a time of its own', async () => {
    const made: number[] = [];
    for (const number of [0, 7]) {
      const authors = Array.from({ length: 100 }, (_, i) => testIdentity(100 + i));
      const members = new Set(
        [testIdentity(number), testIdentity(1), ...authors].map(({ publicKey }) => publicKey),
      );
      const rig = await new Rig(testIdentity(number), { members }).start();
      const peer = await new Peer(rig, testIdentity(1)).open();
      await peer.hello();
      const feeds = authors.map((one, i) => rootsOf(one, i === 0 ? 200 : 1).segments);
      for (const [i, one] of authors.entries()) {
        await peer.segment(one.publicKey, 1, feeds[i]?.[0] ?? expect.fail());
      }
      await rig.pass(20_000);
      rig.sent();
      const [[first = expect.fail()], [segments = expect.fail()]] = [authors, feeds];
      const begin = rig.now.wall;
      for (const [i, bytes] of segments.slice(1).entries()) {
        await peer.segment(first.publicKey, i + 2, bytes);
        await rig.pass(20);
      }
      const numbers = receiptsSent(rig).map((receipt) => receipt.number - begin);
      expect(numbers.length).toBeGreaterThanOrEqual(3);
      expect(numbers.length).toBeLessThanOrEqual(4);
      made.push(numbers[0] ?? 0);
    }
    expect(made[0]).not.toBe(made[1]);
    for (const at of made) expect(at).toBeLessThan(1_000_000);
  });

  test('once more when nothing has followed for five seconds, and then no more', async () => {
    const { rig, peer } = await linked();
    const [bytes = expect.fail()] = rootsOf(author, 1).segments;
    await peer.segment(author.publicKey, 1, bytes);
    const [first] = receiptsSent(rig);
    await rig.pass(syncLimits.receiptRepeatMs - 1);
    expect(receiptsSent(rig)).toEqual([]);
    await rig.pass(1);
    const [again] = receiptsSent(rig);
    expect(again).toEqual({ ...first, number: rig.now.wall });
    await rig.pass(300_000);
    expect(receiptsSent(rig)).toEqual([]);
  });

  test('of a long history only at its end', async () => {
    const { rig, peer } = await linked();
    const seq = syncLimits.receiptRootsMax + 3;
    const { segments } = rootsOf(author, 4);
    await peer.have(author.publicKey, seq);
    for (const [i, bytes] of segments.slice(0, 2).entries()) {
      await peer.segment(author.publicKey, i + 1, bytes);
    }
    await rig.pass(1000);
    expect(receiptsSent(rig)).toEqual([]);
    const [, , third = expect.fail()] = segments;
    await peer.segment(author.publicKey, 3, third);
    expect(receiptsSent(rig)).toMatchObject([{ entries: [{ seq: 3 }] }]);
  });

  test('of a long history that breaks off as well', async () => {
    const { rig, peer } = await linked();
    const [bytes = expect.fail()] = rootsOf(author, 1).segments;
    await peer.have(author.publicKey, 5000);
    await peer.segment(author.publicKey, 1, bytes);
    await rig.pass(syncLimits.receiptRepeatMs);
    const digest = digestOf(rig).slice(0, receiptDigestBytes);
    expect(receiptsSent(rig)).toMatchObject([{ digest, entries: [{ seq: 1 }] }]);
  });

  test('F60 of many feeds in parts, each within its bound', async () => {
    const authors = Array.from({ length: 150 }, (_, i) => testIdentity(100 + i));
    const members = new Set([self, testIdentity(1), ...authors].map(({ publicKey }) => publicKey));
    const { rig, peer } = await linked({ members });
    rig.auto = false;
    for (const one of authors) {
      const [bytes = expect.fail()] = rootsOf(one, 1).segments;
      await peer.segment(one.publicKey, 1, bytes);
    }
    await rig.carryOut();
    await rig.pass(4500);
    const receipts = receiptsSent(rig);
    const max = syncLimits.receiptEntriesMax;
    for (const { entries } of receipts) expect(entries.length).toBeLessThanOrEqual(max);
    const told = receipts.flatMap(({ entries }) => entries.map((entry) => entry.author));
    expect(told.sort()).toEqual(authors.map(({ publicKey }) => publicKey).sort());
  });

  test('with a number that grows though the clock goes back', async () => {
    const { rig, peer } = await linked();
    const [one = expect.fail(), two = expect.fail()] = rootsOf(author, 2).segments;
    await peer.segment(author.publicKey, 1, one);
    rig.now.wall -= 3_600_000_000;
    await rig.pass(1000);
    await peer.segment(author.publicKey, 2, two);
    const [first, second] = receiptsSent(rig);
    expect(second?.number).toBe((first?.number ?? 0) + 1);
  });

  test('without a link when there is one again', async () => {
    const { rig, peer } = await linked();
    const [bytes = expect.fail()] = rootsOf(author, 1).segments;
    rig.auto = false;
    await peer.segment(author.publicKey, 1, bytes);
    await peer.close();
    await rig.carryOut();
    await rig.pass(60_000);
    const second = await new Peer(rig, testIdentity(2), 2).open();
    await second.hello();
    await rig.pass(syncLimits.receiptsGivenMs);
    expect(receiptsSent(rig, 2)).toMatchObject([{ entries: [entryOf(author.publicKey, 1)] }]);
  });
});

test('what was to be told as the last link closed is told to the next one', async () => {
  const { rig, peer } = await linked();
  const [one = expect.fail(), two = expect.fail()] = rootsOf(author, 2).segments;
  await peer.segment(author.publicKey, 1, one);
  await rig.pass(10);
  await peer.segment(author.publicKey, 2, two);
  await peer.close();
  rig.sent();
  expect(rig.gossip.deadline(rig.at)).toBeUndefined();
  await rig.pass(1000);
  const second = await new Peer(rig, testIdentity(2), 2).open();
  await second.hello();
  await rig.pass(syncLimits.receiptsGivenMs);
  const entries = receiptsSent(rig, 2).map((receipt) => receipt.entries);
  expect(entries).toEqual([[entryOf(author.publicKey, 1)], [entryOf(author.publicKey, 2)]]);
});

test('a link that closes does not keep the others from being told', async () => {
  const { rig, first } = await pair();
  const [one = expect.fail(), two = expect.fail()] = rootsOf(author, 2).segments;
  await first.segment(author.publicKey, 1, one);
  await first.segment(author.publicKey, 2, two);
  await first.close();
  rig.sent(2);
  await rig.pass(syncLimits.receiptMsMin);
  expect(receiptsSent(rig, 2)).toMatchObject([{ entries: [{ seq: 2 }] }]);
});

describe('a receipt of another', () => {
  test('goes on as it is to all but the link that brought it, and only once', async () => {
    const { rig, first, second } = await pair();
    const bytes = receiptBytes([entryOf(self.publicKey, 1)]);
    await first.say({ type: 'receipt', group: 0, bytes });
    expect(rig.sentOf('receipt', 2)).toEqual([{ type: 'receipt', group: 0, bytes }]);
    await second.say({ type: 'receipt', group: 0, bytes });
    await first.say({ type: 'receipt', group: 0, bytes });
    await sayReceipt(first, [], { number: startWall - 1 });
    for (const link of [1, 2]) expect(rig.sentOf('receipt', link)).toEqual([]);
    expect(rig.dropped('old-receipt')).toBe(3);
  });

  test('goes along the tree of the feed that it names first', async () => {
    const { rig, first, second } = await pair();
    const third = await new Peer(rig, author, 3).open();
    await third.hello();
    const { segments } = rootsOf(author, 1);
    const [bytes = expect.fail()] = segments;
    await third.segment(author.publicKey, 1, bytes);
    const places = [{ author: author.publicKey, head: 0, from: 2 }];
    await second.say({ type: 'prune', group: 0, places });
    for (const link of [1, 2, 3]) rig.sent(link);
    await sayReceipt(third, [entryOf(author.publicKey, 1)]);
    expect(rig.sentOf('receipt', 1)).toHaveLength(1);
    expect(rig.sentOf('receipt', 2)).toEqual([]);
    await sayReceipt(first, [entryOf(self.publicKey, 1)], { number: startWall + 1 });
    expect(rig.sentOf('receipt', 2)).toHaveLength(1);
  });

  test('says of a post who has it, though its sender is no neighbour', async () => {
    const { rig, peer } = await linked();
    await rig.post('hello');
    expect(storedBy(rig, self.publicKey, 1)).toEqual([]);
    const effects = await sayReceipt(peer, [entryOf(self.publicKey, 1)]);
    expect(effects).toContainEqual({ type: 'delivered', peer: far.publicKey });
    expect(storedBy(rig, self.publicKey, 1)).toEqual([far.publicKey]);
    expect(storedBy(rig, self.publicKey, 2)).toEqual([]);
    await sayReceipt(peer, [entryOf(self.publicKey, 3)], { number: startWall + 1 });
    await sayReceipt(peer, [entryOf(self.publicKey, 2)], { number: startWall + 2 });
    expect(storedBy(rig, self.publicKey, 3)).toEqual([far.publicKey]);
  });

  test('by a digest that this node comes to says that its member has all that this node has', async () => {
    const { rig, peer } = await linked();
    await rig.post('hello');
    const { builder, segments } = rootsOf(author, 2);
    const [one = expect.fail(), two = expect.fail()] = segments;
    await peer.segment(author.publicKey, 1, one);
    const heads = [
      ...rig.store.feeds().filter(({ feed }) => feed.author === self.publicKey),
      { feed: builder.feed, head: builder.head, forkedAt: undefined },
    ];
    const digest = new Replica(heads, anyFeed, 0).digest(group);
    await sayReceipt(peer, [], { digest });
    await rig.pass(1000);
    expect(storedBy(rig, self.publicKey, 1)).toEqual([]);
    const before = rig.effects.length;
    await peer.segment(author.publicKey, 2, two);
    await rig.pass(1000);
    expect(rig.effects.slice(before)).toContainEqual({ type: 'delivered', peer: far.publicKey });
    expect(storedBy(rig, self.publicKey, 1)).toContain(far.publicKey);
    expect(storedBy(rig, author.publicKey, 2)).toContain(far.publicKey);
  });

  test('is no offer to send: nothing is wanted of anybody, and nothing is missing for it', async () => {
    const { rig, peer } = await linked();
    const [bytes = expect.fail()] = rootsOf(author, 1).segments;
    await peer.segment(author.publicKey, 1, bytes);
    await peer.have(author.publicKey, 1);
    rig.sent();
    await sayReceipt(peer, [entryOf(author.publicKey, 9)]);
    await rig.pass(1000);
    expect(rig.sentOf('want')).toEqual([]);
    expect(rig.gossip.overview.behind()).toBe(0);
    const of = rig.gossip.overview.feeds().find(({ feed }) => feed.author === author.publicKey);
    expect(of?.sources).toEqual([testIdentity(1).publicKey]);
    expect(rig.gossip.overview.lag(far.publicKey)).toMatchObject({ behind: 0 });
  });

  test('of feeds that there are not here is not remembered', async () => {
    const { rig, peer } = await linked();
    await sayReceipt(peer, [entryOf(author.publicKey, 9)]);
    expect(storedBy(rig, author.publicKey, 9)).toEqual([author.publicKey]);
  });

  test('is given to a link that is new, as long as it is among the latest', async () => {
    const authors = Array.from({ length: 80 }, (_, i) => testIdentity(100 + i));
    const ends = [testIdentity(1), testIdentity(2)];
    const members = new Set([...ends, ...authors].map(({ publicKey }) => publicKey));
    const { rig, peer } = await linked({ members });
    await rig.pass(60_000);
    for (const from of authors) await sayReceipt(peer, [], { from });
    await sayReceipt(peer, [], { from: testIdentity(2) });
    await rig.pass(1);
    const second = await new Peer(rig, testIdentity(2), 2).open();
    await second.hello();
    await rig.pass(syncLimits.receiptsGivenMs - 1);
    expect(receiptsSent(rig, 2)).toEqual([]);
    await rig.pass(1);
    const given = receiptsSent(rig, 2).map(({ member }) => member);
    const latest = authors.slice(-(syncLimits.receiptsKeptMax - 1));
    expect(given).toEqual(latest.map(({ publicKey }) => publicKey));
    await rig.pass(300_000);
    expect(receiptsSent(rig, 2)).toEqual([]);
  });
});

describe('what is not taken', () => {
  test('a receipt of a stranger is counted and goes no further', async () => {
    const { rig, first } = await pair();
    await sayReceipt(first, [entryOf(self.publicKey, 1)], { from: testIdentity(9) });
    expect(rig.dropped('not-a-member')).toBe(1);
    expect(rig.sentOf('receipt', 2)).toEqual([]);
  });

  test('a relay that speaks for another member is at fault, and says nothing', async () => {
    const { rig, first } = await pair();
    await rig.post('hello');
    const signed = receiptBytes([entryOf(self.publicKey, 1)], { from: testIdentity(1) });
    const forged = receiptBytes([entryOf(self.publicKey, 1)]);
    forged.set(signed.subarray(-64), forged.length - 64);
    const elsewhere = receiptBytes([entryOf(self.publicKey, 1)], { of: testGroup('another') });
    for (const bytes of [forged, elsewhere]) {
      await first.say({ type: 'receipt', group: 0, bytes });
    }
    expect(rig.dropped('bad-signature')).toBe(2);
    expect(storedBy(rig, self.publicKey, 1)).toEqual([]);
    expect(rig.sentOf('receipt', 2)).toEqual([]);
    for (let i = 2; i <= syncLimits.invalidPerMinuteMax; i++) {
      expect(rig.closes()).toEqual([]);
      await first.say({ type: 'receipt', group: 0, bytes: forged });
    }
    expect(rig.closes()).toMatchObject([{ ban: true, reason: 'bad-signature' }]);
    // What was forged does not stand in the way of what the member says.
    await sayReceipt(first, [entryOf(self.publicKey, 1)]);
    expect(storedBy(rig, self.publicKey, 1)).toEqual([far.publicKey]);
  });

  test('bytes that are no receipt are an offence', async () => {
    const { rig, peer } = await linked();
    await peer.say({ type: 'receipt', group: 0, bytes: Uint8Array.of(1, 2, 3) });
    expect(rig.dropped('bad-receipt')).toBe(1);
  });

  test('a member that says the same again and again is heard at its rate', async () => {
    const { rig, first } = await pair();
    const max = syncLimits.receiptsOfMemberMax;
    for (let i = 0; i < max + 5; i++) await sayReceipt(first, [], { number: startWall + i });
    expect(rig.sentOf('receipt', 2)).toHaveLength(max);
    expect(rig.dropped('too-many-receipts')).toBe(5);
    await rig.pass(syncLimits.receiptOfMemberMs);
    await sayReceipt(first, [], { number: startWall + max + 5 });
    expect(rig.sentOf('receipt', 2)).toHaveLength(1);
    // Others are heard meanwhile.
    await sayReceipt(first, [], { from: author });
    expect(rig.sentOf('receipt', 2)).toHaveLength(1);
  });

  test('a link that brings receipts of many members is heard at its rate', async () => {
    const count = syncLimits.receiptsOfLinkMax / 100 + 1;
    const authors = Array.from({ length: count }, (_, i) => testIdentity(100 + i));
    const ends = [testIdentity(1), testIdentity(2)];
    const members = new Set([...ends, ...authors].map(({ publicKey }) => publicKey));
    const { rig, peer } = await linked({ members });
    for (let i = 0; i < 100; i++) {
      for (const from of authors) await sayReceipt(peer, [], { from, number: startWall + i });
    }
    expect(rig.dropped('too-many-receipts')).toBe(100);
    await rig.pass(syncLimits.receiptOfLinkMs);
    const [from = expect.fail()] = authors;
    await sayReceipt(peer, [], { from, number: startWall + 1000 });
    expect(rig.dropped('too-many-receipts')).toBe(100);
  });

  test('F60 of too many members the one that was silent for longest is forgotten', async () => {
    const limits = syncLimits as { receiptMembersMax: number };
    const real = limits.receiptMembersMax;
    limits.receiptMembersMax = 2;
    try {
      const { rig, peer } = await linked();
      const three = [testIdentity(2), author, far];
      for (const from of three) await sayReceipt(peer, [], { from });
      // Whose number is remembered says nothing new with it.
      for (const from of [far, author]) await sayReceipt(peer, [], { from });
      expect(rig.dropped('old-receipt')).toBe(2);
      await sayReceipt(peer, [], { from: testIdentity(2) });
      expect(rig.dropped('old-receipt')).toBe(2);
    } finally {
      limits.receiptMembersMax = real;
    }
  });

  test('a number that went back counts again once nothing was heard for long', async () => {
    const { rig, first } = await pair();
    await sayReceipt(first, [], { number: startWall + 3_600_000_000 });
    await rig.pass(syncLimits.receiptForgetMs - 1);
    await sayReceipt(first, [], { number: startWall });
    expect(rig.dropped('old-receipt')).toBe(1);
    await rig.pass(1);
    rig.sent(2);
    await sayReceipt(first, [], { number: startWall });
    expect(rig.sentOf('receipt', 2)).toHaveLength(1);
  });
});

describe('a line of four engines', () => {
  async function makeLine(): Promise<{ rigs: [Rig, Rig, Rig, Rig]; wire: Wire }> {
    const rigs = await Promise.all([0, 1, 2, 3].map((i) => new Rig(testIdentity(i)).start()));
    const [a, b, c, d] = rigs as [Rig, Rig, Rig, Rig];
    const wire = await new Wire([
      [a, b],
      [b, c],
      [c, d],
    ]).open();
    await wire.run();
    for (const rig of rigs) await rig.post('here');
    await wire.settle(2);
    return { rigs: [a, b, c, d], wire };
  }

  const keys = [0, 1, 2, 3].map((i) => testIdentity(i).publicKey);
  const others = (of: number): PublicKey[] => keys.filter((_, i) => i !== of).sort();

  test('every one knows of every message on whose disk it is, within the first second', async () => {
    const { rigs, wire } = await makeLine();
    await rigs[0].post('hello');
    for (let i = 0; i < 10; i++) {
      await wire.run();
      for (const rig of rigs) await rig.pass(100);
    }
    for (const [i, rig] of rigs.entries()) {
      expect(storedBy(rig, testIdentity(0).publicKey, 2).sort()).toEqual(others(i));
      expect(rig.gossip.overview.dropped()).toEqual({});
    }
  });

  test('a receipt that was lost is made up for by its repetition', async () => {
    const { rigs, wire } = await makeLine();
    const [a, , , d] = rigs;
    d.auto = false;
    await a.post('hello');
    await wire.run();
    await d.carryOut();
    d.auto = true;
    expect(receiptsSent(d, 3)).toHaveLength(1);
    const run = async (ms: number): Promise<void> => {
      for (let i = 0; i < ms / 100; i++) {
        await wire.run();
        for (const rig of rigs) await rig.pass(100);
      }
    };
    await run(syncLimits.receiptRepeatMs - 1000);
    expect(storedBy(a, testIdentity(0).publicKey, 2).sort()).toEqual(
      others(0).filter((key) => key !== keys[3]),
    );
    await run(2000);
    expect(storedBy(a, testIdentity(0).publicKey, 2).sort()).toEqual(others(0));
  });

  test('a message costs one receipt of each of the others on each link, and one repetition', async () => {
    const { rigs, wire } = await makeLine();
    await rigs[0].post('hello');
    let receipts = 0;
    for (let i = 0; i < 300; i++) {
      for (const { type } of await wire.run()) if (type === 'receipt') receipts++;
      for (const rig of rigs) await rig.pass(100);
    }
    expect(receipts).toBe(2 * 3 * 3);
  });
});
