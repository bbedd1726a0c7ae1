// Arbitrary values of the codec, and arbitrary CBOR that need not be canonical.
import { decode as decodeLoosely } from 'cborg';
import fc from 'fast-check';
import { concat, equal, utf8 } from '../../src/bytes.ts';
import { encode, type Value } from '../../src/cxo/codec.ts';

export const text = fc
  .oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 24, maxLength: 300 }))
  .filter((candidate) => !candidate.startsWith('\uFEFF'));

export const bytes = (maxLength = 300): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

export const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(
    ...[0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER].flatMap(
      (edge) =>
        edge === 0 ? [0, -1] : [edge, -edge, edge === Number.MAX_SAFE_INTEGER ? 1 : -edge - 1],
    ),
  ),
);

const key = fc.oneof(
  text,
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '10', '9', 'kind'),
);

export function mapOf(entries: readonly (readonly [string, Value])[]): { [key: string]: Value } {
  const map = Object.create(null) as { [key: string]: Value };
  for (const [name, value] of entries) map[name] = value;
  return map;
}

/** Maps have no prototype, as they come from the decoder. */
export const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constantFrom(null, true, false),
    integer,
    text,
    bytes(),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 6 }).map(mapOf),
  ),
})).value;

/** A head whose argument is written in 0, 1, 2, 4 or 8 bytes, whether that is the shortest or not. */
function head(major: number, argument: number, width: number): Uint8Array {
  const shortest = argument < 24 ? 0 : argument < 256 ? 1 : argument < 65_536 ? 2 : 4;
  const length = Math.max(width, shortest);
  if (length === 0) return Uint8Array.of((major << 5) | argument);
  const information = 24 + Math.log2(length);
  const target = new Uint8Array(1 + length);
  target[0] = (major << 5) | information;
  let rest = argument;
  for (let at = length; at > 0; at--) {
    target[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return target;
}

const width = fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, fc.constantFrom(1, 2, 4, 8));
const small = fc.oneof(fc.nat(30), fc.nat(70_000));
const item = (major: number, content: Uint8Array, headWidth: number): Uint8Array =>
  concat(head(major, content.length, headWidth), content);

/** CBOR of any form: unsorted and repeated keys, long heads, tags, floats, malformed UTF-8. */
export const looseCbor: fc.Arbitrary<Uint8Array> = fc.letrec<{ item: Uint8Array }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.tuple(fc.constantFrom(0, 1), small, width).map(([major, n, w]) => head(major, n, w)),
    fc.tuple(bytes(40), width).map(([content, w]) => item(2, content, w)),
    fc.tuple(fc.string({ maxLength: 40 }), width).map(([content, w]) => item(3, utf8(content), w)),
    fc.tuple(bytes(6), width).map(([content, w]) => item(3, content, w)),
    fc.constantFrom('\uFEFF', '\uFEFFa', 'a\uFEFF').map((content) => item(3, utf8(content), 0)),
    fc.integer({ min: 0xe0, max: 0xff }).map((byte) => Uint8Array.of(byte)),
    fc.uint8Array({ minLength: 3, maxLength: 3 }).map((rest) => concat(Uint8Array.of(0xf9), rest)),
    tie('item').map((inner) => concat(Uint8Array.of(0xc1), inner)),
    fc
      .tuple(fc.array(tie('item'), { maxLength: 4 }), width)
      .map(([items, w]) => concat(head(4, items.length, w), ...items)),
    fc
      .tuple(fc.array(fc.tuple(fc.string({ maxLength: 3 }), tie('item')), { maxLength: 4 }), width)
      .map(([entries, w]) =>
        concat(
          head(5, entries.length, w),
          ...entries.flatMap(([name, inner]) => [item(3, utf8(name), 0), inner]),
        ),
      ),
  ),
})).item;

/** Bytes with one edit: a flipped bit, a byte put in, taken out or replaced, or the end cut off. */
export function mutated(original: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(original, fc.nat(), fc.nat(255), fc.nat(4)).map(([source, place, byte, edit]) => {
    const at = place % Math.max(1, source.length);
    const before = source.subarray(0, at);
    const after = source.subarray(at + 1);
    if (edit === 0) return flipBit(source, place % Math.max(1, 8 * source.length));
    if (edit === 1) return concat(before, Uint8Array.of(byte), source.subarray(at));
    if (edit === 2) return concat(before, after);
    if (edit === 3) return concat(before, Uint8Array.of(byte), after);
    return before;
  });
}

export function flipBit(source: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(source);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** Whether the bytes are what `encode` writes for the value that a lenient decoder reads in them. */
export function isImageOfEncode(bytes: Uint8Array): boolean {
  try {
    const loose = decodeLoosely(bytes, { useMaps: true }) as unknown;
    return equal(encode(withoutMaps(loose)), bytes);
  } catch {
    return false;
  }
}

function withoutMaps(loose: unknown): Value {
  if (Array.isArray(loose)) return loose.map(withoutMaps);
  if (!(loose instanceof Map)) return loose as Value;
  return mapOf(
    [...(loose as Map<unknown, unknown>)].map(([key, inner]) => {
      if (typeof key !== 'string') throw new Error('a key is not text');
      return [key, withoutMaps(inner)] as const;
    }),
  );
}
