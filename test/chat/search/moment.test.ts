import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseMoment } from '../../../src/chat/search/moment.ts';

const now = 1_800_000_000_000_000;

test('a time is read as the platform reads it', () => {
  const date = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(date, (each) => {
      const iso = each.toISOString();
      expect(parseMoment(iso, now)).toBe(each.getTime() * 1000);
      const day = iso.slice(0, 10);
      expect(parseMoment(day, now)).toBe(Date.parse(day) * 1000);
    }),
  );
});

test.each([
  ['2026-11-20T14:30', Date.parse('2026-11-20T14:30Z') * 1000],
  ['2026-11-20T14:30:05.000001+01:30', Date.parse('2026-11-20T13:00:05Z') * 1000 + 1],
  ['2028-02-29', Date.parse('2028-02-29') * 1000],
  ['10m', now - 600e6],
  ['4w', now - 28 * 86_400e6],
])('%s is a time', (text, time) => {
  expect(parseMoment(text, now)).toBe(time);
});

test.each([
  '',
  'x',
  '2026',
  '2026-13-01',
  '2026-02-29',
  '2026-11-31',
  '2026-11-20T24:00',
  '7y',
  '-1d',
])('%j is none', (text) => {
  expect(parseMoment(text, now)).toBeUndefined();
});
