// The timelines of several groups as one, newest or oldest first: a merge that reads no further than it
// is asked to. Knows nothing of what entries say, or who asks.
import type { Entry, TimelinePosition } from '../../cxo/archive.ts';
import type { GroupId } from '../../cxo/ids.ts';
import { compareTimeline } from '../../cxo/timeline-page.ts';
import { readingLimits } from '../limits.ts';
import type { MessageSource } from '../ports.ts';

interface Lane {
  readonly group: GroupId;
  chunk: readonly Entry[];
  at: number;
  /** Where its next chunk begins. */
  position: TimelinePosition | undefined;
  isOver: boolean;
}

export class Timeline {
  readonly #source: Pick<MessageSource, 'timeline'>;
  readonly #isOnward: boolean;
  #chunk: number;
  readonly #lanes: readonly Lane[];

  /**
   * @param place begin with the entry before this one, or onward with itself, in whatever group it is
   * @param isOnward oldest first: the source gives what sorts at a place or behind it, in that order
   */
  constructor(
    source: Pick<MessageSource, 'timeline'>,
    groups: Iterable<GroupId>,
    place: Entry | undefined,
    chunkEntries: number = readingLimits.chunkEntriesMax,
    isOnward = false,
  ) {
    this.#source = source;
    this.#isOnward = isOnward;
    this.#chunk = chunkEntries;
    this.#lanes = [...groups].map((group) => ({
      group,
      chunk: [],
      at: 0,
      position: place === undefined ? undefined : positionInGroup(place, group),
      isOver: false,
    }));
  }

  /** The next entry; undefined at the end. */
  async next(): Promise<Entry | undefined> {
    let first: Lane | undefined;
    for (const lane of this.#lanes) {
      if (lane.at >= lane.chunk.length && !lane.isOver) await this.#fill(lane);
      const entry = lane.chunk[lane.at];
      if (entry === undefined) continue;
      const other = first?.chunk[first.at];
      if (other === undefined || compareEntries(entry, other) < 0 === this.#isOnward) first = lane;
    }
    return first?.chunk[first.at++];
  }

  async #fill(lane: Lane): Promise<void> {
    const { group, position } = lane;
    lane.chunk = await this.#source.timeline(group, position, this.#chunk);
    lane.at = 0;
    const last = lane.chunk.at(-1);
    lane.isOver = last === undefined;
    lane.position = last && this.#isOnward ? behind(last) : last;
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

function behind({ time, feed, seq, index }: Entry): TimelinePosition {
  return { time, feed, seq, index: index + 1 };
}

/**
 * The place of an entry in another group's timeline, such that reading before it gives what sorts
 * before the entry, and reading onward the rest: for a lower group an entry at the very same place is
 * before it.
 */
function positionInGroup({ time, feed, seq, index }: Entry, group: GroupId): TimelinePosition {
  const isLower = group < feed.group;
  return { time, feed: { ...feed, group }, seq, index: isLower ? index + 1 : index };
}
