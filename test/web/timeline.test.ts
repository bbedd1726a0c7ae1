import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MessageView } from '../../src/chat/view.ts';
import { comparePlaces } from '../../src/web/model/order.ts';
import { Timeline } from '../../src/web/model/timeline.ts';

function message(place: number, state: number): MessageView {
  const author = (place % 3).toString(16).repeat(64);
  return {
    ...{ id: `id-${place}`, cursor: cursor(place), group: 'g', author, name: null },
    ...{ seq: place, index: 0, kind: 'text', text: `state ${state}`, reply_to: null, replies: 0 },
    // Several in each millisecond.
    time: new Date(1_700_000_000_000 + Math.floor(place / 4)).toISOString(),
    ...{
      edited: state > 0,
      deleted: false,
      hidden: false,
      pinned: false,
      priority: null,
      ack: null,
    },
    ...{ reactions: {}, mentions: [], mine: false, delivery: { stored: [], members: 1 } },
  };
}

function cursor(at: number): string {
  return String(at).padStart(16, '0');
}

interface Event {
  readonly place: number;
  readonly version: number;
}

const events = fc
  .uniqueArray(fc.record({ place: fc.nat(60), version: fc.integer({ min: 1, max: 500 }) }), {
    selector: ({ place, version }) => `${place} ${version}`,
    maxLength: 60,
  })
  .chain((list) =>
    fc.record({
      list: fc.constant(list),
      shuffled: fc
        .shuffledSubarray([...list, ...list], { minLength: 2 * list.length })
        .chain((first) => fc.shuffledSubarray(list).map((again) => [...first, ...again])),
    }),
  );

function take(timeline: Timeline, list: readonly Event[]): void {
  for (const { place, version } of list) {
    timeline.put([message(place, version)], cursor(version));
  }
}

function shownIn({ messages }: Timeline): string[] {
  return messages.map(({ id, text }) => `${id} ${text}`);
}

test('any order and any repetition of events gives the same messages in the same states', () => {
  fc.assert(
    fc.property(events, ({ list, shuffled }) => {
      const whole = new Timeline();
      whole.putPage([], cursor(0), false);
      take(whole, list);
      const other = new Timeline();
      other.putPage([], cursor(0), false);
      take(other, shuffled);
      expect(shownIn(other)).toEqual(shownIn(whole));
      const newest = new Map<number, number>();
      for (const { place, version } of list) {
        newest.set(place, Math.max(version, newest.get(place) ?? 0));
      }
      expect(whole.messages).toHaveLength(newest.size);
      expect([...whole.messages].sort(comparePlaces)).toEqual(whole.messages);
    }),
  );
});

test('pages and events together give the whole, whatever came before what', () => {
  const all = Array.from({ length: 40 }, (_, i) => message(i, 0));
  const page = (end: number): readonly [MessageView[], boolean] => {
    const start = Math.max(0, end - 8);
    return [all.slice(start, end), start > 0];
  };
  fc.assert(
    fc.property(fc.array(fc.nat(39)), fc.array(fc.nat(5)), (arrivals, moments) => {
      const timeline = new Timeline();
      let end = 40;
      const older = (): void => {
        const [messages, more] = page(end);
        timeline.putPage(messages, cursor(100), more);
        end -= messages.length;
      };
      older();
      for (const [i, at] of arrivals.entries()) {
        timeline.put([message(at, 7)], cursor(200));
        if (moments[i] === 0 && end > 0) older();
        const times = timeline.messages.map(({ time }) => time);
        // No hole: what is shown goes from somewhere to the newest.
        const from = all.findIndex(({ time }) => time === times[0]);
        const expected = all.filter((each) => each.time > (times[0] ?? '') || from < 0).length;
        expect(timeline.messages.filter(({ time }) => time > (times[0] ?? '')).length).toBe(
          expected,
        );
      }
      while (end > 0) older();
      expect(timeline.messages.map(({ id }) => id)).toEqual(
        [...all].sort(comparePlaces).map(({ id }) => id),
      );
      expect(timeline.isWhole).toBe(true);
      for (const at of arrivals) expect(timeline.find(`id-${at}`)?.text).toBe('state 7');
    }),
  );
});

test('an older state does not replace a newer one, and a refresh does not outlive the next event', () => {
  const timeline = new Timeline();
  timeline.putPage([message(1, 5)], cursor(50), false);
  expect(timeline.put([message(1, 4)], cursor(40))).toBe(false);
  expect(timeline.find('id-1')?.text).toBe('state 5');
  timeline.refresh(message(1, 6));
  expect(timeline.messages[0]?.text).toBe('state 6');
  timeline.put([message(1, 7)], cursor(60));
  expect(timeline.messages[0]?.text).toBe('state 7');
  expect(timeline.refresh(message(2, 0))).toBe(false);
});

test('what was trimmed is asked for again', () => {
  const timeline = new Timeline();
  timeline.putPage(
    Array.from({ length: 30 }, (_, i) => message(i, 0)),
    cursor(50),
    false,
  );
  timeline.trim(10);
  expect(timeline.messages).toHaveLength(10);
  expect(timeline.isWhole).toBe(false);
  expect(timeline.indexOf('id-29')).toBe(9);
  expect(timeline.indexOf('id-1')).toBe(-1);
});

test('a window in the midst grows on both sides without a hole, whatever events come meanwhile', () => {
  const all = Array.from({ length: 60 }, (_, i) => message(i, 0)).sort(comparePlaces);
  const steps = fc.array(
    fc.oneof(
      fc.constant('older' as const),
      fc.constant('newer' as const),
      fc.record({ place: fc.nat(59) }),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(fc.nat(59), steps, (at, list) => {
      const timeline = new Timeline();
      timeline.putPage(all.slice(-8), cursor(100), true);
      let [start, end] = [Math.max(0, at - 6), Math.min(60, at + 6)];
      const more = { older: start > 0, newer: end < 60 };
      timeline.moveTo(all.slice(start, end), cursor(100), more);
      const touched = new Set<string>();
      const expectWindow = (): void => {
        const ids = timeline.messages.map(({ id }) => id);
        // Of the same millisecond as the ends there may be some that no page has brought yet.
        const from = all.findIndex(({ id }) => id === ids[0]);
        expect(from).toBeLessThanOrEqual(start);
        const inside = all.slice(start, end).map(({ id }) => id);
        expect(ids.filter((id) => inside.includes(id))).toEqual(inside);
        const edges = new Set([all[start]?.time, all[end - 1]?.time]);
        for (const one of timeline.messages) {
          if (!inside.includes(one.id)) expect(edges).toContain(one.time);
        }
        expect(timeline.isAtNewest).toBe(end === 60);
        expect(timeline.isWhole).toBe(start === 0);
      };
      expectWindow();
      for (const step of list) {
        if (step === 'older' && start > 0) {
          const next = Math.max(0, start - 5);
          timeline.putPage(all.slice(next, start), cursor(100), next > 0);
          start = next;
        } else if (step === 'newer' && end < 60) {
          const next = Math.min(60, end + 5);
          timeline.putNewer(all.slice(end - 1, next), cursor(100), next < 60);
          end = next;
        } else if (typeof step === 'object') {
          const place = message(step.place, 7);
          timeline.put([place], cursor(200));
          touched.add(place.id);
        }
        expectWindow();
      }
      for (const one of timeline.messages) {
        expect(one.text).toBe(touched.has(one.id) ? 'state 7' : 'state 0');
      }
      timeline.moveTo(all.slice(-8), cursor(300), { older: true, newer: false });
      expect(timeline.isAtNewest).toBe(true);
      expect(timeline.messages.map(({ id }) => id)).toEqual(
        expect.arrayContaining(all.slice(-8).map(({ id }) => id)),
      );
      const next = message(60, 0);
      timeline.put([next], cursor(301));
      expect(timeline.messages.at(-1)?.id).toBe(next.id);
    }),
  );
});
