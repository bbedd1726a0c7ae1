// Reconciliation by ranges as pure functions: any two sets of feeds, any split, any frame lost.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare, concat, equal, toHex } from '../../src/bytes.ts';
import { sha256 } from '../../src/cxo/ids.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import {
  answerTo,
  boundBytesMax,
  digestOf,
  everything,
  holds,
  restFrom,
  rowBytes,
  sectionOf,
  split,
  type Section,
  type ShownRange,
} from '../../src/sync/ranges.ts';

/** Rows by author and head: what follows the key is the state of the feed. */
type Side = Map<string, Uint8Array>;

function rowOf(author: Uint8Array, head: number, state: number): Uint8Array {
  const row = new Uint8Array(rowBytes);
  row.set(author);
  new DataView(row.buffer).setBigUint64(32, BigInt(head));
  new DataView(row.buffer).setBigUint64(40, BigInt(state));
  return row;
}

const keyOf = (row: Uint8Array): string => toHex(row.subarray(0, 40));
const rowsOf = (side: Side): Uint8Array => concat(...[...side.values()].sort(compare));

/** Authors with long prefixes in common as well, and several feeds of one. */
const author = fc
  .tuple(fc.nat({ max: 40 }), fc.constantFrom(0, 1, 5, 31), fc.nat(255))
  .map(([number, shared, last]) => {
    const bytes = sha256(Uint8Array.of(number));
    bytes.fill(7, 0, shared);
    bytes[boundBytesMax - 1] = last;
    return bytes;
  });
const row = fc
  .tuple(author, fc.nat({ max: 3 }), fc.nat({ max: 3 }))
  .map(([of, head, state]) => rowOf(of, head, state + 1));
const side = (maxLength: number): fc.Arbitrary<Side> =>
  fc
    .array(row, { maxLength })
    .map((rows) => new Map(rows.map((one) => [keyOf(one), one] as const)));
const bound = fc.oneof(author, fc.uint8Array({ maxLength: boundBytesMax }));

describe('a split', () => {
  test('leaves out nothing and nobody twice, and parts no author', () => {
    const property = fc.property(
      side(200),
      bound,
      bound,
      fc.integer({ min: 0, max: 20 }),
      (of, a, b, n) => {
        const [lower, upper] = compare(a, b) < 0 ? [a, b] : [b, everything.upper];
        const rows = rowsOf(of);
        const whole = sectionOf(rows, { lower, upper });
        const parts = split(rows, whole, n);
        expect(parts.length).toBeLessThanOrEqual(Math.max(1, n));
        let from = { upper: lower, end: whole.first };
        for (const part of parts) {
          expect(part).toMatchObject({ lower: from.upper, first: from.end });
          // What the other side reads from the bounds is what was meant.
          expect(sectionOf(rows, part)).toEqual(part);
          for (let i = 0; i < rows.length / rowBytes; i++) {
            const inside = holds(part, rows.subarray(i * rowBytes, i * rowBytes + boundBytesMax));
            expect(inside).toBe(i >= part.first && i < part.end);
          }
          from = part;
        }
        expect(from).toMatchObject({ upper, end: whole.end });
      },
    );
    fc.assert(property, { numRuns: 200 });
  });

  test('has parts of equal counts, and bounds of a few bytes', () => {
    const rows = rowsOf(setOf(10_000));
    const parts = split(rows, sectionOf(rows, everything), 16);
    expect(parts.map(({ first, end }) => end - first)).toEqual(
      Array.from({ length: 16 }, () => 625),
    );
    for (const { upper } of parts) expect(upper.length).toBeLessThanOrEqual(4);
  });

  test('never parts the feeds of one author: what is left of them is one part', () => {
    const one = new Uint8Array(32).fill(5);
    const rows = concat(...Array.from({ length: 64 }, (_, head) => rowOf(one, head, 1)));
    expect(split(rows, sectionOf(rows, everything), 16)).toHaveLength(1);
  });
});

function setOf(count: number): Side {
  const rows = Array.from({ length: count }, (_, i) =>
    rowOf(sha256(Uint8Array.of(i, i >> 8, i >> 16)), 0, 1),
  );
  return new Map(rows.map((one) => [keyOf(one), one]));
}

type Message =
  | { readonly lower: Uint8Array; readonly ranges: readonly ShownRange[] }
  | { readonly section: Section; readonly rows: readonly Uint8Array[] }
  | { readonly told: readonly Uint8Array[] };

const parts = syncLimits.rangeParts;
const listedMax = syncLimits.listedInRangeMax;

function question(side: Side): Message {
  const rows = rowsOf(side);
  const ranges = split(rows, sectionOf(rows, everything), parts).map((part) => ({
    ...{ upper: part.upper, fingerprint: digestOf(rows, part), agreed: false },
  }));
  return { lower: everything.lower, ranges };
}

/** What one side makes of a message, and what it answers. */
function take(side: Side, message: Message): Message[] {
  if ('told' in message) {
    learn(side, message.told);
    return [];
  }
  const rows = rowsOf(side);
  const at = (i: number): Uint8Array => rows.slice(i * rowBytes, (i + 1) * rowBytes);
  const within = ({ first, end }: Section): Uint8Array[] =>
    Array.from({ length: end - first }, (_, i) => at(first + i));
  if ('rows' in message) {
    const named = new Map(message.rows.map((one) => [keyOf(one), one]));
    const told = within(sectionOf(rows, message.section)).filter((one) => {
      const theirs = named.get(keyOf(one));
      return theirs === undefined || compare(one, theirs) > 0;
    });
    learn(side, message.rows);
    return told.length === 0 ? [] : [{ told }];
  }
  const { listed, shown } = answerTo(rows, message.lower, message.ranges, {
    ...{ listedMax, parts, agrees: equal },
  });
  const answers: Message[] = listed.map((section) => ({ section, rows: within(section) }));
  const [first] = shown;
  if (first === undefined) return answers;
  const ranges = shown.map((one) => ({
    upper: one.upper,
    fingerprint: one.as === 'between' ? undefined : digestOf(rows, one),
    agreed: one.as === 'agreed',
  }));
  return [...answers, { lower: first.lower, ranges }];
}

function learn(side: Side, rows: readonly Uint8Array[]): void {
  for (const one of rows) {
    const known = side.get(keyOf(one));
    if (known === undefined || compare(known, one) < 0) side.set(keyOf(one), one);
  }
}

/** Rounds that one comparison took; `lost` says of each message, by its number, whether it is lost. */
function reconcile(a: Side, b: Side, lost: (message: number) => boolean = () => false): number {
  let messages = [question(a)];
  let [sent, rounds] = [0, 0];
  for (let [, to] = [a, b]; messages.length > 0; to = to === a ? b : a, rounds++) {
    if (rounds > 100) throw new Error('the comparison never ends');
    const arrived = messages.filter(() => !lost(sent++));
    messages = arrived.flatMap((message) => take(to, message));
  }
  return rounds;
}

describe('a comparison', () => {
  test('brings any two sets to their union, whoever begins, in a bounded number of rounds', () => {
    const property = fc.property(side(400), side(400), (a, b) => {
      const union = new Map(a);
      learn(union, [...b.values()]);
      const roundsMax = 3 + Math.ceil(Math.log(a.size + 2) / Math.log(parts / 2)) * 2;
      expect(reconcile(a, b)).toBeLessThanOrEqual(roundsMax);
      expect(rowsOf(a)).toEqual(rowsOf(union));
      expect(rowsOf(b)).toEqual(rowsOf(union));
    });
    fc.assert(property, { numRuns: 100 });
  });

  test('loses nothing for good with any frames lost: the next one finds the rest', () => {
    const losses = fc.array(fc.boolean(), { maxLength: 30 });
    const property = fc.property(side(300), side(300), losses, (a, b, list) => {
      const union = new Map(a);
      learn(union, [...b.values()]);
      for (let i = 0; i < 3; i++) {
        reconcile(a, b, (message) => list[message + i] === true);
        reconcile(b, a, (message) => list[message + 2 * i] === true);
      }
      reconcile(a, b);
      expect(rowsOf(a)).toEqual(rowsOf(union));
      expect(rowsOf(b)).toEqual(rowsOf(union));
    });
    fc.assert(property, { numRuns: 100 });
  });

  test('of sets that have nothing in common takes four rounds more at 4,096 times the feeds', () => {
    const [few, many] = [16, 20_000].map((count) => {
      const feeds = [...setOf(2 * count)];
      return reconcile(new Map(feeds.slice(0, count)), new Map(feeds.slice(count)));
    });
    expect(few).toBeLessThanOrEqual(3);
    expect(many).toBeLessThanOrEqual(7);
  });

  test('shows the other side what was the same, so that both know', () => {
    const a = setOf(1000);
    const b = new Map(a);
    b.delete([...b.keys()][0] ?? '');
    const first = question(a);
    if (!('ranges' in first)) throw new Error('a question');
    const rows = rowsOf(b);
    const { shown, equal: same } = answerTo(rows, first.lower, first.ranges, {
      ...{ listedMax, parts, agrees: equal },
    });
    expect(same).toHaveLength(parts - 1);
    const agreed = shown.filter(({ as }) => as === 'agreed');
    const count = (sections: readonly Section[]): number =>
      sections.reduce((sum, section) => sum + section.end - section.first, 0);
    expect(count(agreed)).toBe(count(same));
    // And that is not answered again.
    const ranges = agreed.map((section) => ({
      ...{ upper: section.upper, fingerprint: digestOf(rows, section), agreed: true },
    }));
    const lower = agreed[0]?.lower ?? expect.fail();
    const answer = answerTo(rowsOf(a), lower, ranges, { listedMax, parts, agrees: equal });
    expect(answer.shown).toEqual([]);
  });
});

test('the rest of a section begins behind what was taken of it', () => {
  const rows = rowsOf(setOf(100));
  const whole = sectionOf(rows, everything);
  const rest = restFrom(rows, whole, 40);
  expect(rest).toMatchObject({ first: 40, end: 100, upper: everything.upper });
  expect(sectionOf(rows, rest)).toEqual(rest);
});
