// A stored record taken apart into its messages, each once it is asked for. Ids are hashed from the
// bytes here: index rows only say where to look. Knows nothing of what a message says.
import { publicKeyBytes } from '../identity.ts';
import type { Entry } from './entry.ts';
import { groupIdBytes, messageIdOf, objectIdOf } from './ids.ts';
import { parseSegment, type Slot } from './segment.ts';
import type { StoredRecord } from './store.ts';

interface Place {
  readonly seq: number;
  readonly index: number;
  readonly time: number;
  readonly slot: Slot;
}

/** What an entry costs in memory beside its bytes, roughly. */
const entryCostBytes = 400;

export class DecodedRecord {
  readonly stored: StoredRecord;
  readonly #places: readonly Place[];
  readonly #entries: (Entry | undefined)[] = [];
  readonly #group: Uint8Array;
  readonly #author: Uint8Array;
  /** Places whose message stands earlier in the feed, and is not shown a second time. */
  readonly repeated = new Set<number>();

  constructor(stored: StoredRecord, places: readonly Place[]) {
    this.stored = stored;
    this.#places = places;
    this.#group = groupIdBytes(stored.feed.group);
    this.#author = publicKeyBytes(stored.feed.author);
  }

  /** Undefined where the bytes are not a segment. */
  static parse(stored: StoredRecord): DecodedRecord | undefined {
    const segment = parseSegment(stored.bytes, stored.signed);
    if (segment === undefined) return undefined;
    const places: Place[] = [];
    for (const [i, { time, slots }] of segment.entries.entries()) {
      for (const [index, slot] of slots.entries()) {
        places.push({ seq: stored.from + i, index, time, slot });
      }
    }
    return new DecodedRecord(stored, places);
  }

  /** Number of messages. */
  get length(): number {
    return this.#places.length;
  }

  /** In memory, with everything that was asked for. */
  get costBytes(): number {
    return this.stored.bytes.length + this.#places.length * entryCostBytes;
  }

  timeOf(at: number): number {
    return this.#places[at]?.time ?? 0;
  }

  /** The message in a place that is below the length. */
  entry(at: number): Entry {
    const known = this.#entries[at];
    if (known !== undefined) return known;
    const place = this.#places[at];
    if (place === undefined) throw new Error('no such place in the record');
    const { seq, index, time, slot } = place;
    const { feed, arrival } = this.stored;
    const objectId = slot.object === undefined ? slot.id : objectIdOf(slot.object);
    const entry = {
      arrival: arrival === 0 ? 0 : arrival + at,
      feed,
      seq,
      index,
      time,
      id: messageIdOf(this.#group, this.#author, objectId),
      objectId,
      object: slot.object,
    };
    this.#entries[at] = entry;
    return entry;
  }

  /** The place of a message in the record. */
  find(seq: number, index: number): number | undefined {
    const at = this.#places.findIndex((place) => place.seq === seq && place.index === index);
    return at < 0 ? undefined : at;
  }
}
