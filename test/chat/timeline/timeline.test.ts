import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from '../../../src/cxo/archive.ts';
import type { GroupId } from '../../../src/cxo/ids.ts';
import { compareEntries, Timeline } from '../../../src/chat/timeline/timeline.ts';
import { compareTimeline } from '../../../src/cxo/timeline-page.ts';
import type { MessageSource } from '../../../src/chat/ports.ts';
import { entryOf, objectOf, testKey } from '../rig.ts';

const groups = [testKey(1), testKey(2), testKey(3)].map((key) => key as string as GroupId);
const object = objectOf('text', { text: 'x' });

/** Few values, so that places are often equal but for one part. */
const entries = fc.uniqueArray(
  fc.record({
    group: fc.constantFrom(...groups),
    author: fc.constantFrom(testKey(4), testKey(5)),
    time: fc.integer({ min: 1, max: 3 }),
    seq: fc.integer({ min: 1, max: 2 }),
    index: fc.nat({ max: 1 }),
  }),
  { selector: (fields) => Object.values(fields).join(), maxLength: 30 },
);

function sourceOf(all: readonly Entry[]): Pick<MessageSource, 'timeline'> {
  return {
    timeline: (group, before, limit) =>
      Promise.resolve(
        all
          .filter(({ feed }) => feed.group === group)
          .filter((entry) => before === undefined || compareTimeline(entry, before) < 0)
          .slice(0, limit),
      ),
  };
}

function onwardOf(all: readonly Entry[]): Pick<MessageSource, 'timeline'> {
  const oldestFirst = [...all].reverse();
  return {
    timeline: (group, from, limit) =>
      Promise.resolve(
        oldestFirst
          .filter(({ feed }) => feed.group === group)
          .filter((entry) => from === undefined || compareTimeline(entry, from) >= 0)
          .slice(0, limit),
      ),
  };
}

async function drain(timeline: Timeline): Promise<Entry[]> {
  const read: Entry[] = [];
  for (let entry = await timeline.next(); entry !== undefined; entry = await timeline.next()) {
    read.push(entry);
  }
  return read;
}

test('the timelines of several groups are merged newest first, each entry once', async () => {
  await fc.assert(
    fc.asyncProperty(entries, fc.integer({ min: 1, max: 4 }), async (fields, chunk) => {
      const all = fields
        .map((one) => entryOf({ ...one, object }))
        .sort((a, b) => compareEntries(b, a));
      expect(await drain(new Timeline(sourceOf(all), groups, undefined, chunk))).toEqual(all);
    }),
  );
});

test('begun before any entry, the merge goes on directly behind it, in every group', async () => {
  await fc.assert(
    fc.asyncProperty(entries, fc.nat(), async (fields, pick) => {
      const all = fields
        .map((one) => entryOf({ ...one, object }))
        .sort((a, b) => compareEntries(b, a));
      fc.pre(all.length > 0);
      const at = pick % all.length;
      expect(await drain(new Timeline(sourceOf(all), groups, all[at], 2))).toEqual(
        all.slice(at + 1),
      );
    }),
  );
});

test('onward from any entry, the merge gives that entry and all behind it, in every group', async () => {
  await fc.assert(
    fc.asyncProperty(entries, fc.nat(), async (fields, pick) => {
      const all = fields
        .map((one) => entryOf({ ...one, object }))
        .sort((a, b) => compareEntries(b, a));
      fc.pre(all.length > 0);
      const at = pick % all.length;
      const onward = onwardOf(all);
      const read = await drain(new Timeline(onward, groups, all[at], 2, true));
      expect(read.reverse()).toEqual(all.slice(0, at + 1));
      const whole = await drain(new Timeline(onward, groups, undefined, 3, true));
      expect(whole.reverse()).toEqual(all);
    }),
  );
});
