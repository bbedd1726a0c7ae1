// What waits for the disk: own objects share roots, failed commits leave nothing behind, and every
// ticket is answered once.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rootLimits } from '../../src/cxo/limits.ts';
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { FeedBuilder, testIdentity, textObject } from '../support/feeds.ts';
import { group, linked, Peer, Rig, rootsOf } from './rig.ts';

const [self, friend, third] = [testIdentity(0), testIdentity(1), testIdentity(2)];

async function alone(): Promise<Rig> {
  return new Rig(self).start();
}

describe('own objects', () => {
  test('that come while a commit is under way share the next root and its signature', async () => {
    const rig = await alone();
    rig.auto = false;
    const tickets = [];
    for (let i = 0; i < 10; i++) tickets.push(await rig.post(`${i}`));
    expect(rig.waitingCommits).toBe(1);
    await rig.carryOut();
    const answers = tickets.map((ticket) => rig.answers(ticket));
    expect(answers[0]).toMatchObject([{ seq: 1, index: 0, arrival: 1 }]);
    answers.slice(1).forEach((answer, i) => {
      expect(answer).toMatchObject([{ seq: 2, index: i, arrival: i + 2 }]);
    });
  });

  test(`are at most ${rootLimits.objectsMax} in one root`, async () => {
    const rig = await alone();
    rig.auto = false;
    for (let i = 0; i < 2 * rootLimits.objectsMax + 2; i++) await rig.post(`${i}`);
    await rig.carryOut();
    const head = rig.store.find({ group, author: self.publicKey, head: 0 })?.head;
    expect(head).toMatchObject({ seq: 4, count: 2 * rootLimits.objectsMax + 2 });
  });

  test('that are large are split over roots, each of which fits a segment', async () => {
    const rig = await alone();
    rig.auto = false;
    for (let i = 0; i < 9; i++) await rig.post('', textObject('l'.repeat(250_000)));
    await rig.carryOut();
    const head = rig.store.find({ group, author: self.publicKey, head: 0 })?.head;
    expect(head?.count).toBe(9);
    expect(head?.seq).toBe(5);
  });

  test('F60 above the bound are refused at once, and so are local rows', async () => {
    const rig = await alone();
    rig.auto = false;
    const object = textObject('x');
    for (let i = 0; i <= syncLimits.appendsMax; i++) await rig.post('', object);
    const last = await rig.post('one too many', object);
    expect(rig.answers(last)).toEqual(['too-many-requests']);
    const row = { key: 'row', value: new Uint8Array() };
    for (let ticket = 10_000; ticket <= 10_000 + syncLimits.appendsMax; ticket++) {
      await rig.handle({ type: 'local', ticket, changes: [row] });
    }
    expect(rig.answers(10_000 + syncLimits.appendsMax)).toEqual(['too-many-requests']);
    expect(rig.answers(10_000)).toEqual([]);
  });

  test('F57 are on disk before they are acknowledged or passed on', async () => {
    const { rig } = await linked();
    rig.auto = false;
    const ticket = await rig.post('not yet');
    expect([rig.answers(ticket), rig.sent()]).toEqual([[], []]);
    await rig.carryOut();
    expect(rig.answers(ticket)).toHaveLength(1);
    expect(rig.sentOf('segment')).toHaveLength(1);
  });
});

describe('history beside posts', () => {
  /** Segments of 30 KB each from a peer, more than a commit beside posts takes. */
  async function withHistoryWaiting(rig: Rig, peer: Peer): Promise<void> {
    const builder = new FeedBuilder(friend, group);
    for (let seq = 1; seq <= 20; seq++) {
      const object = textObject('h'.repeat(30_000));
      const { bytes } = builder.segment([{ time: seq, slots: [{ object }] }]);
      await peer.segment(friend.publicKey, seq, bytes);
    }
    expect(rig.waitingCommits).toBe(1);
  }

  function commitBytes(rig: Rig): number[] {
    return rig.effects
      .filter((effect) => effect.type === 'commit')
      .map(({ commit }) => commit.records.reduce((sum, { bytes }) => sum + bytes.length, 0));
  }

  test('F22 is written in short commits, the post being in the next one', async () => {
    const { rig, peer } = await linked();
    rig.auto = false;
    await withHistoryWaiting(rig, peer);
    const ticket = await rig.post('beside history');
    await rig.carryOutOne();
    await rig.carryOutOne();
    expect(rig.answers(ticket)).toHaveLength(1);
    await rig.carryOut();
    expect(rig.seq(friend.publicKey)).toBe(20);
    const sizes = commitBytes(rig);
    expect(sizes.length).toBeGreaterThan(4);
    for (const size of sizes) {
      expect(size).toBeLessThan(syncLimits.commitBytesBesidePostsMax + 1000);
    }
  });

  test('is written in long commits where nobody posts, and again once nobody does', async () => {
    const { rig, peer } = await linked();
    await rig.post('long ago');
    await rig.pass(syncLimits.postingMs);
    rig.auto = false;
    await withHistoryWaiting(rig, peer);
    await rig.carryOut();
    expect(commitBytes(rig).slice(-1)).toEqual([expect.closeTo(19 * 30_000, -5)]);
  });
});

describe('F56 a commit that fails', () => {
  test('acknowledges nothing, and the next one continues where the disk stands', async () => {
    const { rig } = await linked();
    rig.auto = false;
    const lost = await rig.post('lost');
    const waiting = await rig.post('waiting');
    await rig.carryOut('disk-full');
    expect(rig.answers(lost)).toEqual(['disk-full']);
    expect([rig.answers(waiting), rig.sent()]).toEqual([[], []]);
    rig.auto = true;
    await rig.pass(syncLimits.commitRetryMs);
    expect(rig.answers(waiting)).toMatchObject([{ seq: 1 }]);
    expect(rig.sentOf('segment')).toMatchObject([{ place: { from: 1 } }]);
  });

  test('makes the node ask again for what peers sent, of them and without blaming them', async () => {
    const { rig, peer } = await linked();
    const { segments } = rootsOf(friend, 3);
    rig.auto = false;
    for (const [i, bytes] of segments.entries()) await peer.segment(friend.publicKey, i + 1, bytes);
    await rig.carryOut('disk-full');
    expect(rig.sent()).toEqual([]);
    expect(rig.gossip.overview.behind()).toBe(3);
    rig.auto = true;
    await rig.pass(syncLimits.commitRetryMs);
    expect(rig.sentOf('want')).toMatchObject([{ places: [{ from: 1 }] }]);
    for (const [i, bytes] of segments.entries()) await peer.segment(friend.publicKey, i + 1, bytes);
    expect(rig.seq(friend.publicKey)).toBe(3);
    expect(rig.dropped('stalled')).toBe(0);
  });

  test('again and again asks less and less often, and takes at most a window each time', async () => {
    const { rig, peer } = await linked();
    const { segments } = rootsOf(friend, 1);
    await peer.have(friend.publicKey, 1);
    rig.auto = false;
    let wants = 0;
    for (let second = 0; second < 300; second++) {
      for (const want of rig.sentOf('want')) {
        wants += want.places.length;
        await peer.segment(friend.publicKey, 1, segments[0] ?? expect.fail());
      }
      await rig.carryOut('disk-full');
      await rig.pass(1000);
    }
    expect(wants).toBeGreaterThan(5);
    expect(wants).toBeLessThan(20);
    rig.auto = true;
    await rig.pass(syncLimits.resumeMsMax + syncLimits.commitRetryMs);
    await peer.segment(friend.publicKey, 1, segments[0] ?? expect.fail());
    expect(rig.seq(friend.publicKey)).toBe(1);
  });

  test('keeps back the credit for what it lost until there is room', async () => {
    const { rig, peer } = await linked();
    const { segments } = rootsOf(friend, 200);
    rig.auto = false;
    for (const [i, bytes] of segments.entries()) await peer.segment(friend.publicKey, i + 1, bytes);
    await rig.carryOut('disk-full');
    for (let i = 0; i < 3000; i++)
      await peer.segment(friend.publicKey, 100, segments[99] ?? expect.fail());
    expect(rig.sentOf('credit')).toEqual([]);
  });
});

test('F05 segments that all peers together have on the way to the disk are bounded', async () => {
  const rig = await new Rig(self).start();
  rig.auto = false;
  const text = 'b'.repeat(60_000);
  let taken = 0;
  const peers: Peer[] = [];
  for (let number = 1; number <= 30; number++) {
    const author = testIdentity(1000 + number);
    rig.members.add(author.publicKey);
    const peer = await new Peer(rig, author, number).open();
    peers.push(peer);
    await peer.hello();
    for (const [i, bytes] of bigRoots(author, 12, text).entries()) {
      await peer.segment(author.publicKey, i + 1, bytes);
      taken += bytes.length;
    }
  }
  expect(taken).toBeGreaterThan(2 * syncLimits.pendingBytesMax);
  expect(rig.dropped('pending-full')).toBeGreaterThan(0);
  for (let link = 1; link <= 30; link++) rig.sent(link);
  await rig.carryOut();
  expect(rig.store.latestArrival() * text.length).toBeLessThan(syncLimits.pendingBytesMax * 1.2);
  // With room again, all that was refused is asked for, and nobody is blamed.
  const wants = peers.flatMap(({ link }) => rig.sentOf('want', link));
  expect(wants.length).toBeGreaterThan(10);
  expect(rig.dropped('stalled')).toBe(0);
});

function bigRoots(
  author: ReturnType<typeof testIdentity>,
  count: number,
  text: string,
): Uint8Array[] {
  const { builder } = rootsOf(author, 0);
  return Array.from({ length: count }, (_, i) => {
    const slots = [1, 2].map(() => ({ object: textObject(text) }));
    return builder.segment([{ time: 1_700_000_000_000_000 + i, slots }]).bytes;
  });
}

test('every ticket is answered exactly once, whatever comes in between', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('post' as const) },
    { weight: 1, arbitrary: fc.constant('local' as const) },
    { weight: 2, arbitrary: fc.constant('committed' as const) },
    { weight: 1, arbitrary: fc.constant('commit-failed' as const) },
    { weight: 1, arbitrary: fc.constant('tick' as const) },
    { weight: 1, arbitrary: fc.constant('close' as const) },
    { weight: 1, arbitrary: fc.constant('open' as const) },
    { weight: 1, arbitrary: fc.constant('segment' as const) },
    { weight: 1, arbitrary: fc.constant('claim' as const) },
  );
  const { segments } = rootsOf(friend, 60);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const rig = await new Rig(self, { store: new MemoryStore() }).start();
      const peer = new Peer(rig, third);
      const tickets: number[] = [];
      const locals: number[] = [];
      rig.auto = false;
      for (const one of steps) {
        if (one === 'post') tickets.push(await rig.post('text'));
        if (one === 'local') {
          const ticket = 1_000_000 + locals.length;
          locals.push(ticket);
          await rig.handle({
            type: 'local',
            ticket,
            changes: [{ key: 'k', value: new Uint8Array() }],
          });
        }
        if (one === 'committed') await rig.carryOutOne();
        if (one === 'commit-failed') await rig.carryOutOne('store-failed');
        if (one === 'tick') await rig.pass(700);
        if (one === 'close') await peer.close();
        if (one === 'open') {
          await peer.close();
          await peer.open();
          await peer.hello();
        }
        if (one === 'segment') {
          const from = rig.seq(friend.publicKey) + 1;
          await peer.segment(friend.publicKey, from, segments[from - 1] ?? expect.fail());
        }
        if (one === 'claim') await peer.have(self.publicKey, rig.seq(self.publicKey) + 1);
      }
      rig.auto = true;
      await rig.carryOut();
      await rig.pass(syncLimits.ownFeedWaitMs + syncLimits.ownClaimMs);
      for (const ticket of tickets) expect(rig.answers(ticket)).toHaveLength(1);
      for (const ticket of locals) {
        const written = rig.effects.filter(
          (effect) => effect.type === 'local-written' && effect.ticket === ticket,
        );
        expect(written.length + rig.answers(ticket).length).toBe(1);
      }
      const acknowledged = tickets.filter((ticket) => typeof rig.answers(ticket)[0] === 'object');
      const head = rig.store.find({ group, author: self.publicKey, head: 0 })?.head;
      expect(head?.count ?? 0).toBe(acknowledged.length);
    }),
    { numRuns: 150 },
  );
});
