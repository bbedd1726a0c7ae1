// Random histories of commits and a plain model of what a store keeps of them: arrays, sorted.
import fc from 'fast-check';
import { compare, toHex, utf8 } from '../../src/bytes.ts';
import { emptyHead, tailOf, type FeedState } from '../../src/cxo/feed.ts';
import { feedKey, type FeedId } from '../../src/cxo/root.ts';
import { objectIdOf } from '../../src/cxo/ids.ts';
import { storeLimits } from '../../src/cxo/limits.ts';
import type { Erasure } from '../../src/cxo/erasure.ts';
import { encodeEntry, encodeSegment, parseSegment, type Slot } from '../../src/cxo/segment.ts';
import type {
  ArrivalRow,
  Commit,
  CommitArrivals,
  LocalChange,
  NewRecord,
  Position,
  RecordKey,
  RecordMessage,
  TimelineKind,
  TimelineRow,
} from '../../src/cxo/store.ts';
import { FeedBuilder, testGroup, testIdentity, textObject, type BuiltSegment } from './feeds.ts';

export interface RootPlan {
  readonly pause: number;
  readonly slots: readonly ('new' | 'erased' | 'again')[];
}

export interface RecordPlan {
  readonly feed: number;
  /** Behind what is there; or behind roots that are left out; or the first that were left out. */
  readonly step: 'next' | 'beyond' | 'fill';
  readonly roots: readonly RootPlan[];
  readonly signed: boolean;
  readonly held: boolean;
  readonly label: string | undefined;
}

export interface CommitPlan {
  readonly records: readonly RecordPlan[];
  readonly releases: readonly number[];
  readonly fork: number | undefined;
  readonly withdraw: number | undefined;
  readonly local: readonly (readonly [key: string, value: number | undefined])[];
  /** Messages whose objects go afterwards. */
  readonly erase: readonly number[];
}

const slotPlan = fc.oneof(
  { weight: 12, arbitrary: fc.constant('new' as const) },
  { weight: 1, arbitrary: fc.constant('erased' as const) },
  { weight: 1, arbitrary: fc.constant('again' as const) },
);

const rootPlan: fc.Arbitrary<RootPlan> = fc.record({
  pause: fc.constantFrom(0, 0, 1, 1000, storeLimits.spanMax / 4, storeLimits.spanMax * 2),
  slots: fc.array(slotPlan, { minLength: 1, maxLength: 4 }),
});

/** Two groups, three authors in each, and a second head of one of them. */
const feedCount = 7;

const recordPlan: fc.Arbitrary<RecordPlan> = fc.record({
  feed: fc.nat(feedCount - 1),
  step: fc.constantFrom('next', 'beyond', 'fill', 'fill'),
  roots: fc.array(rootPlan, { minLength: 1, maxLength: 5 }),
  signed: fc.boolean(),
  held: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  label: fc.constantFrom(undefined, undefined, 'vouch', 'vouches', 'profile'),
});

export const commitPlan: fc.Arbitrary<CommitPlan> = fc.record({
  records: fc.array(recordPlan, { maxLength: 3 }),
  releases: fc.array(fc.nat(20), { maxLength: 2 }),
  fork: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, fc.nat(feedCount - 1)),
  withdraw: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, fc.nat(feedCount - 1)),
  local: fc.array(
    fc.tuple(
      fc.constantFrom('a', 'a/1', 'a/2', 'b', 'ä'),
      fc.oneof(fc.nat(255), fc.constant(undefined)),
    ),
    { maxLength: 2 },
  ),
  erase: fc.array(fc.nat(60), { maxLength: 3 }),
});

export interface ModelRecord {
  record: NewRecord;
  readonly built: BuiltSegment;
  arrival: number;
}

export interface ModelMessage extends RecordMessage {
  readonly feed: FeedId;
  readonly time: number;
  readonly arrival: number;
  readonly isFirst: boolean;
}

const startTime = 1_700_000_000_000_000;

/** Builds commits as planned, and knows what a store then has to say. */
export class StoreModel {
  readonly builders = Array.from({ length: feedCount }, (_, i) => {
    const head = i === 6 ? 1 : 0;
    return new FeedBuilder(testIdentity(i % 3), testGroup(i % 2 === 0 ? 'even' : 'odd'), head);
  });
  readonly records: ModelRecord[] = [];
  readonly states = new Map<string, FeedState>();
  readonly local = new Map<string, Uint8Array>();
  readonly #times = this.builders.map(() => startTime);
  readonly #objects: Uint8Array[][] = this.builders.map(() => []);
  readonly #messages = new Map<string, Set<string>>();
  /** What was left out of each feed, in order. */
  readonly #gaps: BuiltSegment[][] = this.builders.map(() => []);
  latestArrival = 0;

  /** The next commit, and what it is to answer. The model then stands behind it. */
  next(plan: CommitPlan): { commit: Commit; arrivals: CommitArrivals } {
    const withdrawn = this.#withdraw(plan);
    const releases = this.#releases(plan);
    const records = plan.records.map((record) => this.#build(record));
    const moved = [...records.map(({ record }) => record.feed), ...withdrawn];
    const touched = new Set(moved.map(feedKey));
    const forked = plan.fork === undefined ? undefined : this.builders[plan.fork];
    const state = forked && this.states.get(feedKey(forked.feed));
    if (state !== undefined && state.head.seq > 0) {
      const key = feedKey(state.feed);
      this.states.set(key, { ...state, forkedAt: state.head.seq });
      touched.add(key);
    }
    const local: LocalChange[] = plan.local.map(([key, value]) => ({
      key,
      value: value === undefined ? undefined : Uint8Array.of(value),
    }));
    for (const { key, value } of local) {
      if (value === undefined) this.local.delete(key);
      else this.local.set(key, value);
    }
    const commit = {
      records: records.map(({ record }) => record),
      states: [...touched].flatMap((key) => this.states.get(key) ?? []),
      releases: releases.map(({ record: { feed, from } }) => ({ feed, from })),
      local,
      withdrawn,
    };
    const shown = records.map((record) => (record.record.held ? 0 : this.#show(record)));
    const arrivals = { records: shown, releases: releases.map((record) => this.#show(record)) };
    const repeats = records.filter(({ record }) => this.#repeats(record)).length > 0;
    return { commit, arrivals: repeats ? { ...arrivals, repeats } : arrivals };
  }

  /** A commit that erases some of the messages that are there; of those that have no object, nothing. */
  erase({ erase: picks }: CommitPlan): { commit: Commit; arrivals: CommitArrivals } | undefined {
    const all = this.messages();
    const erasures: Erasure[] = picks.flatMap((pick) => all[pick] ?? []);
    if (erasures.length === 0) return undefined;
    for (const { feed, seq, index } of erasures) this.#eraseObject(feed, seq, index);
    const commit = { records: [], states: [], releases: [], local: [], erasures };
    return { commit, arrivals: { records: [], releases: [], erased: erasures.length } };
  }

  #eraseObject(feed: FeedId, seq: number, index: number): void {
    const found = this.records.find(({ record }) => {
      const isOfFeed = feedKey(record.feed) === feedKey(feed);
      return isOfFeed && record.messages.some((message) => message.seq === seq);
    });
    const segment = found && parseSegment(found.record.bytes, found.record.signed);
    const object = segment?.entries[seq - (found?.record.from ?? 0)]?.slots[index]?.object;
    if (found === undefined || segment === undefined || object === undefined) return;
    const { record } = found;
    const entries = segment.entries.map(({ time, slots }, i) =>
      encodeEntry(
        time,
        slots.map((slot, at) =>
          i === seq - record.from && at === index ? { id: objectIdOf(object) } : slot,
        ),
      ),
    );
    const bytes = encodeSegment(segment.header, entries, segment.signature);
    const messages = record.messages.map((message) =>
      message.seq === seq && message.index === index ? { ...message, label: undefined } : message,
    );
    found.record = { ...record, bytes, messages };
  }

  /** Whether a message of the record stands earlier in its feed. */
  #repeats({ feed, messages }: NewRecord): boolean {
    const known = this.#messages.get(feedKey(feed)) ?? new Set();
    this.#messages.set(feedKey(feed), known);
    const before = known.size;
    for (const { id } of messages) known.add(toHex(id));
    return known.size < before + messages.length;
  }

  #releases({ releases }: CommitPlan): ModelRecord[] {
    const held = this.records.filter(({ arrival }) => arrival === 0);
    const indexes = new Set(releases.map((index) => index % Math.max(1, held.length)));
    return [...indexes].flatMap((index) => held[index] ?? []);
  }

  #show(record: ModelRecord): number {
    record.arrival = this.latestArrival + 1;
    this.latestArrival += record.record.messages.length;
    return record.arrival;
  }

  #build(plan: RecordPlan): ModelRecord {
    const builder = this.builders[plan.feed];
    const gap = this.#gaps[plan.feed];
    if (builder === undefined || gap === undefined) throw new Error('no such feed');
    const key = feedKey(builder.feed);
    const { feed } = builder;
    const before = this.states.get(key) ?? { feed, head: emptyHead, forkedAt: undefined };
    let { head, tail } = before;
    let built = plan.step === 'fill' ? gap.shift() : undefined;
    if (built !== undefined) {
      if (gap.length === 0 && tail !== undefined) [head, tail] = [tail.head, undefined];
      else ({ head } = built.state);
    } else {
      if (plan.step === 'beyond' && tail === undefined) {
        gap.push(this.#segment(builder, plan));
        if (plan.roots.length > 2) gap.push(this.#segment(builder, plan));
      }
      const isOfTail = gap.length > 0;
      built = this.#segment(builder, isOfTail ? { ...plan, signed: true } : plan);
      if (!isOfTail) ({ head } = built.state);
      else tail = { ...(tail ?? tailOf(built.run)), head: built.run.head };
    }
    this.states.set(key, { ...before, head, tail });
    const record = { record: built.record, built, arrival: 0 };
    this.records.push(record);
    return record;
  }

  #segment(builder: FeedBuilder, plan: RecordPlan): BuiltSegment {
    const objects = this.#objects[plan.feed] ?? [];
    const roots = plan.roots.map(({ pause, slots }) => {
      const time = (this.#times[plan.feed] ?? 0) + pause;
      this.#times[plan.feed] = time;
      return { time, slots: slots.map((kind) => slotOf(kind, objects)) };
    });
    const { signed, held } = plan;
    const label = (index: number) => (index % 2 === 0 ? plan.label : undefined);
    return builder.segment(roots, { signed, held, label });
  }

  /** The author goes on behind the chain, on another branch. */
  #withdraw({ withdraw }: CommitPlan): FeedId[] {
    const builder = withdraw === undefined ? undefined : this.builders[withdraw];
    const state = builder && this.states.get(feedKey(builder.feed));
    if (withdraw === undefined || builder === undefined || state?.tail === undefined) return [];
    const key = feedKey(state.feed);
    const left = this.records.filter(
      ({ record }) => feedKey(record.feed) !== key || record.from <= state.head.seq,
    );
    this.records.splice(0, this.records.length, ...left);
    this.states.set(key, { ...state, tail: undefined });
    this.#gaps[withdraw] = [];
    builder.head = state.head;
    this.#messages.delete(key);
    for (const { record } of left) if (feedKey(record.feed) === key) this.#repeats(record);
    return [state.feed];
  }

  /** Every message of every record, in the order of their feeds. */
  messages(): ModelMessage[] {
    const ordered = [...this.records].sort((a, b) => a.record.from - b.record.from);
    const seen = new Set<string>();
    return ordered.flatMap(({ record, built, arrival }) =>
      record.messages.map((message, index) => {
        const name = `${feedKey(record.feed)} ${toHex(message.id)}`;
        const isFirst = !seen.has(name);
        seen.add(name);
        return {
          ...message,
          feed: record.feed,
          time: built.run.entries.find(({ seq }) => seq === message.seq)?.time ?? 0,
          arrival: arrival === 0 ? 0 : arrival + index,
          isFirst,
        };
      }),
    );
  }

  held(): RecordKey[] {
    return this.records
      .filter(({ arrival }) => arrival === 0)
      .map(({ record: { feed, from } }) => ({ feed, from }));
  }

  arrivals(): ArrivalRow[] {
    return this.records
      .filter(({ arrival }) => arrival > 0)
      .map(({ record, arrival }) => {
        const { feed, from, messages } = record;
        return { arrival, messages: messages.length, feed, from };
      })
      .sort((a, b) => a.arrival - b.arrival);
  }

  /** Newest first; of one time in no certain order. */
  timeline(group: string, kind: TimelineKind): TimelineRow[] {
    return this.records
      .filter(({ record, arrival }) => arrival > 0 && record.feed.group === group)
      .flatMap(({ record: { feed, from }, built }) =>
        spansOf(built.run.entries.map(({ time }) => time)).map(([first, time]) => ({
          time,
          first,
          feed,
          from,
        })),
      )
      .filter(({ first, time }) => (first === time) === (kind === 'moments'))
      .sort((a, b) => b.time - a.time);
  }

  labelled(label: string): Position[] {
    return this.messages()
      .filter((message) => message.label === label && message.isFirst)
      .map(({ feed, seq, index }) => ({ feed, seq, index }));
  }
}

function slotOf(kind: 'new' | 'erased' | 'again', objects: Uint8Array[]): Slot {
  const earlier = objects[objects.length >> 1];
  if (kind === 'again' && earlier !== undefined) return { object: earlier };
  const object = textObject('text');
  if (kind === 'erased') return { id: objectIdOf(object) };
  objects.push(object);
  return { object };
}

function spansOf(times: readonly number[]): [first: number, last: number][] {
  const spans: [number, number][] = [];
  for (const time of times) {
    const open = spans.at(-1);
    if (open !== undefined && time - open[0] <= storeLimits.spanMax) open[1] = time;
    else spans.push([time, time]);
  }
  return spans;
}

/** The order of the timeline: time, author, head, seq, index. */
export function compareMessages(a: ModelMessage, b: ModelMessage): number {
  return (
    a.time - b.time ||
    compare(utf8(a.feed.author), utf8(b.feed.author)) ||
    a.feed.head - b.feed.head ||
    a.seq - b.seq ||
    a.index - b.index
  );
}
