// The smaller pure parts of the page.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PeerView } from '../../src/chat/view.ts';
import { completionsOf } from '../../src/web/model/completion.ts';
import { figureOf, hueOf } from '../../src/web/model/names.ts';
import { pictureOf } from '../../src/web/model/network-picture.ts';
import { isPassing, isTooOld, parseOutbox, pauseMs } from '../../src/web/model/outbox-rules.ts';
import { oneLine, partsOf } from '../../src/web/model/visible.ts';

test('the parts of a text are the whole of it, and none that is not seen is left among the others', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const parts = partsOf(text);
      expect(parts.map((part) => part.text).join('')).toBe(text);
      for (const { text: part, isUnseen } of parts) {
        if (!isUnseen) expect(part).not.toMatch(/[\p{Bidi_Control}\u200b\u2028\u2029\ufeff]/u);
      }
    }),
  );
});

test.each([
  ['a\u202eb', 'a⟨U+202E⟩b'],
  ['esc \u001b[31m', 'esc ⟨U+001B⟩[31m'],
  ['a\n\tb', 'a b'],
  [
    '👨‍👩‍👧 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    '👨‍👩‍👧 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
  ],
  ['tag \u{e0067}', 'tag ⟨U+E0067⟩'],
])('%j is shown as %j', (text, shown) => {
  expect(oneLine(text)).toBe(shown);
});

test('a line is as short as it has to be', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 2, max: 40 }), (text, max) => {
      expect(oneLine(text, max).length).toBeLessThanOrEqual(max);
      expect(oneLine(text, max)).not.toContain('\n');
    }),
  );
});

test('an @ is completed by the names that begin so, and by keys where a name is not alone', () => {
  const members = [
    { pk: 'aa'.repeat(32), name: 'alice' },
    { pk: 'bb'.repeat(32), name: 'Bob' },
    { pk: 'cc'.repeat(32), name: 'bob' },
    { pk: 'dd'.repeat(32), name: null },
  ];
  const inserts = (text: string) =>
    completionsOf(text, text.length, members)?.names.map(({ insert }) => insert);
  expect(inserts('hi @al')).toEqual(['alice']);
  expect(inserts('@b')).toEqual(['bbbbbbbb', 'cccccccc']);
  expect(inserts('@dd')).toEqual(['dddddddd']);
  expect(inserts('@')).toHaveLength(4);
  expect(inserts('mail@al')).toBeUndefined();
  expect(inserts('@alice')).toBeUndefined();
  expect(inserts('@zed')).toBeUndefined();
  expect(completionsOf('x @al', 5, members)).toMatchObject({ start: 2, end: 5 });
});

test('a key has one figure and one colour, and others have others', () => {
  const keys = Array.from({ length: 64 }, (_, i) =>
    createHash('sha256').update(String(i)).digest('hex'),
  );
  const figures = new Set(keys.map((key) => JSON.stringify(figureOf(key))));
  expect(figures.size).toBeGreaterThan(60);
  for (const key of keys) {
    expect(hueOf(key)).toBeGreaterThanOrEqual(0);
    expect(hueOf(key)).toBeLessThan(12);
    for (const { x, y } of figureOf(key)) {
      expect(figureOf(key)).toContainEqual({ x: 4 - x, y });
    }
  }
});

test('what may pass is tried again, what will not is told, and nobody posts twice after a day', () => {
  for (const code of [401, 408, 429, 500, 503, 507]) expect(isPassing(code)).toBe(true);
  for (const code of [400, 403, 404, 409, 413, 422]) expect(isPassing(code)).toBe(false);
  expect(pauseMs(1)).toBe(500);
  expect(pauseMs(100)).toBe(30_000);
  const [entry] = parseOutbox(
    JSON.stringify([{ key: 'k', text: 't', body: '{}', time: 0, attempts: 1, refusal: null }]),
  );
  if (entry === undefined) throw new Error('the entry was not read');
  expect(isTooOld(entry, 3_600_000)).toBe(false);
  expect(isTooOld(entry, 24 * 3_600_000)).toBe(true);
  expect(isTooOld({ ...entry, attempts: 0 }, 24 * 3_600_000)).toBe(false);
  for (const damaged of [null, '', 'null', '{}', '[1,{"key":2}]']) {
    expect(parseOutbox(damaged)).toEqual([]);
  }
});

const peer = (pk: string, state: PeerView['state']): PeerView => ({
  ...{
    pk,
    name: null,
    address: null,
    state,
    reason: null,
    reason_code: null,
    agent: null,
    since: '',
    last_inbound: null,
  },
  ...{ rtt_ms: null, behind: 0, ahead: 0, bytes_in: 0, bytes_out: 0 },
});

test('the picture has a line to each peer, and one from who is heard by way of another', () => {
  const picture = pictureOf(
    'self',
    [peer('near', 'connected'), peer('gone', 'waiting')],
    [
      { author: 'near', sources: ['near'] },
      { author: 'far', sources: ['near', 'unknown'] },
      { author: 'self', sources: [] },
    ],
  );
  const lines = picture.lines.map(({ from, to, kind }) => `${from.pk} ${to.pk} ${kind}`);
  expect(lines.sort()).toEqual(['far near by-way-of', 'self gone waiting', 'self near connected']);
  const places = new Set(picture.spots.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`));
  expect(places.size).toBe(4);
});

test('the picture of a large mesh is bounded and says what it leaves out', () => {
  const peers = Array.from({ length: 300 }, (_, i) =>
    peer(`p${i}`, i < 8 ? 'connected' : 'waiting'),
  );
  const feeds = Array.from({ length: 1000 }, (_, i) => ({ author: `a${i}`, sources: ['p1'] }));
  const { spots, omitted } = pictureOf('self', peers, feeds);
  expect(spots.length).toBeLessThanOrEqual(49);
  expect(spots.length - 1 + omitted).toBe(1300);
});
