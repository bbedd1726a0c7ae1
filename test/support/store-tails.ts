// A feed whose newest part is stored before what is below it: commits that begin a tail, fill the gap
// below it, join or withdraw it.
import { emptyHead, tailOf, type FeedState } from '../../src/cxo/feed.ts';
import type { GroupId } from '../../src/cxo/ids.ts';
import { feedKey, type FeedId } from '../../src/cxo/root.ts';
import type { Commit } from '../../src/cxo/store.ts';
import {
  emptyCommit,
  FeedBuilder,
  testIdentity,
  type BuiltSegment,
  type SegmentOptions,
  type TestRoot,
} from './feeds.ts';

export class TailedFeed {
  readonly #builder: FeedBuilder;
  #gap: BuiltSegment[] = [];
  state: FeedState;

  constructor(author: number, group: GroupId) {
    this.#builder = new FeedBuilder(testIdentity(author), group);
    this.state = { feed: this.#builder.feed, head: emptyHead, forkedAt: undefined };
  }

  get feed(): FeedId {
    return this.state.feed;
  }

  /** Behind the chain, where nothing is left out. */
  next(roots: readonly TestRoot[], options: SegmentOptions = {}): Commit {
    const built = this.#builder.segment(roots, options);
    this.state = { ...this.state, head: built.run.head };
    return this.#commit(built);
  }

  /** Behind these roots, which the store is not given, what comes next is of the tail. */
  leaveOut(roots: readonly TestRoot[], options: SegmentOptions = {}): void {
    this.#gap.push(this.#builder.segment(roots, options));
  }

  /** Begins the tail, or extends it. */
  tail(roots: readonly TestRoot[], options: SegmentOptions = {}): Commit {
    const built = this.#builder.segment(roots, options);
    const tail = { ...(this.state.tail ?? tailOf(built.run)), head: built.run.head };
    this.state = { ...this.state, tail };
    return this.#commit(built);
  }

  /** The first that was left out; with the last of them the chain joins the tail. */
  fill(): Commit {
    const built = this.#gap.shift();
    if (built === undefined) throw new Error('nothing is left out');
    const { tail } = this.state;
    const joined = this.#gap.length === 0 && tail !== undefined;
    this.state = joined
      ? { ...this.state, head: tail.head, tail: undefined }
      : { ...this.state, head: built.run.head };
    return this.#commit(built);
  }

  /** The tail goes; what comes next is of another branch behind the chain. */
  withdraw(): Commit {
    this.#gap = [];
    this.state = { ...this.state, tail: undefined };
    this.#builder.head = this.state.head;
    return { ...emptyCommit, states: [this.state], withdrawn: [this.feed] };
  }

  #commit({ record }: BuiltSegment): Commit {
    return { ...emptyCommit, records: [record], states: [this.state] };
  }
}

/** Several commits as one; of the states of a feed the last counts. */
export function together(...commits: readonly Commit[]): Commit {
  const states = new Map(
    commits.flatMap((commit) => commit.states).map((state) => [feedKey(state.feed), state]),
  );
  return {
    records: commits.flatMap(({ records }) => records),
    states: [...states.values()],
    releases: commits.flatMap(({ releases }) => releases),
    local: commits.flatMap(({ local }) => local),
    withdrawn: commits.flatMap(({ withdrawn }) => withdrawn ?? []),
  };
}
