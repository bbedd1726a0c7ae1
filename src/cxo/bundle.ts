// A bundle: signed segments of feeds, and proofs of forks, in one file that people carry by hand. Its
// bytes and their bounds; knows nothing of where they come from, nor whether what they say is true.
//
// The magic and the version, then frames: a type (1 byte), the length of the body, the body. A `feed`
// names the feed of the segments and proofs behind it. The last frame is `end`: how many segments there
// are, how many feeds are not whole because they are damaged where they come from, and SHA-256 of all
// bytes before the frame and of these two numbers. Nothing follows.
import { createHash } from 'node:crypto';
import { ByteReader, concat, equal, utf8, varintLength, writeVarint } from '../bytes.ts';
import { SkychatError } from '../errors.ts';
import { publicKeyBytes, publicKeyOfBytes } from '../identity.ts';
import { groupIdBytes, groupIdOfBytes, idBytes } from './ids.ts';
import { bundleFrameBytesMax, bundleReadBytes } from './limits.ts';
import { feedKey, type FeedId } from './root.ts';

const magic = utf8('skychat-node bundle\n');
export const bundleVersion = 1;
const frameTypes = { end: 0, feed: 1, segment: 2, fork: 3 } as const;
/** Type, and the length in at most four bytes. */
const frameHeaderBytesMax = 5;

export type BundleItem =
  | {
      readonly type: 'segment';
      readonly feed: FeedId;
      /** Seq of the first root. */
      readonly from: number;
      readonly bytes: Uint8Array;
    }
  /** As src/sync/fork-proof.ts writes it. */
  | { readonly type: 'fork'; readonly feed: FeedId; readonly proof: Uint8Array };

/** Writes a bundle piece by piece; the pieces in order are the file. */
export class BundleWriter {
  readonly #hash = createHash('sha256');
  #feed: string | undefined;
  #segments = 0;

  /** To be called first. */
  begin(): Uint8Array {
    return this.#take(concat(magic, Uint8Array.of(bundleVersion)));
  }

  item(item: BundleItem): Uint8Array {
    const parts: Uint8Array[] = [];
    const { group, author, head } = item.feed;
    if (this.#feed !== feedKey(item.feed)) {
      this.#feed = feedKey(item.feed);
      const names = concat(groupIdBytes(group), publicKeyBytes(author), varint(head));
      parts.push(frame(frameTypes.feed, names));
    }
    if (item.type === 'segment') {
      this.#segments++;
      parts.push(frame(frameTypes.segment, concat(varint(item.from), item.bytes)));
    } else parts.push(frame(frameTypes.fork, item.proof));
    return this.#take(concat(...parts));
  }

  /** To be called last. @param cut feeds that are damaged here, and end before the damage */
  end(cut = 0): Uint8Array {
    const counts = concat(varint(this.#segments), varint(cut));
    return frame(frameTypes.end, concat(counts, this.#hash.update(counts).digest()));
  }

  #take(bytes: Uint8Array): Uint8Array {
    this.#hash.update(bytes);
    return bytes;
  }
}

/** Up to `length` bytes from an offset on; fewer only at the end. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

/** An item, and where its frame lies in the bundle. */
export type PlacedItem = BundleItem & { readonly offset: number; readonly length: number };

export interface BundleEnd {
  readonly bytes: number;
  /** Feeds that are not whole, since they are damaged where the bundle was made. */
  readonly cut: number;
}

/**
 * Reads a bundle from its first byte to its last. What was given out counts only once the end was
 * reached: the check of the whole is there.
 * @throws SkychatError `bad-bundle`
 */
export async function* readBundle(readAt: ReadAt): AsyncGenerator<PlacedItem, BundleEnd> {
  const reader = new BundleReader(readAt);
  await reader.begin();
  let feed: FeedId | undefined;
  let segments = 0;
  for (;;) {
    const found = await reader.frame();
    const { type, body, offset, length } = found;
    if (type === frameTypes.end) {
      return { cut: await reader.end(found, segments), bytes: offset + length };
    }
    reader.pass(found);
    if (type === frameTypes.feed) feed = parseFeed(body);
    else {
      if (feed === undefined) throw damaged(`the part at byte ${offset} belongs to no feed`);
      const item = parseItem(feed, type, body, offset);
      if (item.type === 'segment') segments++;
      yield { ...item, offset, length };
    }
  }
}

/** One item again, by the place that `readBundle` gave. @throws SkychatError `bad-bundle` */
export async function readBundleItem(
  readAt: ReadAt,
  { feed, offset, length }: { feed: FeedId; offset: number; length: number },
): Promise<BundleItem> {
  const bytes = await readAt(offset, length);
  const header = parseHeader(bytes, offset);
  return parseItem(feed, header.type, bytes.subarray(header.bytes), offset);
}

interface FoundFrame {
  readonly type: number;
  readonly body: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

/** Reads ahead, so that small frames do not cost a read each. */
class BundleReader {
  readonly #readAt: ReadAt;
  readonly #hash = createHash('sha256');
  #window: Uint8Array = new Uint8Array();
  #windowAt = 0;
  #offset = 0;

  constructor(readAt: ReadAt) {
    this.#readAt = readAt;
  }

  async begin(): Promise<void> {
    const bytes = await this.#bytes(magic.length + 1);
    if (!equal(bytes.subarray(0, magic.length), magic)) {
      throw damaged('it does not begin as a bundle does');
    }
    const version = bytes[magic.length];
    if (version !== bundleVersion) {
      throw damaged(`it has version ${version ?? '?'}, and this program reads ${bundleVersion}`);
    }
    this.#hash.update(bytes);
    this.#offset += bytes.length;
  }

  /** The frame that is next, which is not passed yet. */
  async frame(): Promise<FoundFrame> {
    const offset = this.#offset;
    const header = parseHeader(await this.#bytes(frameHeaderBytesMax), offset);
    const length = header.bytes + header.length;
    const bytes = await this.#bytes(length);
    if (bytes.length < length) throw cut(offset + bytes.length);
    return { type: header.type, body: bytes.subarray(header.bytes), offset, length };
  }

  pass({ offset, length }: FoundFrame): void {
    const begin = offset - this.#windowAt;
    this.#hash.update(this.#window.subarray(begin, begin + length));
    this.#offset += length;
  }

  async end({ body, offset, length }: FoundFrame, segments: number): Promise<number> {
    const reader = new ByteReader(body);
    const count = reader.varint();
    const cut = reader.varint();
    this.#hash.update(body.subarray(0, reader.offset));
    const digest = reader.take(idBytes);
    if (cut === undefined || digest === undefined || reader.left > 0)
      throw damaged(`its end at byte ${offset} is none`);
    if (!equal(digest, this.#hash.digest())) throw damaged('its check sum is another');
    if (count !== segments) throw damaged(`it has ${segments} segments, not ${count ?? '?'}`);
    const behind = await this.#readAt(offset + length, 1);
    if (behind.length > 0) throw damaged('something follows its end');
    return cut;
  }

  /** Up to so many bytes from where the reader stands: a view. */
  async #bytes(length: number): Promise<Uint8Array> {
    const begin = this.#offset - this.#windowAt;
    if (begin + length > this.#window.length) {
      this.#window = await this.#readAt(this.#offset, Math.max(length, bundleReadBytes));
      this.#windowAt = this.#offset;
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(begin, begin + length);
  }
}

function parseHeader(
  bytes: Uint8Array,
  offset: number,
): { readonly type: number; readonly length: number; readonly bytes: number } {
  const reader = new ByteReader(bytes);
  const type = reader.byte();
  const length = reader.varint();
  if (type === undefined || length === undefined) throw cut(offset + bytes.length);
  if (length > bundleFrameBytesMax) throw damaged(`the part at byte ${offset} is too long`);
  return { type, length, bytes: reader.offset };
}

function parseItem(feed: FeedId, type: number, body: Uint8Array, offset: number): BundleItem {
  if (type === frameTypes.fork) return { type: 'fork', feed, proof: body };
  if (type !== frameTypes.segment) throw damaged(`the part at byte ${offset} is of no known kind`);
  const reader = new ByteReader(body);
  const from = reader.varint();
  if (from === undefined) throw damaged(`the segment at byte ${offset} has no place`);
  return { type: 'segment', feed, from, bytes: body.subarray(reader.offset) };
}

function parseFeed(body: Uint8Array): FeedId {
  const reader = new ByteReader(body);
  const group = reader.take(idBytes);
  const author = reader.take(idBytes);
  const head = reader.varint();
  if (group === undefined || author === undefined || head === undefined || reader.left > 0) {
    throw damaged('it names a feed that is none');
  }
  return { group: groupIdOfBytes(group), author: publicKeyOfBytes(author), head };
}

function frame(type: number, body: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(type), varint(body.length), body);
}

function varint(value: number): Uint8Array {
  const bytes = new Uint8Array(varintLength(value));
  writeVarint(bytes, 0, value);
  return bytes;
}

function cut(at: number): SkychatError {
  return damaged(`it is cut off at byte ${at}`);
}

function damaged(what: string): SkychatError {
  return new SkychatError('bad-bundle', `the bundle cannot be used: ${what}`, {
    hint: 'export it again, or copy it again; nothing was imported',
  });
}
