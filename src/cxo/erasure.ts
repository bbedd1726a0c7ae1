// Takes objects out of a segment and leaves their ids: the roots, the chain and the signature stay as
// they are. Pure; knows nothing of why an object goes.
import { publicKeyBytes } from '../identity.ts';
import { groupIdBytes, idBytes, messageIdOf, objectIdOf, type MessageId } from './ids.ts';
import { equal } from '../bytes.ts';
import type { FeedId } from './root.ts';
import { encodeEntry, encodeSegment, parseSegment, rebuildRun, type Run } from './segment.ts';

/** A message whose object goes; where it stands, and which it has to be. */
export interface Erasure {
  readonly feed: FeedId;
  readonly seq: number;
  readonly index: number;
  readonly id: MessageId;
}

/** A segment as it is stored or sent. */
export interface SegmentBytes {
  readonly feed: FeedId;
  /** Seq of the first root. */
  readonly from: number;
  readonly bytes: Uint8Array;
  readonly signed: boolean;
}

export interface Erased {
  readonly bytes: Uint8Array;
  /** What went. */
  readonly places: readonly { readonly seq: number; readonly index: number }[];
}

/**
 * Whether an object may go. One that is no longer than an id holds a kind and a salt and nothing else;
 * it stays, so that no segment grows beyond its bound by losing something.
 */
export function isErasable(object: Uint8Array): boolean {
  return object.length > idBytes;
}

/**
 * The segment without the messages that are in it and still have an object; undefined where none is.
 * Of one that is another message than was meant nothing goes: a tail may have been withdrawn meanwhile.
 */
export function eraseObjects(
  { feed, from, bytes, signed }: SegmentBytes,
  erasures: readonly Pick<Erasure, 'seq' | 'index' | 'id'>[],
): Erased | undefined {
  const segment = parseSegment(bytes, signed);
  if (segment === undefined) return undefined;
  const group = groupIdBytes(feed.group);
  const author = publicKeyBytes(feed.author);
  const slots = segment.entries.map((entry) => [...entry.slots]);
  const places: { seq: number; index: number }[] = [];
  for (const { seq, index, id } of erasures) {
    const ofRoot = slots[seq - from];
    const object = ofRoot?.[index]?.object;
    if (ofRoot === undefined || object === undefined || !isErasable(object)) continue;
    const objectId = objectIdOf(object);
    if (!equal(messageIdOf(group, author, objectId), id)) continue;
    ofRoot[index] = { id: objectId };
    places.push({ seq, index });
  }
  if (places.length === 0) return undefined;
  const touched = new Set(places.map(({ seq }) => seq - from));
  const entries = segment.entries.map(({ time, offset }, i) => {
    if (touched.has(i)) return encodeEntry(time, slots[i] ?? []);
    return bytes.subarray(offset, segment.entries[i + 1]?.offset ?? segment.entriesEnd);
  });
  return { bytes: encodeSegment(segment.header, entries, segment.signature), places };
}

/** A verified run without the messages. */
export function eraseOfRun(
  run: Run,
  erasures: readonly Pick<Erasure, 'seq' | 'index' | 'id'>[],
): Run {
  const { feed, from, bytes } = run;
  const signed = run.signature !== undefined;
  const erased = eraseObjects({ feed, from, bytes, signed }, erasures);
  if (erased === undefined) return run;
  const rebuilt = rebuildRun(feed, from, erased.bytes, signed);
  if (!rebuilt.ok) throw new Error(`a run without objects is not valid: ${rebuilt.reason}`);
  return rebuilt.run;
}
