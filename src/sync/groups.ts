// What the engine asks of whoever knows what groups mean: which there are, who is in them, and how
// much of each feed counts. A port; answers are as of now and may change with a `members` event.
import type { GroupId } from '../cxo/ids.ts';
import type { FeedId } from '../cxo/root.ts';
import type { PublicKey } from '../identity.ts';

export interface Groups {
  /** The groups whose feeds this node keeps and passes on. */
  all(): readonly GroupId[];
  /**
   * Whether a link with the peer may name the group: it is a member, or carries what it cannot read.
   * @param hasBrought whether the peer has sent anything of the group over the link
   */
  shares(group: GroupId, peer: PublicKey, hasBrought: boolean): boolean;
  isMember(group: GroupId, key: PublicKey): boolean;
  /** Whether anything of the feed is taken. */
  accepts(feed: FeedId): boolean;
  /** Whether this node is to have all of the group; else it takes what it is given. */
  isAwaited(group: GroupId): boolean;
  /** The last seq of the feed that counts, where its author was removed; undefined without an end. */
  limitOf(feed: FeedId): number | undefined;
  /** The lowest head number of the own feed, from one on, that may be written to. */
  headMin(group: GroupId, from: number): number;
}

/** Groups with fixed rules and without an end of any feed. */
export function openGroups(
  all: readonly GroupId[],
  isMember: (group: GroupId, key: PublicKey) => boolean,
): Groups {
  return {
    all: () => all,
    shares: isMember,
    isMember,
    accepts: ({ group, author }) => isMember(group, author),
    isAwaited: () => true,
    limitOf: () => undefined,
    headMin: (_, from) => from,
  };
}

/** Of the groups, what decides about feeds. */
export type FeedRules = Pick<Groups, 'accepts' | 'limitOf'>;

/** Every feed counts, to its end. */
export const anyFeed: FeedRules = { accepts: () => true, limitOf: () => undefined };
