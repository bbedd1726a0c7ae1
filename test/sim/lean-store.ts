// A store of large meshes: what the gossip needs of one, over the production plan of a commit, with
// the bytes of a record shared by all nodes that have it. Knows no timeline and no labels.
import { Draft, isOfTail, planCommit } from '../../src/cxo/commit-plan.ts';
import type { FeedState } from '../../src/cxo/feed.ts';
import { feedKey, type FeedId, type FeedKey } from '../../src/cxo/root.ts';
import { findSegmentShape } from '../../src/cxo/segment-shape.ts';
import { StoreState } from '../../src/cxo/store-state.ts';
import type {
  ArrivalRow,
  Commit,
  CommitArrivals,
  HeldRecord,
  LocalRow,
  RecordKey,
  Store,
  StoredRecord,
} from '../../src/cxo/store.ts';

export class LeanStore implements Store {
  readonly #state = new StoreState();
  readonly #records = new Map<FeedKey, StoredRecord[]>();
  #arrivals: ArrivalRow[] = [];
  readonly #local = new Map<string, Uint8Array>();
  #rewrites = 0;

  feeds(): readonly FeedState[] {
    return this.#state.states();
  }

  find(feed: FeedId): FeedState | undefined {
    return this.#state.find(feed)?.state;
  }

  latestArrival(): number {
    return this.#state.latestArrival;
  }

  held(): readonly HeldRecord[] {
    return this.#state.held();
  }

  labelledCount(): number {
    return 0;
  }

  rewrites(): number {
    return this.#rewrites;
  }

  commit(change: Commit): Promise<CommitArrivals> {
    const draft = new Draft(this.#state);
    const shapes = new Map(
      change.releases.map((release) => {
        const record = this.#record(release);
        return [release, record && findSegmentShape(record.bytes, record.signed)];
      }),
    );
    const arrivals = planCommit(draft, change, shapes);
    for (const { known, tail } of draft.withdrawn) {
      const { feed } = known.state;
      this.#records.set(
        feedKey(feed),
        this.#recordsOf(feed).filter(({ from }) => from < tail.from),
      );
      this.#arrivals = this.#arrivals.filter((row) => !isOfTail(row, feed, tail));
      this.#rewrites++;
    }
    for (const { record, shape, arrival } of draft.records) {
      const { feed, from, bytes, signed, held } = record;
      const { roots, messages } = shape;
      const stored = { feed, from, roots, bytes, signed, arrival, repeats: false };
      const records = this.#recordsOf(feed);
      // Behind the chain, which may be below a tail.
      const at = records.findIndex((other) => other.from > from);
      records.splice(at === -1 ? records.length : at, 0, stored);
      if (!held) this.#arrivals.push({ arrival, messages, feed, from });
    }
    for (const { release, shape, arrival } of draft.releases) {
      const { feed, from } = release;
      const records = this.#recordsOf(feed);
      const at = records.findIndex((record) => record.from === from);
      const record = records[at];
      if (record !== undefined) records[at] = { ...record, arrival };
      this.#arrivals.push({ arrival, messages: shape.messages, feed, from });
    }
    for (const { key, value } of change.local) {
      if (value === undefined) this.#local.delete(key);
      else this.#local.set(key, value);
    }
    draft.adopt(0);
    return Promise.resolve(arrivals);
  }

  records(feed: FeedId, seq: number, bytesMax: number): Promise<readonly StoredRecord[]> {
    const found: StoredRecord[] = [];
    let bytes = 0;
    const all = this.#recordsOf(feed);
    let at = all.length;
    while (at > 0 && (all[at - 1]?.from ?? 0) > seq) at--;
    let next: number | undefined;
    for (const record of all.slice(Math.max(0, at - 1))) {
      if (record.from + record.roots <= seq || bytes >= bytesMax) break;
      if (next !== undefined && record.from !== next) break;
      next = record.from + record.roots;
      found.push(record);
      bytes += record.bytes.length;
    }
    return Promise.resolve(found);
  }

  arrivals(after: number, limit: number): Promise<readonly ArrivalRow[]> {
    const first = this.#arrivals.findIndex((row) => row.arrival + row.messages - 1 > after);
    return Promise.resolve(first === -1 ? [] : this.#arrivals.slice(first, first + limit));
  }

  timeline(): Promise<never> {
    return Promise.reject(new Error('a lean store has no timeline'));
  }

  timelineFrom(): Promise<never> {
    return this.timeline();
  }

  positions(): Promise<never> {
    return Promise.reject(new Error('a lean store has no positions'));
  }

  labelled(): Promise<never> {
    return Promise.reject(new Error('a lean store has no labels'));
  }

  local(prefix: string): Promise<readonly LocalRow[]> {
    const rows = [...this.#local].filter(([key]) => key.startsWith(prefix));
    return Promise.resolve(rows.map(([key, value]) => ({ key, value })));
  }

  findLocal(key: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#local.get(key));
  }

  bytes(): Promise<number> {
    return Promise.resolve(0);
  }

  reclaim(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #record({ feed, from }: RecordKey): StoredRecord | undefined {
    return this.#recordsOf(feed).find((record) => record.from === from);
  }

  #recordsOf(feed: FeedId): StoredRecord[] {
    const key = feedKey(feed);
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    const records: StoredRecord[] = [];
    this.#records.set(key, records);
    return records;
  }
}
