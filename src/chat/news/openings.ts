// Sealed messages that can be read only since a key has come: found again by their label, handed on,
// and told of, since who reads in the order of arrival has passed them by then. Knows nothing of keys.
import type { Entry } from '../../cxo/archive.ts';
import type { GroupId } from '../../cxo/ids.ts';
import { formatCursor } from '../timeline/cursor.ts';
import { lockedLabel } from '../content/labels.ts';
import { watchLimits } from '../limits.ts';
import type { MessageSource } from '../ports.ts';
import type { MessageGapView } from '../view.ts';

export interface OpeningsOptions {
  readonly archive: Pick<MessageSource, 'labelled'>;
  readonly live: { readonly latest: number };
  /** Whether it can be read by now. */
  readonly isOpen: (entry: Entry) => boolean;
  /** Whether there is a message to read. */
  readonly isShown: (entry: Entry) => boolean;
  /** Everything that was locked as it came, and is open. */
  readonly apply: (entries: readonly Entry[]) => void;
  readonly tell: (gap: MessageGapView) => void;
  /** For tests of the bound. */
  readonly lockedMax?: number;
}

export class Openings {
  readonly #options: OpeningsOptions;
  readonly #lockedMax: number;
  /** Arrival numbers of those that could not be read when they were last looked at. */
  #locked = new Set<number>();
  /** False where they are more than are remembered. */
  #isWhole = true;
  #latest = 0;

  constructor(options: OpeningsOptions) {
    this.#options = options;
    this.#lockedMax = options.lockedMax ?? watchLimits.lockedMax;
  }

  /** To be called once at the start, and when keys have come. */
  async look(): Promise<void> {
    const { archive, live, isOpen, isShown, apply, tell } = this.#options;
    const { latest } = live;
    const labelled = await archive.labelled(lockedLabel);
    const here = labelled.filter(({ arrival }) => arrival > 0);
    const open = here.filter(isOpen);
    if (open.length > 0) apply(open);
    const passed = here.filter(({ arrival }) => arrival <= latest);
    const opened = passed.filter((entry) => isOpen(entry) && this.#wasLocked(entry));
    const locked = passed.filter((entry) => !isOpen(entry)).map(({ arrival }) => arrival);
    this.#isWhole = locked.length <= this.#lockedMax;
    this.#locked = new Set(locked.slice(0, this.#lockedMax));
    this.#latest = latest;
    for (const gap of gapsOf(opened.filter(isShown))) tell(gap);
  }

  /** Of more than are remembered, some are told again. */
  #wasLocked({ arrival }: Entry): boolean {
    return arrival > this.#latest || !this.#isWhole || this.#locked.has(arrival);
  }
}

/** One for each group. */
function gapsOf(entries: readonly Entry[]): MessageGapView[] {
  const groups = new Map<GroupId, { first: number; count: number }>();
  for (const { feed, arrival } of entries) {
    const { first, count } = groups.get(feed.group) ?? { first: arrival, count: 0 };
    groups.set(feed.group, { first: Math.min(first, arrival), count: count + 1 });
  }
  return [...groups].map(([group, { first, count }]) => {
    return { of: 'message', reason: 'opened', group, after: formatCursor(first - 1), count };
  });
}
