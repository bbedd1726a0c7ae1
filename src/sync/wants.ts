// The places that are asked for in one go, gathered into frames for each peer and group.
import type { GroupId } from '../cxo/ids.ts';
import type { FeedId } from '../cxo/root.ts';
import type { Wanted } from './frames.ts';
import { syncLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import type { Session } from './session.ts';

export class Wants {
  readonly #places = new Map<Session, Map<GroupId, Wanted[]>>();

  /** @param to the last root that is wanted; undefined: all there are and what comes later */
  add(session: Session, feed: FeedId, from: number, to: number | undefined): void {
    const { group, author, head } = feed;
    const groups = this.#places.get(session) ?? new Map<GroupId, Wanted[]>();
    const places = groups.get(group) ?? [];
    places.push({ author, head, from, to });
    this.#places.set(session, groups.set(group, places));
  }

  send(outbox: Outbox): void {
    const step = syncLimits.feedsInFrameMax;
    for (const [session, groups] of this.#places) {
      for (const [group, places] of groups) {
        for (let i = 0; i < places.length; i += step) {
          const part = places.slice(i, i + step);
          outbox.send(session, { type: 'want', group: session.placeOf(group), places: part });
        }
      }
    }
  }
}
