import { expect, test } from 'vitest';
import { RecentCounts, recentMinutes } from '../../src/node/recent-counts.ts';
import { ManualTime } from '../support/net-time.ts';

const minute = 60_000;
const later = recentMinutes * minute;

const settle = (): Promise<void> => Promise.resolve();

function open() {
  const time = new ManualTime();
  const counts: Record<string, number> = {};
  const recent = new RecentCounts({ clock: time, timers: time }, () => counts);
  return { time, counts, recent };
}

test('what was counted is of late for ten minutes, and then is not; the total stays', async () => {
  const { time, counts, recent } = open();
  counts['banned'] = 2;
  expect(recent.read()).toEqual({ banned: 2 });
  await time.advance(later - 1, settle);
  expect(recent.read()).toEqual({ banned: 2 });
  await time.advance(minute + 1, settle);
  expect(recent.read()).toEqual({});
  expect(recent.total()).toEqual({ banned: 2 });
});

test('of what goes on, that of the last ten minutes counts', async () => {
  const { time, counts, recent } = open();
  for (let i = 1; i <= 60; i++) {
    counts['banned'] = i;
    await time.advance(minute, settle);
  }
  const [now] = Object.values(recent.read());
  expect(now).toBe(recentMinutes);
  counts['gap'] = 1;
  expect(recent.read()).toEqual({ banned: recentMinutes, gap: 1 });
});

test('what was counted before a long stop of the process is over when it goes on', async () => {
  const { time, counts, recent } = open();
  counts['banned'] = 1;
  await time.advance(minute, settle);
  time.jump(later);
  expect(recent.read()).toEqual({});
});

test('the time that it takes has an end with it', () => {
  const { time, recent } = open();
  expect(time.pending).toBe(1);
  recent.close();
  expect(time.pending).toBe(0);
});
