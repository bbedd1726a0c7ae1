// Brings the store and the file with the latest own segment together at start, and tells whether
// this node may write to its own feed before a peer has shown where the feed stands (a feed that
// is continued from an older place is forked).
import type { OwnHead } from '../cxo/own-head.ts';
import { buildRecord } from '../cxo/record.ts';
import { verifySegment } from '../cxo/segment.ts';
import type { Store } from '../cxo/store.ts';
import type { PublicKey } from '../identity.ts';

export interface OwnFeedSigns {
  readonly self: PublicKey;
  /** Whether no node has ever used the key. */
  readonly unusedKey: boolean;
  /** Whether there is anybody who could know more of the own feed. */
  readonly hasPeers: boolean;
}

/**
 * Whether the own feed ends where the store says. Commits a last own segment again that the store
 * lost to a crash between the two writes, so nothing may have been read from the store before.
 */
export async function knowsOwnFeed(
  store: Store,
  ownHead: OwnHead,
  labelOf: (kind: string) => string | undefined,
  signs: OwnFeedSigns,
): Promise<boolean> {
  const kept = ownHead.read();
  if (kept !== undefined && kept.feed.author === signs.self) {
    const seq = store.find(kept.feed)?.head.seq ?? 0;
    const verified = verifySegment(kept.feed, kept.from, kept.bytes);
    if (!verified.ok) return false;
    const { run } = verified;
    if (run.head.seq > seq) {
      if (run.from !== seq + 1) return !signs.hasPeers;
      const state = { feed: run.feed, head: run.head, forkedAt: undefined };
      const records = [buildRecord(run, false, labelOf)];
      await store.commit({ records, states: [state], releases: [], local: kept.local });
    }
    return true;
  }
  const known = store.feeds().some(({ feed }) => feed.author === signs.self);
  return known || signs.unusedKey || !signs.hasPeers;
}
