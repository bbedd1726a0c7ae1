// Whether the records of a commit move their feeds as its states say: each directly behind a chain or
// a tail, or as the first of a tail. Pure: knows lengths and headers, and hashes nothing.
import {
  emptyHead,
  sameHead,
  sameRoot,
  type FeedHead,
  type FeedState,
  type FeedTail,
} from './feed.ts';
import { storeLimits } from './limits.ts';
import { feedKey, type FeedId, type FeedKey } from './root.ts';
import { findSegmentBegin, findSegmentShape, type SegmentShape } from './segment-shape.ts';
import type { Commit, NewRecord } from './store.ts';

/** A tail whose last roots no one has hashed yet has no known head. */
interface OpenTail extends Omit<FeedTail, 'head'> {
  readonly head: FeedHead | undefined;
  readonly last: number;
  readonly signed: boolean;
}

/** Where a feed's chain and tail end behind the records so far. */
class Ends {
  #seq: number;
  /** Undefined behind a record, which is not hashed here. */
  #head: FeedHead | undefined;
  #tail: OpenTail | undefined;

  constructor(state: FeedState | undefined, isWithdrawn: boolean) {
    const { head, tail } = state ?? { head: emptyHead };
    assertContract(!isWithdrawn || tail !== undefined, 'only what is there is withdrawn');
    this.#seq = head.seq;
    this.#head = head;
    if (tail !== undefined && !isWithdrawn) {
      this.#tail = { ...tail, last: tail.head.seq, signed: true };
    }
  }

  add({ from, bytes, signed }: NewRecord, { roots, spans }: SegmentShape): void {
    const { prev, countBefore } = findSegmentBegin(bytes);
    const last = from + roots - 1;
    const tail = this.#tail;
    const before = from === this.#seq + 1 ? this.#head : tail?.head;
    if (from === this.#seq + 1) {
      this.#seq = last;
      this.#head = undefined;
      if (tail !== undefined) this.#join(tail);
    } else if (tail === undefined) {
      assertContract(from > this.#seq, 'a record is directly behind the one before it, or beyond');
      const isNamed = prev !== undefined && countBefore !== undefined;
      assertContract(isNamed, 'a tail names what is before it');
      const time = spans[0]?.first ?? 0;
      this.#tail = { from, prev, countBefore, time, head: undefined, last, signed };
    } else {
      assertContract(from === tail.last + 1, 'a record is directly behind the chain or the tail');
      this.#tail = { ...tail, head: undefined, last, signed };
    }
    if (before === undefined) return;
    const names = sameRoot(prev, before.root) && countBefore === before.count;
    assertContract(names, 'a record names the root that it is behind');
  }

  #join(tail: OpenTail): void {
    assertContract(this.#seq < tail.from, 'the chain does not run over the tail');
    if (this.#seq < tail.from - 1) return;
    assertContract(tail.signed, 'a tail ends in a signature');
    this.#seq = tail.last;
    this.#head = tail.head;
    this.#tail = undefined;
  }

  /** Whether a state is what the records come to. */
  check({ head, tail }: FeedState): void {
    assertContract(head.seq === this.#seq, 'the state of a feed is that behind its records');
    const isSame = this.#head === undefined || sameHead(head, this.#head);
    assertContract(isSame, 'only records move a feed');
    const found = this.#tail;
    assertContract((tail === undefined) === (found === undefined), 'a state tells of the tail');
    if (tail === undefined || found === undefined) return;
    assertContract(found.signed, 'a tail ends in a signature');
    const { from, prev, countBefore, time } = tail;
    const begins = from === found.from && sameRoot(prev, found.prev) && time === found.time;
    assertContract(begins && countBefore === found.countBefore, 'a tail is what its records are');
    assertContract(tail.head.seq === found.last, 'a tail ends with its records');
    const isSameTail = found.head === undefined || sameHead(tail.head, found.head);
    assertContract(isSameTail, 'only records move a tail');
  }
}

/** @returns the shape of each record */
export function checkMoves(
  find: (feed: FeedId) => FeedState | undefined,
  change: Commit,
): SegmentShape[] {
  const moved = new Map<FeedKey, Ends>();
  for (const feed of change.withdrawn ?? []) {
    assertContract(!moved.has(feedKey(feed)), 'a tail is withdrawn once');
    moved.set(feedKey(feed), new Ends(find(feed), true));
  }
  const shapes = change.records.map((record) => {
    const shape = readShape(record);
    const key = feedKey(record.feed);
    const ends = moved.get(key) ?? new Ends(find(record.feed), false);
    moved.set(key, ends);
    ends.add(record, shape);
    return shape;
  });
  const states = new Map(change.states.map((state) => [feedKey(state.feed), state]));
  assertContract(states.size === change.states.length, 'a feed has one state');
  for (const key of moved.keys()) {
    assertContract(states.has(key), 'each feed that is moved has a state');
  }
  for (const [key, state] of states) {
    (moved.get(key) ?? new Ends(find(state.feed), false)).check(state);
  }
  return shapes;
}

function readShape({ bytes, signed, messages, time }: NewRecord): SegmentShape {
  const shape = findSegmentShape(bytes, signed);
  assertContract(shape !== undefined, 'the bytes of a record are a segment');
  assertContract(shape.messages === messages.length, 'each object of a record is a message');
  assertContract(
    shape.spans.at(-1)?.last === time,
    'the time of a record is that of its last root',
  );
  for (const { label } of messages) {
    assertContract(label === undefined || isLabel(label), 'a label is a short name');
  }
  return shape;
}

function isLabel(label: string): boolean {
  return label.length <= storeLimits.labelCharactersMax && /^[!-~]+$/.test(label);
}

/** Throws where a caller breaks what it was promised to keep: a bug, and never a peer's doing. */
export function assertContract(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`a commit breaks the store's contract: ${promise}`);
}
