// A root: the unit of a feed's chain. Its canonical bytes, and the two pure rules of its validity:
// what holds for a root alone, and what holds for a root behind another. Signatures are not here.
import { equal, toHex, utf8 } from '../bytes.ts';
import { publicKeyBytes, publicKeyOfBytes, type PublicKey } from '../identity.ts';
import { decode, type Value } from './codec.ts';
import {
  groupIdBytes,
  idBytes,
  rootIdOf,
  type GroupId,
  type ObjectId,
  type RootId,
} from './ids.ts';
import { rootLimits } from './limits.ts';

/** One author's chain in one group. The head number grows only when its author starts over. */
export interface FeedId {
  readonly group: GroupId;
  readonly author: PublicKey;
  readonly head: number;
}

export interface Root {
  readonly feed: FeedId;
  /** 1, 2, … within the feed. */
  readonly seq: number;
  /** The root before this one; undefined where this is the first. */
  readonly prev: RootId | undefined;
  /** Hybrid logical clock, microseconds since 1970. */
  readonly time: number;
  /** Objects in the feed so far, those of this root among them. */
  readonly count: number;
  readonly objects: readonly ObjectId[];
}

declare const feedKeyBrand: unique symbol;
/** A feed as a map's key: `group/author/head`. */
export type FeedKey = string & { readonly [feedKeyBrand]: true };

export function feedKey(feed: FeedId): FeedKey {
  return `${feed.group}/${feed.author}/${feed.head}` as FeedKey;
}

/** Why a root, alone or behind another, is not valid. */
export type RootReason =
  | 'bad-root'
  | 'root-version'
  | 'root-objects'
  | 'root-seq'
  | 'root-prev'
  | 'root-count'
  | 'root-time';

export type RootVerdict =
  { readonly ok: true } | { readonly ok: false; readonly reason: RootReason };
export type ParsedRoot =
  { readonly ok: true; readonly root: Root } | { readonly ok: false; readonly reason: RootReason };

const valid: RootVerdict = { ok: true };

/** What holds for a root alone, whatever came before it. */
export function verifyRoot(root: Root): RootVerdict {
  if (root.objects.length < 1 || root.objects.length > rootLimits.objectsMax) {
    return { ok: false, reason: 'root-objects' };
  }
  if (root.seq < 1 || root.seq > rootLimits.seqMax) return { ok: false, reason: 'root-seq' };
  if ((root.prev === undefined) !== (root.seq === 1)) return { ok: false, reason: 'root-prev' };
  if (root.count < root.seq || (root.seq === 1 && root.count !== root.objects.length)) {
    return { ok: false, reason: 'root-count' };
  }
  if (root.time < 0 || root.feed.head < 0) return { ok: false, reason: 'bad-root' };
  return valid;
}

/** What holds for a root directly behind another of the same feed; both valid alone. */
export function verifySuccessor(previous: Root, previousId: RootId, next: Root): RootVerdict {
  if (next.seq !== previous.seq + 1) return { ok: false, reason: 'root-seq' };
  if (next.prev === undefined || !equal(next.prev, previousId)) {
    return { ok: false, reason: 'root-prev' };
  }
  if (next.count !== previous.count + next.objects.length) {
    return { ok: false, reason: 'root-count' };
  }
  if (next.time < previous.time) return { ok: false, reason: 'root-time' };
  return valid;
}

export function parseRoot(bytes: Uint8Array): ParsedRoot {
  const decoded = decode(bytes);
  const root = decoded.ok ? rootOfValue(decoded.value) : undefined;
  if (root === undefined) return { ok: false, reason: 'bad-root' };
  if (root === 'version') return { ok: false, reason: 'root-version' };
  const verdict = verifyRoot(root);
  return verdict.ok ? { ok: true, root } : verdict;
}

const fieldNames = ['author', 'count', 'group', 'head', 'ids', 'prev', 'seq', 'time', 'v'];

function rootOfValue(value: Value): Root | 'version' | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  if (Array.isArray(value) || value instanceof Uint8Array) return undefined;
  const { v, author, count, group, head, ids, prev, seq, time } = value;
  if (typeof v === 'number' && v !== rootLimits.version) return 'version';
  if (Object.keys(value).sort().join() !== fieldNames.join() || v === undefined) return undefined;
  if (!isHash(author) || !isHash(group) || !isCount(count) || !isCount(head)) return undefined;
  if (!isCount(seq) || !isCount(time) || !Array.isArray(ids)) return undefined;
  if (prev !== null && !isHash(prev)) return undefined;
  if (!ids.every(isHash)) return undefined;
  return {
    feed: { group: toHex(group) as GroupId, author: publicKeyOfBytes(author), head },
    seq,
    prev: prev === null ? undefined : (prev as RootId),
    time,
    count,
    objects: ids as ObjectId[],
  };
}

function isHash(value: Value | undefined): value is Uint8Array {
  return value instanceof Uint8Array && value.length === idBytes;
}

function isCount(value: Value | undefined): value is number {
  return typeof value === 'number' && value >= 0;
}

/** Canonical bytes of a root: what its id is the hash of, and what its author signs. */
export function encodeRoot(root: Root): Uint8Array {
  const encoder = new RootEncoder(root.feed);
  return encoder.encode(root.seq, root.prev, root.time, root.count, root.objects).slice();
}

/**
 * Writes the roots of one feed, one after the other, without an allocation for each: history is
 * verified by rebuilding every root from its objects, so this runs once for each message.
 */
export class RootEncoder {
  readonly #scratch = new Uint8Array(rootLimits.bytesMax);
  readonly #head: number;
  readonly #group: Uint8Array;
  readonly #author: Uint8Array;
  #at = 0;

  constructor(feed: FeedId) {
    this.#head = feed.head;
    this.#group = groupIdBytes(feed.group);
    this.#author = publicKeyBytes(feed.author);
  }

  /** A view that the next call overwrites. Keys stand in canonical order: by length, then bytes. */
  encode(
    seq: number,
    prev: RootId | undefined,
    time: number,
    count: number,
    objects: readonly ObjectId[],
  ): Uint8Array {
    this.#at = 0;
    this.#write(keys.open);
    this.#unsigned(0, rootLimits.version);
    this.#write(keys.ids);
    this.#unsigned(4, objects.length);
    for (const id of objects) this.#hash(id);
    this.#write(keys.seq);
    this.#unsigned(0, seq);
    this.#write(keys.head);
    this.#unsigned(0, this.#head);
    this.#write(keys.prev);
    if (prev === undefined) this.#scratch[this.#at++] = 0xf6;
    else this.#hash(prev);
    this.#write(keys.time);
    this.#unsigned(0, time);
    this.#write(keys.count);
    this.#unsigned(0, count);
    this.#write(keys.group);
    this.#hash(this.#group);
    this.#write(keys.author);
    this.#hash(this.#author);
    return this.#scratch.subarray(0, this.#at);
  }

  idOf(
    seq: number,
    prev: RootId | undefined,
    time: number,
    count: number,
    objects: readonly ObjectId[],
  ): RootId {
    return rootIdOf(this.encode(seq, prev, time, count, objects));
  }

  #write(bytes: Uint8Array): void {
    this.#scratch.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #hash(bytes: Uint8Array): void {
    this.#scratch[this.#at++] = 0x58;
    this.#scratch[this.#at++] = idBytes;
    this.#write(bytes);
  }

  /** The head of a CBOR item (RFC 8949, section 3): major type and shortest argument. */
  #unsigned(major: number, value: number): void {
    const scratch = this.#scratch;
    const type = major << 5;
    if (value < 24) {
      scratch[this.#at++] = type | value;
      return;
    }
    const width = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
    scratch[this.#at++] = type | (width === 1 ? 24 : width === 2 ? 25 : width === 4 ? 26 : 27);
    let rest = value;
    for (let i = width - 1; i >= 0; i--) {
      scratch[this.#at + i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    this.#at += width;
  }
}

function textKey(name: string): Uint8Array {
  return Uint8Array.of(0x60 | name.length, ...utf8(name));
}

const keys = {
  open: Uint8Array.of(0xa0 | fieldNames.length, ...textKey('v')),
  ids: textKey('ids'),
  seq: textKey('seq'),
  head: textKey('head'),
  prev: textKey('prev'),
  time: textKey('time'),
  count: textKey('count'),
  group: textKey('group'),
  author: textKey('author'),
};
