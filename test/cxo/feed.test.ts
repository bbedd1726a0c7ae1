import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/bytes.ts';
import {
  accept,
  acceptBackfill,
  acceptTail,
  emptyHead,
  messagesOf,
  stretchOf,
  tailOf,
  type FeedHead,
  type FeedState,
  type FeedTail,
} from '../../src/cxo/feed.ts';
import { sha256, type RootId } from '../../src/cxo/ids.ts';
import type { Run } from '../../src/cxo/segment.ts';
import { FeedBuilder, testGroup, testIdentity, textRoot, type TestRoot } from '../support/feeds.ts';

const time = 1_700_000_000_000_000;
const { feed } = new FeedBuilder(testIdentity(1), testGroup('rules'));

/** Roots of one feed: any run of them can be had, signed at its end. */
class History {
  readonly roots: readonly TestRoot[];
  /** Where the feed stands behind each root; before the first one, at 0. */
  readonly heads: readonly FeedHead[];

  constructor(roots: readonly TestRoot[]) {
    const builder = new FeedBuilder(testIdentity(1), testGroup('rules'));
    this.roots = roots;
    this.heads = [emptyHead, ...roots.map((root) => builder.segment([root]).run.head)];
  }

  static of(length: number): History {
    return new History(Array.from({ length }, (_, i) => rootAt(i + 1)));
  }

  /** The same roots up to a seq, and others behind it. */
  branch(shared: number): History {
    const others = this.roots.slice(shared).map((_, i) => rootAt(shared + i + 1));
    return new History([...this.roots.slice(0, shared), ...others]);
  }

  head(seq: number): FeedHead {
    const head = this.heads[seq];
    if (head === undefined) throw new Error('the history has no such root');
    return head;
  }

  run(from: number, to: number): Run {
    const builder = new FeedBuilder(testIdentity(1), testGroup('rules'));
    builder.head = this.head(from - 1);
    return builder.segment(this.roots.slice(from - 1, to)).run;
  }

  tail(from: number, to: number): FeedTail {
    return tailOf(this.run(from, to));
  }

  state(chain: number, tail?: FeedTail): FeedState {
    return { feed, head: this.head(chain), forkedAt: undefined, tail };
  }
}

function rootAt(seq: number): TestRoot {
  return textRoot(time + seq, ...Array.from({ length: 1 + (seq % 3) }, () => 'text'));
}

const length = 9;
const main = History.of(length);
const branches = Array.from({ length }, (_, shared) => main.branch(shared));

/** A history with the first so many roots of the main one. */
function branchAt(shared: number): History {
  const branch = branches[shared];
  if (branch === undefined) throw new Error('a branch parts before the end');
  return branch;
}

/** A chain that ends below a tail, and a run anywhere, out of one history. */
const places = fc
  .uniqueArray(fc.integer({ min: 0, max: length + 1 }), { minLength: 3, maxLength: 3 })
  .map((numbers) => [...numbers].sort((a, b) => a - b))
  .filter(([chain = 0, from = 0, to = 0]) => from > chain + 1 && from >= 2 && to <= length + 1)
  .map(([chain = 0, from = 0, end = 0]) => ({ chain, from, to: end - 1 }))
  .filter(({ from, to }) => to >= from);
const spans = fc
  .tuple(fc.integer({ min: 1, max: length }), fc.integer({ min: 1, max: length }))
  .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));

describe('a run and the tail of its feed', () => {
  test('any run that is beyond the next root begins a tail where there is none', () => {
    const property = fc.property(fc.nat(length - 2), spans, (chain, { first, last }) => {
      fc.pre(first > chain + 1);
      const run = main.run(first, last);
      const acceptance = acceptTail(main.state(chain), run);
      expect(acceptance).toEqual({ verdict: 'accepted', run, tail: main.tail(first, last) });
    });
    fc.assert(property);
  });

  test('a run that the chain itself is to take begins none: that is a bug of who asks', () => {
    const property = fc.property(fc.nat(length), spans, (chain, { first, last }) => {
      fc.pre(first <= chain + 1);
      expect(() => acceptTail(main.state(chain), main.run(first, last))).toThrow('begins no tail');
    });
    fc.assert(property);
  });

  test('a tail takes exactly what is new of a run that reaches it, and no run that does not', () => {
    const property = fc.property(places, spans, ({ chain, from, to }, { first, last }) => {
      const state = main.state(chain, main.tail(from, to));
      const acceptance = acceptTail(state, main.run(first, last));
      if (last < from || first > to + 1) {
        expect(acceptance).toEqual({ verdict: 'gap' });
      } else if (last <= to) {
        expect(acceptance).toEqual({ verdict: 'duplicate' });
      } else {
        const tail = main.tail(from, last);
        expect(acceptance).toEqual({ verdict: 'accepted', run: main.run(to + 1, last), tail });
      }
    });
    fc.assert(property);
  });

  test('a run of another branch never extends a tail', () => {
    const property = fc.property(places, spans, fc.nat(length - 1), (place, span, shared) => {
      const { chain, from, to } = place;
      fc.pre(shared < to && span.first > chain + 1);
      const run = branchAt(shared).run(span.first, span.last);
      const { verdict } = acceptTail(main.state(chain, main.tail(from, to)), run);
      const reaches = span.last >= to && span.first <= to + 1;
      if (reaches) expect(verdict).toBe('fork');
      else expect(['duplicate', 'gap']).toContain(verdict);
    });
    fc.assert(property);
  });

  test('the messages of a feed are those of its chain and of its tail', () => {
    const property = fc.property(places, ({ chain, from, to }) => {
      const between = (a: number, b: number) => main.head(b).count - main.head(a).count;
      expect(messagesOf(main.state(chain))).toBe(main.head(chain).count);
      const state = main.state(chain, main.tail(from, to));
      expect(messagesOf(state)).toBe(main.head(chain).count + between(from - 1, to));
    });
    fc.assert(property);
  });

  test('a seq is of the chain, of the tail, or of nothing', () => {
    const state = main.state(2, main.tail(5, 7));
    const all = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((seq) => stretchOf(state, seq)?.from);
    expect(all).toEqual([undefined, 1, 1, undefined, undefined, 5, 5, 5, undefined]);
    expect(stretchOf(state, 1)?.last).toBe(2);
    expect(stretchOf(state, 6)?.last).toBe(7);
  });
});

describe('a run and a chain below a tail', () => {
  test('the chain takes what is new, joins exactly when the tail is reached, and never runs over it', () => {
    const property = fc.property(places, spans, ({ chain, from, to }, { first, last }) => {
      const run = main.run(first, last);
      const acceptance = acceptBackfill(main.head(chain), main.tail(from, to), run);
      if (first > chain + 1 || last <= chain) {
        expect(acceptance).toEqual(accept(main.head(chain), run));
        expect(['gap', 'duplicate']).toContain(acceptance.verdict);
      } else if (last < from - 1) {
        expect(acceptance).toEqual({ verdict: 'accepted', run: main.run(chain + 1, last) });
      } else {
        if (acceptance.verdict !== 'joined') throw new Error(acceptance.verdict);
        expect(acceptance.run.from).toBe(chain + 1);
        expect(acceptance.run.head).toEqual(main.head(from - 1));
        // What is cut off has the signature.
        expect(acceptance.run.signature !== undefined).toBe(last === from - 1);
        const beyond = accept(main.head(to), run).verdict;
        expect(beyond).toBe(last > to ? 'accepted' : 'duplicate');
      }
    });
    fc.assert(property);
  });

  test('filled by runs of any lengths, in order, a chain joins its tail and is what it would have been', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: length });
    const property = fc.property(places, steps, ({ chain, from, to }, lengths) => {
      const tail = main.tail(from, to);
      let head = main.head(chain);
      for (const step of lengths) {
        const run = main.run(head.seq + 1, Math.min(length, head.seq + step));
        const acceptance = acceptBackfill(head, tail, run);
        if (acceptance.verdict === 'joined') {
          expect(acceptance.run.head).toEqual(main.head(from - 1));
          return;
        }
        expect(acceptance.verdict).toBe('accepted');
        ({ head } = run);
        expect(head.seq).toBeLessThan(from - 1);
      }
      throw new Error('the tail is reached');
    });
    fc.assert(property);
  });

  test('a tail of another branch is parted from the chain, which takes the whole run', () => {
    const numbers = fc.tuple(fc.nat(), fc.nat(), fc.nat());
    const property = fc.property(places, numbers, ({ chain, from, to }, [a, b, c]) => {
      const shared = chain + (a % (from - 1 - chain));
      const tail = branchAt(shared).tail(from, to);
      const last = from - 1 + (c % (length - from + 2));
      const run = main.run(1 + (b % (chain + 1)), last);
      const expected = main.run(chain + 1, last);
      const parted = { verdict: 'parted', run: expected, reason: 'root-prev' };
      expect(acceptBackfill(main.head(chain), tail, run)).toEqual(parted);
    });
    fc.assert(property);
  });

  test('a run of another branch than the chain is a fork, below a tail as without one', () => {
    const run = branchAt(2).run(1, 5);
    expect(acceptBackfill(main.head(4), main.tail(7, 8), run)).toEqual({ verdict: 'fork' });
  });

  const wrong: [string, Partial<FeedTail>, string][] = [
    ['count', { countBefore: main.head(5).count + 1 }, 'root-count'],
    ['time', { time: main.head(5).time - 1 }, 'root-time'],
    ['root', { prev: sha256(utf8('another')) as RootId }, 'root-prev'],
  ];
  test.each(wrong)(
    'a tail with a %s that cannot follow the chain is parted from it',
    (_, change, reason) => {
      const tail = { ...main.tail(6, 8), ...change };
      for (const last of [5, 6, 9]) {
        const run = main.run(3, last);
        const acceptance = acceptBackfill(main.head(2), tail, run);
        expect(acceptance).toEqual({ verdict: 'parted', run, reason });
      }
    },
  );
});
