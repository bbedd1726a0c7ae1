// Which parts of a long history are asked of whom, by properties.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { syncLimits } from '../../src/sync/limits.ts';
import { findHole, isWorthParts, planParts, type Holder, type Span } from '../../src/sync/plan.ts';

const { partRoots, partsAheadMax, partsOfLinkMax } = syncLimits;

const holders = fc
  .array(
    fc.record({
      seq: fc.integer({ min: 0, max: 40 * partRoots }),
      load: fc.integer({ min: 0, max: 10 }),
      parts: fc.integer({ min: 0, max: partsOfLinkMax }),
    }),
    { maxLength: 6 },
  )
  .map((list): Holder[] => list.map((one, i) => ({ link: i + 1, ...one })));

const spans = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 40 * partRoots }), fc.integer({ min: 0, max: partRoots }))
    .map(([from, more]): Span => ({ from, to: from + more })),
  { maxLength: 6 },
);

test('no root is asked for twice, none that is here, and none of who does not have it', () => {
  fc.assert(
    fc.property(
      fc.nat(20 * partRoots),
      fc.nat(40 * partRoots),
      spans,
      holders,
      (tip, end, taken, all) => {
        const parts = planParts(tip, end, taken, all);
        const before = [...taken];
        for (const part of parts) {
          expect(part.from).toBeGreaterThan(tip);
          expect(part.to).toBeLessThanOrEqual(end);
          expect(part.to - part.from).toBeLessThan(partRoots);
          expect(part.to).toBeLessThanOrEqual(all.find(({ link }) => link === part.link)?.seq ?? 0);
          expect(before.some(({ from, to }) => from <= part.to && to >= part.from)).toBe(false);
          before.push(part);
        }
      },
    ),
  );
});

test('no peer is asked for more parts than it may have, and none too far ahead', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(40 * partRoots), spans, holders, (tip, end, taken, all) => {
      const parts = planParts(tip, end, taken, all);
      for (const holder of all) {
        const asked = parts.filter(({ link }) => link === holder.link).length;
        expect(asked + holder.parts).toBeLessThanOrEqual(Math.max(holder.parts, partsOfLinkMax));
      }
      for (const { to } of parts) expect(to).toBeLessThanOrEqual(tip + partRoots * partsAheadMax);
    }),
  );
});

test('what lies directly above the tip is asked for whenever somebody who has it is free', () => {
  fc.assert(
    fc.property(
      fc.nat(1000),
      fc.integer({ min: 1, max: 40 * partRoots }),
      holders,
      (tip, more, all) => {
        const free = all.some(({ seq, parts }) => seq > tip && parts < partsOfLinkMax);
        const [first] = planParts(tip, tip + more, [], all);
        expect(first?.from).toBe(free ? tip + 1 : undefined);
      },
    ),
  );
});

test('peers of equal load get turns', () => {
  const all = [1, 2, 3].map((link) => ({ link, seq: 100_000, load: 0, parts: 0 }));
  const links = planParts(0, 100_000, [], all).map(({ link }) => link);
  expect(links).toEqual([1, 2, 3, 1, 2, 3]);
});

test('the first hole is the lowest root that is in no span', () => {
  fc.assert(
    fc.property(
      fc.nat(50),
      fc.nat(100),
      fc.array(fc.tuple(fc.nat(100), fc.nat(9))),
      (above, end, list) => {
        const taken = list.map(([from, more]) => ({ from, to: from + more }));
        const isTaken = (seq: number): boolean =>
          taken.some(({ from, to }) => from <= seq && seq <= to);
        const free = Array.from({ length: 200 }, (_, i) => above + 1 + i).filter(
          (seq) => seq <= end && !isTaken(seq),
        );
        const hole = findHole(above, end, taken);
        expect(hole?.from).toBe(free[0]);
        if (hole === undefined) return;
        for (let seq = hole.from; seq <= hole.to; seq++) expect(isTaken(seq)).toBe(false);
        expect(hole.to === end || isTaken(hole.to + 1)).toBe(true);
      },
    ),
  );
});

test('a little is asked of one peer, and so is much that only one has', () => {
  const holder = (link: number, seq: number): Holder => ({ link, seq, load: 0, parts: 0 });
  expect(isWorthParts(0, [holder(1, 100_000)])).toBe(false);
  expect(isWorthParts(0, [holder(1, 100_000), holder(2, 10)])).toBe(false);
  expect(isWorthParts(99_900, [holder(1, 100_000), holder(2, 100_000)])).toBe(false);
  expect(isWorthParts(0, [holder(1, 100_000), holder(2, 90_000)])).toBe(true);
});
