// Builds real feeds for tests: identities from small numbers, objects, signed segments, commits.
import { utf8 } from '../../src/bytes.ts';
import { emptyHead, type FeedHead, type FeedState } from '../../src/cxo/feed.ts';
import { groupIdOfBytes, objectIdOf, sha256, type GroupId } from '../../src/cxo/ids.ts';
import { buildObject } from '../../src/cxo/object.ts';
import { RootEncoder, type FeedId } from '../../src/cxo/root.ts';
import {
  encodeEntry,
  encodeSegment,
  rebuildRun,
  type Run,
  type Slot,
} from '../../src/cxo/segment.ts';
import { sign } from '../../src/cxo/sign.ts';
import type { Commit, NewRecord } from '../../src/cxo/store.ts';
import { identityOfSeed, type Identity } from '../../src/identity.ts';

/** The same identity for the same number, in every test. */
export function testIdentity(number: number): Identity {
  return identityOfSeed(sha256(utf8(`identity ${number}`)));
}

export function testGroup(name: string): GroupId {
  return groupIdOfBytes(sha256(utf8(`group ${name}`)));
}

let salts = 0;

/** A text object, never the same twice unless a salt number is given. */
export function textObject(text: string, saltNumber = salts++): Uint8Array {
  return buildObject({ kind: 'text', text }, sha256(utf8(`salt ${saltNumber}`)).slice(0, 16));
}

export interface TestRoot {
  readonly time: number;
  readonly slots: readonly Slot[];
}

/** A root of text messages at a time (microseconds). */
export function textRoot(time: number, ...texts: readonly string[]): TestRoot {
  return { time, slots: texts.map((text) => ({ object: textObject(text) })) };
}

export interface SegmentOptions {
  /** False where a later segment's signature vouches for this one. */
  readonly signed?: boolean;
  readonly held?: boolean;
  /** The label of each message, by its place in the segment. */
  readonly label?: (index: number) => string | undefined;
}

export interface BuiltSegment {
  readonly bytes: Uint8Array;
  readonly run: Run;
  readonly record: NewRecord;
  /** Where the feed stands behind the segment. */
  readonly state: FeedState;
}

/** One author's chain in one group: each segment is built behind the one before it. */
export class FeedBuilder {
  readonly feed: FeedId;
  readonly #identity: Identity;
  head: FeedHead = emptyHead;

  constructor(identity: Identity, group: GroupId, head = 0) {
    this.#identity = identity;
    this.feed = { group, author: identity.publicKey, head };
  }

  segment(roots: readonly TestRoot[], options: SegmentOptions = {}): BuiltSegment {
    const { signed = true, held = false, label } = options;
    const { seq, root: prev, count } = this.head;
    const header = { prev, countBefore: count, roots: roots.length };
    const entries = roots.map(({ time, slots }) => encodeEntry(time, slots));
    const signature = signed ? this.#signature(roots) : undefined;
    const bytes = encodeSegment(header, entries, signature);
    const rebuilt = rebuildRun(this.feed, seq + 1, bytes, signed);
    if (!rebuilt.ok) throw new Error(`the segment is ${rebuilt.reason}`);
    const { run } = rebuilt;
    this.head = run.head;
    const record = recordOf(run, held, label);
    return { bytes, run, record, state: { feed: this.feed, head: run.head, forkedAt: undefined } };
  }

  #signature(roots: readonly TestRoot[]): Uint8Array {
    const encoder = new RootEncoder(this.feed);
    let { seq, root: prev, count } = this.head;
    let bytes = new Uint8Array();
    for (const { time, slots } of roots) {
      const ids = slots.map((slot) => slot.id ?? objectIdOf(slot.object));
      seq += 1;
      count += ids.length;
      bytes = encoder.encode(seq, prev, time, count, ids).slice();
      prev = encoder.idOf(seq, prev, time, count, ids);
    }
    return sign(this.#identity, 'root', bytes);
  }
}

/** A verified run as the store takes it. */
export function recordOf(
  run: Run,
  held = false,
  label: (index: number) => string | undefined = () => undefined,
): NewRecord {
  const messages = run.entries.flatMap(({ seq, objects }) =>
    objects.map(({ message }, index) => ({ id: message, seq, index })),
  );
  return {
    feed: run.feed,
    from: run.from,
    bytes: run.bytes,
    signed: run.signature !== undefined,
    messages: messages.map((message, index) => ({ ...message, label: label(index) })),
    time: run.head.time,
    held,
  };
}

/** One commit of segments; of several of one feed the last one's state counts. */
export function commitOf(...segments: readonly BuiltSegment[]): Commit {
  const states = new Map<string, FeedState>();
  for (const { state } of segments) states.set(JSON.stringify(state.feed), state);
  return {
    records: segments.map(({ record }) => record),
    states: [...states.values()],
    releases: [],
    local: [],
  };
}

export const emptyCommit: Commit = { records: [], states: [], releases: [], local: [] };
