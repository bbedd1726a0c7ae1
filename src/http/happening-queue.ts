// What one event stream has yet to tell beside the messages: the latest state of each peer, group and
// read marker, bounded. It is not in the store, so a reader that was too slow for it is told of the gap
// instead.
import type { Happening, HappeningKind } from '../chat/news/happenings.ts';
import type { ChangeGapView } from '../chat/view.ts';
import { happeningsMax } from './limits.ts';

export interface Waiting {
  readonly happenings: readonly Happening[];
  /** What was left out. */
  readonly gaps: readonly ChangeGapView[];
}

export class HappeningQueue {
  readonly #latest = new Map<string, Happening>();
  readonly #dropped = new Map<HappeningKind, number>();
  #gaps = 0;

  put(happening: Happening): void {
    const key = this.#keyOf(happening);
    if (this.#latest.has(key) || this.#latest.size < happeningsMax) {
      this.#latest.set(key, happening);
    } else {
      const { event } = happening;
      this.#dropped.set(event, (this.#dropped.get(event) ?? 0) + 1);
    }
  }

  take(): Waiting {
    const happenings = [...this.#latest.values()];
    const gaps = [...this.#dropped].map(([of, dropped]) => ({ of, dropped }));
    this.#latest.clear();
    this.#dropped.clear();
    return { happenings, gaps };
  }

  #keyOf({ event, data }: Happening): string {
    if (event === 'peer') return `peer ${data.pk}`;
    if (event === 'read') return `read ${data.group}`;
    if (event === 'group') return `group ${data.id}`;
    // No later gap says what an earlier one did.
    return `gap ${this.#gaps++}`;
  }
}
