// Roots of clocks that are ahead: stored and passed on, and shown when their time has come.
import { expect, test } from 'vitest';
import {
  testIdentity,
  FeedBuilder,
  textObject,
  textRoot,
  type TestRoot,
} from '../support/feeds.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { group, linked, Peer, Rig, rootsOf, startWall, Wire } from './rig.ts';

const [self, friend, third] = [testIdentity(0), testIdentity(1), testIdentity(2)];
const minute = 60_000_000;

function arrivals(rig: Rig): number {
  return rig.effects
    .filter((effect) => effect.type === 'arrived')
    .reduce((sum, { entries }) => sum + entries.length, 0);
}

test('F30 a root 11 minutes ahead is stored and passed on at once, and shown a minute later, once', async () => {
  const { rig, peer } = await linked();
  const other = await new Peer(rig, third, 2).open();
  await other.hello();
  rig.sent(2);
  const [bytes] = rootsOf(friend, 1, startWall + 11 * minute).segments;
  await peer.segment(friend.publicKey, 1, bytes ?? expect.fail());
  expect(rig.seq(friend.publicKey)).toBe(1);
  expect(rig.sent(2).map(({ type }) => type)).toEqual(['segment']);
  expect([arrivals(rig), rig.store.latestArrival(), rig.gossip.overview.held]).toEqual([0, 0, 1]);
  await rig.pass(59_000);
  expect(rig.store.latestArrival()).toBe(0);
  await rig.pass(1_001);
  expect(rig.store.latestArrival()).toBe(1);
  expect(rig.gossip.overview.held).toBe(0);
  await rig.pass(600_000);
  expect(rig.effects.filter(({ type }) => type === 'reread')).toHaveLength(1);
});

test('F30 the own clock does not follow a root that is held, and follows one that is not', async () => {
  const { rig, peer } = await linked();
  const [ahead] = rootsOf(friend, 1, startWall + 11 * minute).segments;
  await peer.segment(friend.publicKey, 1, ahead ?? expect.fail());
  expect(rig.answers(await rig.post('now'))).toMatchObject([{ time: startWall }]);
  const [close] = rootsOf(third, 1, startWall + 9 * minute).segments;
  await peer.segment(third.publicKey, 1, close ?? expect.fail());
  expect(rig.answers(await rig.post('after'))).toMatchObject([
    { time: startWall + 9 * minute + 1 },
  ]);
});

test('F30 a clock that steps back never puts a message before the one it follows', async () => {
  const rig = await new Rig(self).start();
  const first = await rig.post('first');
  rig.now.wall -= 3600 * 1_000_000;
  const second = await rig.post('second');
  const times = [first, second]
    .map((ticket) => rig.answers(ticket)[0])
    .map((answer) => {
      if (typeof answer !== 'object') throw new Error('an entry');
      return answer.time;
    });
  expect(times[1]).toBeGreaterThanOrEqual(times[0] ?? Infinity);
});

test('what comes before the horizon in a segment is shown, what lies beyond is held', async () => {
  const { rig, peer } = await linked();
  const times = [1, 2, 11, 12].map((minutes) =>
    textRoot(startWall + minutes * minute, `${minutes}`),
  );
  const { bytes } = new FeedBuilder(friend, group).segment(times);
  await peer.segment(friend.publicKey, 1, bytes);
  expect([rig.store.latestArrival(), rig.gossip.overview.held]).toEqual([2, 2]);
  await peer.want(friend.publicKey, 1);
  expect(rig.sentOf('segment').at(-1)?.bytes).toEqual(bytes);
  await rig.pass(3 * 60_000);
  expect(rig.store.latestArrival()).toBe(4);
});

test('held roots are released after a restart as well, and kept when the disk fails', async () => {
  const { rig, peer } = await linked();
  const { segments } = rootsOf(friend, 3, startWall + 11 * minute);
  for (const [i, bytes] of segments.entries()) await peer.segment(friend.publicKey, i + 1, bytes);
  const again = await new Rig(self, { store: rig.store }).start();
  expect(again.gossip.overview.held).toBe(3);
  again.auto = false;
  await again.pass(60_000);
  await again.carryOut('disk-full');
  expect(again.gossip.overview.held).toBe(3);
  again.auto = true;
  await again.pass(syncLimits.commitRetryMs + 1);
  expect([again.gossip.overview.held, again.store.latestArrival()]).toEqual([0, 3]);
});

test('F60 the held roots of an author are bounded, also before the disk has them; what is above is left where it is', async () => {
  const { rig, peer } = await linked();
  rig.auto = false;
  const builder = new FeedBuilder(friend, group);
  const roots = (from: number): TestRoot[] =>
    Array.from({ length: 400 }, (_, i) => textRoot(startWall + 11 * minute + from + i, 'x'));
  for (const from of [0, 400, 800]) {
    await peer.segment(friend.publicKey, from + 1, builder.segment(roots(from)).bytes);
  }
  expect(rig.dropped('held-full')).toBe(1);
  await rig.carryOut();
  expect(rig.gossip.overview.held).toBe(800);
  expect(rig.closes()).toEqual([]);
  await rig.pass(60_000);
  expect(rig.dropped('stalled')).toBe(0);
});

test('two nodes with clocks an hour apart come to the same once the hour has passed', async () => {
  const [slow, fast] = [await new Rig(self).start(), await new Rig(friend).start()];
  fast.now.wall += 60 * minute;
  const wire = await new Wire([[slow, fast]]).open();
  await fast.post('from the future', textObject('from the future'));
  await wire.run();
  expect([slow.store.latestArrival(), slow.gossip.overview.behind()]).toEqual([0, 0]);
  await slow.pass(50 * 60_000 + 1);
  expect(slow.store.latestArrival()).toBe(1);
});
