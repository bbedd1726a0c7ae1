// What the author of an operation had seen: how far, of which feeds. Sorted by key and head, each as
// the key's 32 bytes, the head and the seq of its last root (varints). Knows nothing of operations.
import { ByteReader, varintLength, writeVarint } from '../../bytes.ts';
import { publicKeyBytes, type PublicKey } from '../../identity.ts';
import { rosterLimits } from '../limits.ts';

/** Where a feed of some author in the group ends, for whoever says so. */
export interface SeenFeed {
  readonly key: PublicKey;
  readonly head: number;
  /** Of its last root; at least 1. */
  readonly seq: number;
}

/**
 * Looked up in the bytes themselves: of most operations one or two feeds are asked for, and to take
 * ten thousand of them apart would cost a second.
 */
export class Seen {
  readonly #bytes: Uint8Array;
  /** The last answer: one operation is asked about one feed again and again. */
  #author: Uint8Array | undefined;
  #head = 0;
  #seq = 0;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Undefined where the bytes are not what `buildSeen` gives. */
  static parse(bytes: Uint8Array): Seen | undefined {
    const reader = new ByteReader(bytes);
    let feeds = 0;
    let lastAt = 0;
    let lastHead = 0;
    for (let at = 0; at < bytes.length; at = reader.offset) {
      if (++feeds > rosterLimits.seenFeedsMax || at + keyBytes > bytes.length) return undefined;
      reader.offset = at + keyBytes;
      const head = reader.varint();
      const seq = reader.varint();
      if (head === undefined || seq === undefined || seq < 1) return undefined;
      if (at > 0) {
        const order = compareAt(bytes, at, bytes, lastAt) || head - lastHead;
        if (order <= 0) return undefined;
      }
      lastAt = at;
      lastHead = head;
    }
    return new Seen(bytes);
  }

  /** Of the last root seen of the author's feed under the head; 0 where none. */
  seqOf(author: Uint8Array, head: number): number {
    if (this.#author !== author || this.#head !== head) {
      this.#author = author;
      this.#head = head;
      this.#seq = this.#headsFrom(author, head)?.seq ?? 0;
    }
    return this.#seq;
  }

  /** By head, how far the author's feeds had been seen. */
  headsOf(author: Uint8Array): ReadonlyMap<number, number> {
    const heads = new Map<number, number>();
    let found = this.#headsFrom(author, 0, true);
    while (found !== undefined) {
      heads.set(found.head, found.seq);
      found = this.#headsFrom(author, found.head + 1, true);
    }
    return heads;
  }

  /** The author's feed under the head, or under the next one that there is. */
  #headsFrom(
    author: Uint8Array,
    from: number,
    orNext = false,
  ): { readonly head: number; readonly seq: number } | undefined {
    const bytes = this.#bytes;
    for (let at = 0; at < bytes.length;) {
      const order = compareAt(bytes, at, author, 0);
      if (order > 0) return undefined;
      at += keyBytes;
      if (order < 0) {
        // Two varints: each ends with the first byte below 128.
        while ((bytes[at++] ?? 0) > 127);
        while ((bytes[at++] ?? 0) > 127);
        continue;
      }
      const reader = new ByteReader(bytes, at);
      const head = reader.varint() ?? 0;
      const seq = reader.varint() ?? 0;
      if (head === from || (head > from && orNext)) return { head, seq };
      at = reader.offset;
    }
    return undefined;
  }
}

const keyBytes = 32;

/** The order of two keys of 32 bytes that stand somewhere in others. */
function compareAt(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  for (let i = 0; i < keyBytes; i++) {
    const difference = (a[aAt + i] ?? 0) - (b[bAt + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A feed within one group, as a map's key. */
export function authorHead(author: PublicKey, head: number): string {
  return `${author}/${head}`;
}

/** @param feeds in any order, none twice, at most `seenFeedsMax` */
export function buildSeen(feeds: readonly SeenFeed[]): Uint8Array {
  if (feeds.length > rosterLimits.seenFeedsMax) throw new Error('too many feeds to have seen');
  const sorted = feeds.toSorted((a, b) =>
    a.key === b.key ? a.head - b.head : a.key < b.key ? -1 : 1,
  );
  let length = 0;
  for (const { head, seq } of sorted) length += 32 + varintLength(head) + varintLength(seq);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const { key, head, seq } of sorted) {
    bytes.set(publicKeyBytes(key), at);
    at = writeVarint(bytes, writeVarint(bytes, at + 32, head), seq);
  }
  return bytes;
}
