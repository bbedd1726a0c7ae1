// Brings the store and the file with the latest own segment together at start, and tells whether
// this node may write to its own feed before a peer has shown where the feed stands (a feed that
// is continued from an older place is forked).
import type { Archive } from '../cxo/archive.ts';
import type { Erasure } from '../cxo/erasure.ts';
import type { OwnHead } from '../cxo/own-head.ts';
import { buildRecord, type LabelOf } from '../cxo/record.ts';
import { rebuildRun, verifySegment } from '../cxo/segment.ts';
import type { Store } from '../cxo/store.ts';
import type { PublicKey } from '../identity.ts';

export interface OwnFeedSigns {
  readonly self: PublicKey;
  /** Whether no node has ever used the key. */
  readonly unusedKey: boolean;
  /** Whether the store comes from a backup, and peers may know more. */
  readonly isRestored?: boolean;
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
  labelOf: LabelOf,
  signs: OwnFeedSigns,
): Promise<boolean> {
  const kept = ownHead.read();
  if (kept !== undefined && kept.feed.author === signs.self) {
    const seq = store.find(kept.feed)?.head.seq ?? 0;
    const verified = verifySegment(kept.feed, kept.from, kept.bytes);
    if (!verified.ok) return false;
    const { run } = verified;
    if (run.head.seq > seq) {
      if (run.from !== seq + 1) return !signs.hasPeers && signs.isRestored !== true;
      const state = { feed: run.feed, head: run.head, forkedAt: undefined };
      const records = [buildRecord(run, false, labelOf)];
      await store.commit({ records, states: [state], releases: [], local: kept.local });
    }
    return signs.isRestored !== true;
  }
  if (signs.isRestored === true) return false;
  const known = store.feeds().some(({ feed }) => feed.author === signs.self);
  return known || signs.unusedKey || !signs.hasPeers;
}

/** What the store has erased goes from the file with the latest own segment as well. */
export async function renewOwnHead(archive: Archive, ownHead: OwnHead): Promise<void> {
  const kept = ownHead.read();
  if (kept === undefined) return;
  const { feed, from, bytes } = kept;
  const rebuilt = rebuildRun(feed, from, bytes, true);
  const erasures: Erasure[] = [];
  for (const { seq, objects } of rebuilt.ok ? rebuilt.run.entries : []) {
    for (const [index, { message: id }] of objects.entries()) {
      const entry = await archive.entry({ feed, seq, index });
      if (entry !== undefined && entry.object === undefined)
        erasures.push({ feed, seq, index, id });
    }
  }
  await ownHead.renew(erasures);
}
