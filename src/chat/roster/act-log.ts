// The roster operations of one group that have come so far, each once. Knows nothing of what they
// bring about.
import { equal } from '../../bytes.ts';
import type { Entry } from '../../cxo/archive.ts';
import type { GroupId } from '../../cxo/ids.ts';
import type { FeedId } from '../../cxo/root.ts';
import { publicKeyBytes, type PublicKey } from '../../identity.ts';
import type { Act } from './act.ts';
import { parseOperation } from './operation.ts';
import { authorHead, Seen } from './seen.ts';

export class ActLog {
  readonly #group: GroupId;
  readonly #keys = new Map<PublicKey, Uint8Array>();
  /** By the start of the object's id; more than one only where a feed lists an object again. */
  #acts = new Map<number, Act[]>();

  constructor(group: GroupId) {
    this.#group = group;
  }

  *[Symbol.iterator](): Iterator<Act> {
    for (const acts of this.#acts.values()) yield* acts;
  }

  /**
   * The operation, where it is a new one. An object that a feed lists twice is one operation, in the
   * first place: `replaced` is then the later one, which came before.
   */
  add(entry: Entry): { readonly act: Act; readonly replaced: Act | undefined } | undefined {
    if (entry.object === undefined || entry.feed.group !== this.#group) return undefined;
    const start = startOf(entry.objectId);
    const same = this.#acts.get(start) ?? [];
    const feed = authorHead(entry.feed.author, entry.feed.head);
    const known = same.find(
      (act) => act.feed === feed && equal(act.entry.objectId, entry.objectId),
    );
    if (known !== undefined && !isBefore(entry, known.entry)) return undefined;
    const act = this.#actOf(entry, feed);
    if (act === undefined) return undefined;
    this.#acts.set(start, [...same.filter((other) => other !== known), act]);
    return { act, replaced: known };
  }

  /** Takes back what stands in the feed from the seq on; whether there was any. */
  drop(feed: FeedId, seq: number): boolean {
    const name = authorHead(feed.author, feed.head);
    let isAny = false;
    for (const [start, acts] of this.#acts) {
      const kept = acts.filter((act) => act.feed !== name || act.entry.seq < seq);
      if (kept.length === acts.length) continue;
      isAny = true;
      if (kept.length === 0) this.#acts.delete(start);
      else this.#acts.set(start, kept);
    }
    return isAny;
  }

  #actOf(entry: Entry, feed: string): Act | undefined {
    const operation = entry.object && parseOperation(entry.object);
    if (operation === undefined) return undefined;
    const seen = Seen.parse(operation.seen);
    if (seen === undefined) return undefined;
    const { author } = entry.feed;
    return { entry, author, authorBytes: this.#bytesOf(author), feed, operation, seen };
  }

  #bytesOf(author: PublicKey): Uint8Array {
    const known = this.#keys.get(author);
    if (known !== undefined) return known;
    const bytes = publicKeyBytes(author);
    this.#keys.set(author, bytes);
    return bytes;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return (a.seq - b.seq || a.index - b.index) < 0;
}

/** 48 bits: whether objects are the same, equality decides. */
function startOf([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]: Uint8Array): number {
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f;
}
