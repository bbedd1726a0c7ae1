// The frames of the gossip: what is sent is what is read, and nothing that a peer sends throws.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encode } from '../../src/cxo/codec.ts';
import { publicKeyOfBytes } from '../../src/identity.ts';
import { encodeFrame, parseFrame } from '../../src/sync/frame-codec.ts';
import { frameTypes, rootPrefixBytes, tagBytes, type Frame } from '../../src/sync/frames.ts';
import { compare } from '../../src/bytes.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { boundBytesMax, everything, type Range } from '../../src/sync/ranges.ts';
import { looseCbor, mutated } from '../support/values.ts';

const count = fc.oneof(fc.nat(300), fc.maxSafeNat());
const fixed = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const author = fixed(32).map(publicKeyOfBytes);
const bytes = fc.uint8Array({ maxLength: 200 });
const place = fc.record({ author, head: count, from: fc.maxSafeNat().map((n) => Math.max(1, n)) });
const have = fc
  .record({ author, head: count, seq: fc.nat(2 ** 40), more: fc.nat(255), rootPrefix: fixed(8) })
  .map(({ seq, more, ...rest }) => ({ ...rest, seq, count: seq + Math.min(more, 255) * seq }));
const proof = fc.record({ seq: count, first: bytes, second: bytes });

/** Bounds in their order, with the end of all behind the last one or not. */
const bounds = (least: number, most: number): fc.Arbitrary<Uint8Array[]> =>
  fc
    .uniqueArray(fc.uint8Array({ maxLength: boundBytesMax }), {
      ...{ minLength: least, maxLength: most },
      selector: (bound) => bound.join(),
    })
    .map((list) => list.sort(compare))
    .chain((list) => fc.constantFrom(list, [...list.slice(0, -1), everything.upper]));
const range: fc.Arbitrary<Range> = bounds(2, 2).map(([lower, upper]) => ({
  lower: lower ?? everything.lower,
  upper: upper ?? everything.upper,
}));
const shown = fc.oneof(
  fc.record({ fingerprint: fixed(tagBytes), agreed: fc.boolean() }),
  fc.constant({ fingerprint: undefined, agreed: false }),
);
const question = fc
  .record({ group: count, bounds: bounds(2, 20), shown: fc.array(shown, { minLength: 20 }) })
  .map(({ group, bounds: [lower = everything.lower, ...uppers], shown: list }) => {
    const ranges = uppers.map((upper, i) => ({
      ...{ fingerprint: undefined, agreed: false, ...list[i] },
      upper,
    }));
    return { type: 'compare' as const, group, lower, ranges };
  });

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    version: count,
    agent: fc.string({ maxLength: 40 }),
    groups: fc.array(fc.record({ tag: fixed(tagBytes), fingerprint: fixed(tagBytes) })),
    window: count,
  }),
  fc.record({
    type: fc.constant('have' as const),
    group: count,
    feeds: fc.array(have),
    covers: fc.option(range, { nil: undefined }),
  }),
  fc.record({ type: fc.constant('want' as const), group: count, places: fc.array(place) }),
  fc.record({ type: fc.constant('decline' as const), group: count, places: fc.array(place) }),
  fc.record({ type: fc.constant('segment' as const), group: count, place, sent: count, bytes }),
  fc.record({ type: fc.constant('credit' as const), limit: count }),
  fc.record({
    type: fc.constant('check' as const),
    sent: count,
    fingerprints: fc.array(fc.record({ group: count, fingerprint: fixed(tagBytes) })),
  }),
  question,
  fc.record({ type: fc.constant('fork' as const), group: count, author, head: count, proof }),
  fc.record({ type: fc.constant('receipt' as const), group: count, bytes }),
);

function parse(of: Frame): Frame | 'unknown' | undefined {
  const { type, payload } = encodeFrame(of);
  return parseFrame(type, payload);
}

test('every frame is read as it was sent', () => {
  fc.assert(
    fc.property(frame, (sent) => {
      fc.pre(sent.type !== 'hello' || !sent.agent.startsWith('\uFEFF'));
      expect(parse(sent)).toEqual(sent);
    }),
  );
});

const anyType = fc.constantFrom(...Object.values(frameTypes), 0x18, 0xff);

test('no payload throws: random bytes, any CBOR, and frames with one edit', () => {
  const payload = fc.oneof(bytes, looseCbor, mutated(frame.map((one) => encodeFrame(one).payload)));
  fc.assert(
    fc.property(anyType, payload, (type, garbage) => {
      const parsed = parseFrame(type, garbage);
      // What was taken for a frame is one: it is sent on in the same bytes.
      if (parsed === undefined || parsed === 'unknown') return;
      expect(parse(parsed)).toEqual(parsed);
    }),
    { numRuns: 2000 },
  );
});

test('a frame of a type that this version does not know is told apart from a bad one', () => {
  expect(parseFrame(0x7f, Uint8Array.of(1, 2, 3))).toBe('unknown');
  expect(parseFrame(frameTypes.have, Uint8Array.of(1, 2, 3))).toBeUndefined();
});

describe('F60 the bounds of a frame', () => {
  const key = publicKeyOfBytes(new Uint8Array(32).fill(7));
  const rootPrefix = new Uint8Array(rootPrefixBytes);

  test('the largest listing that is sent fits a frame, and one above the codec is refused', () => {
    const feeds = Array.from({ length: syncLimits.feedsInFrameMax }, () => ({
      ...{ author: key, head: Number.MAX_SAFE_INTEGER, seq: 2 ** 44, count: 2 ** 44, rootPrefix },
    }));
    expect(parse({ type: 'have', group: 0, feeds, covers: everything })).toBeDefined();
    const many = [...feeds, ...feeds];
    expect(() =>
      encodeFrame({ type: 'have', group: 0, feeds: many, covers: everything }),
    ).toThrow();
  });

  test('the largest hello and the largest comparison fit a frame', () => {
    const groups = Array.from({ length: syncLimits.groupsMax }, () => ({
      ...{ tag: new Uint8Array(tagBytes), fingerprint: new Uint8Array(tagBytes) },
    }));
    const hello = { type: 'hello', version: 1, agent: 'a'.repeat(128), groups, window: 1 } as const;
    expect(parse(hello)).toEqual(hello);
    const fingerprints = groups.map(({ fingerprint }, group) => ({ group, fingerprint }));
    expect(parse({ type: 'check', sent: 2 ** 50, fingerprints })).toBeDefined();
    const more = [...groups, ...groups.slice(0, 1)];
    expect(parseFrame(frameTypes.hello, encodeFrame({ ...hello, groups: more }).payload)).toBe(
      undefined,
    );
  });

  test('the largest comparison of ranges fits a frame, and one with more is refused', () => {
    const ranges = Array.from({ length: syncLimits.rangesInFrameMax }, (_, i) => ({
      upper: new Uint8Array(boundBytesMax).fill(i >> 8, 0, 1).fill(i, 1),
      ...{ fingerprint: new Uint8Array(tagBytes), agreed: true },
    }));
    const [first, ...rest] = ranges;
    const lower = first?.upper ?? expect.fail();
    const full = [...rest, { ...ranges[0], upper: everything.upper }] as typeof ranges;
    const largest = { type: 'compare', group: 1, lower, ranges: full } as const;
    expect(parse(largest)).toEqual(largest);
    const more = { ...largest, lower: everything.lower, ranges: [...ranges, ...full.slice(-1)] };
    expect(parse(more)).toBeUndefined();
  });

  test('ranges that do not follow each other are refused', () => {
    const [a, b] = [Uint8Array.of(1), Uint8Array.of(2)];
    const refused = (lower: Uint8Array, ...uppers: Uint8Array[]) => {
      const ranges = uppers.map((upper) => ({ upper, fingerprint: undefined, agreed: false }));
      expect(parse({ type: 'compare', group: 0, lower, ranges })).toBeUndefined();
    };
    refused(a);
    refused(a, a);
    refused(b, a);
    refused(everything.lower, b, a);
    refused(everything.lower, everything.upper, a);
    refused(everything.lower, everything.upper, everything.upper);
    refused(new Uint8Array(boundBytesMax + 1), everything.upper);
    const backward = { lower: b, upper: a };
    expect(parse({ type: 'have', group: 0, feeds: [], covers: backward })).toBeUndefined();
  });

  test('a feed has at least one object a root, and at most as many as roots can hold', () => {
    const claim = (seq: number, objects: number) =>
      parseFrame(
        frameTypes.have,
        encode([0, null, [[new Uint8Array(32), 0, seq, objects, rootPrefix]]]),
      );
    expect(claim(2, 2)).toBeDefined();
    expect(claim(2, 512)).toBeDefined();
    expect(claim(2, 513)).toBeUndefined();
    expect(claim(2, 1)).toBeUndefined();
    expect(claim(0, Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });

  test('numbers that are no counts are refused', () => {
    for (const limit of [-1, -(2 ** 52)]) {
      expect(parseFrame(frameTypes.credit, encode(limit))).toBeUndefined();
    }
    // 2^53, which is not a safe integer.
    const unsafe = Uint8Array.of(0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0);
    expect(parseFrame(frameTypes.credit, unsafe)).toBeUndefined();
    const nothing = [new Uint8Array(32), 0, 0];
    expect(parseFrame(frameTypes.want, encode([0, [nothing]]))).toBeUndefined();
  });

  test('CBOR that is nested 10,000 deep is refused without a stack', () => {
    const nested = new Uint8Array(10_001).fill(0x81);
    for (const type of Object.values(frameTypes)) {
      expect(parseFrame(type, nested)).toSatisfy(
        (parsed: unknown) => parsed === undefined || type === frameTypes.segment,
      );
    }
  });
});
