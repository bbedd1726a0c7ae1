// The timelines of several groups as one, newest first: a merge that reads no further than it is
// asked to. Knows nothing of what entries say, or who asks.
import type { Entry, TimelinePosition } from '../cxo/archive.ts';
import type { GroupId } from '../cxo/ids.ts';
import { compareTimeline } from '../cxo/timeline-page.ts';
import { readingLimits } from './limits.ts';
import type { MessageSource } from './ports.ts';

interface Lane {
  readonly group: GroupId;
  chunk: readonly Entry[];
  at: number;
  before: TimelinePosition | undefined;
  isOver: boolean;
}

export class Timeline {
  readonly #source: Pick<MessageSource, 'timeline'>;
  #chunk: number;
  readonly #lanes: readonly Lane[];

  /** @param before begin with the entry before this one, in whatever group it is */
  constructor(
    source: Pick<MessageSource, 'timeline'>,
    groups: Iterable<GroupId>,
    before: Entry | undefined,
    chunkEntries: number = readingLimits.chunkEntriesMax,
  ) {
    this.#source = source;
    this.#chunk = chunkEntries;
    this.#lanes = [...groups].map((group) => ({
      group,
      chunk: [],
      at: 0,
      before: before === undefined ? undefined : positionInGroup(before, group),
      isOver: false,
    }));
  }

  /** The next older entry; undefined at the end. */
  async next(): Promise<Entry | undefined> {
    let newest: Lane | undefined;
    for (const lane of this.#lanes) {
      if (lane.at >= lane.chunk.length && !lane.isOver) await this.#fill(lane);
      const entry = lane.chunk[lane.at];
      if (entry === undefined) continue;
      const other = newest?.chunk[newest.at];
      if (other === undefined || compareEntries(entry, other) > 0) newest = lane;
    }
    return newest?.chunk[newest.at++];
  }

  async #fill(lane: Lane): Promise<void> {
    lane.chunk = await this.#source.timeline(lane.group, lane.before, this.#chunk);
    lane.at = 0;
    lane.before = lane.chunk.at(-1);
    lane.isOver = lane.before === undefined;
    // Who reads on may have much to pass over: what has arrived since while history comes in.
    this.#chunk = Math.min(this.#chunk * 2, readingLimits.chunkEntriesMax);
  }
}

/** The order of the timeline, and of the groups between entries at the same place. */
export function compareEntries(a: TimelinePosition, b: TimelinePosition): number {
  const order = compareTimeline(a, b);
  if (order !== 0 || a.feed.group === b.feed.group) return order;
  return a.feed.group < b.feed.group ? -1 : 1;
}

/**
 * The place of an entry in another group's timeline, such that reading before it gives what sorts
 * before the entry: for a lower group that includes an entry at the very same place.
 */
function positionInGroup({ time, feed, seq, index }: Entry, group: GroupId): TimelinePosition {
  const isLower = group < feed.group;
  return { time, feed: { ...feed, group }, seq, index: isLower ? index + 1 : index };
}
