import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareTimeline, type TimelinePosition } from '../../../src/cxo/timeline-page.ts';
import { NoteList } from '../../../src/chat/notes/note-list.ts';
import { room, testKey } from '../rig.ts';

interface Item extends TimelinePosition {
  readonly key: string;
}

function itemAt(seq: number, author: number): Item {
  const feed = { group: room.id, author: testKey(author), head: 0 };
  return { time: seq >> 1, feed, seq, index: 0, key: `${author}` };
}

const items = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3 })), {
  maxLength: 400,
});

test('each is kept once, in the order of the timeline, the last few of each key, however they come', () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 5 }), fc.boolean(), (places, perKeyMax, looks) => {
      const dropped: Item[] = [];
      const list = new NoteList<Item>(
        perKeyMax,
        ({ key }) => key,
        (item) => dropped.push(item),
      );
      let refused = 0;
      for (const [seq, author] of places) {
        if (!list.add(itemAt(seq, author))) refused++;
        if (looks) list.all();
      }
      const wanted = [1, 2, 3].flatMap((author) =>
        [...new Set(places.filter((place) => place[1] === author).map(([seq]) => seq))]
          .sort((a, b) => a - b)
          .slice(-perKeyMax)
          .map((seq) => itemAt(seq, author)),
      );
      expect(list.all()).toEqual(wanted.sort(compareTimeline));
      expect(list.all().length + dropped.length + refused, 'each is accounted for').toBe(
        places.length,
      );
    }),
  );
});

test('what comes newest first does not cost the square of its number', () => {
  let compared = 0;
  const list = new NoteList<Item>(
    Infinity,
    ({ key }) => key,
    () => undefined,
  );
  const watched = (item: Item): Item => ({
    ...item,
    get time() {
      compared++;
      return item.time;
    },
  });
  const count = 20_000;
  for (let seq = count; seq > 0; seq--) list.add(watched(itemAt(seq, 1)));
  expect(list.all()).toHaveLength(count);
  expect(compared).toBeLessThan(count * 64);
});
