// A relay cannot strip history: a segment that leaves objects out has the same roots, and is not taken.
import { expect, test } from 'vitest';
import { objectIdOf } from '../../src/cxo/ids.ts';
import { FeedBuilder, testIdentity, textObject } from '../support/feeds.ts';
import { group, linked, startWall } from './rig.ts';

test('a segment without its objects is refused, and the whole one is taken afterwards', async () => {
  const { rig, peer } = await linked();
  const friend = testIdentity(1);
  const object = textObject('hello', 1);
  const [stripped, whole] = [{ id: objectIdOf(object) }, { object }].map(
    (slot) => new FeedBuilder(friend, group).segment([{ time: startWall, slots: [slot] }]).bytes,
  );
  if (stripped === undefined || whole === undefined) throw new Error('two segments were built');
  await peer.segment(friend.publicKey, 1, stripped);
  expect([rig.dropped('object-missing'), rig.store.latestArrival()]).toEqual([1, 0]);
  await peer.segment(friend.publicKey, 1, whole);
  expect(rig.store.latestArrival()).toBe(1);
});
