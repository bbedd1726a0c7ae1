// The timelines of several groups as one, newest first: a merge that reads no further than it is
// asked to. Knows nothing of what entries say, or who asks.
import type { Entry } from '../cxo/archive.ts';
import type { GroupId } from '../cxo/ids.ts';
import { readingLimits } from './limits.ts';
import type { MessageSource, TimelinePlace } from './ports.ts';

interface Lane {
  readonly group: GroupId;
  chunk: readonly Entry[];
  at: number;
  before: TimelinePlace | undefined;
  isOver: boolean;
}

export class Timeline {
  readonly #source: Pick<MessageSource, 'timeline'>;
  readonly #chunk: number;
  readonly #lanes: readonly Lane[];

  /** @param before begin with the entry before this one, in whatever group it is */
  constructor(
    source: Pick<MessageSource, 'timeline'>,
    groups: Iterable<GroupId>,
    before: TimelinePlace | undefined,
    chunkEntries: number = readingLimits.chunkEntriesMax,
  ) {
    this.#source = source;
    this.#chunk = chunkEntries;
    this.#lanes = [...groups].map((group) => ({
      group,
      chunk: [],
      at: 0,
      before: before === undefined ? undefined : placeInGroup(before, group),
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
      if (other === undefined || comparePlaces(entry, other) > 0) newest = lane;
    }
    return newest?.chunk[newest.at++];
  }

  async #fill(lane: Lane): Promise<void> {
    lane.chunk = await this.#source.timeline(lane.group, lane.before, this.#chunk);
    lane.at = 0;
    lane.before = lane.chunk.at(-1);
    lane.isOver = lane.before === undefined;
  }
}

/** The order of the timeline: time, author, head, seq, index; and the group, between groups. */
export function comparePlaces(a: TimelinePlace, b: TimelinePlace): number {
  return (
    a.time - b.time ||
    compareText(a.feed.author, b.feed.author) ||
    a.feed.head - b.feed.head ||
    a.seq - b.seq ||
    a.index - b.index ||
    compareText(a.feed.group, b.feed.group)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The same place in another group, such that reading before it gives what sorts before the place
 * itself: for a lower group that includes an entry at the very place.
 */
function placeInGroup(place: TimelinePlace, group: GroupId): TimelinePlace {
  const { time, feed, seq, index } = place;
  const isLower = compareText(group, feed.group) < 0;
  return { time, feed: { ...feed, group }, seq, index: isLower ? index + 1 : index };
}
