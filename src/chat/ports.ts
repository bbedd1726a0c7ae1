// What the conversation needs from below: reading, writing, and what others are known to have.
// Types only; the node implements them over the store, the archive and the sync.
import type { Archive, Entry } from '../cxo/archive.ts';
import type { Draft } from '../cxo/draft.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { FeedId } from '../cxo/root.ts';
import type { LocalChange } from '../cxo/store.ts';
import type { PublicKey } from '../identity.ts';

/** What sync knows of the other nodes' disks. */
export interface Delivery {
  /** Other nodes that acknowledged the feed up to `seq` or further. */
  storedBy(feed: FeedId, seq: number): readonly PublicKey[];
  /** Calls back after each acknowledgement; returns how to stop. */
  onStored(listener: () => void): () => void;
}

/** The own feed. */
export interface Writer {
  /**
   * Appends the object to this node's feed in the group, together with its local rows.
   * Resolves when all of it is on disk. What is appended in one turn stays in order.
   */
  append(group: GroupId, draft: Draft): Promise<Entry>;
  /** Changes local rows alone. */
  writeLocal(local: readonly LocalChange[]): Promise<void>;
}

/** Messages as they were stored, one by one. */
export type MessageSource = Pick<
  Archive,
  'after' | 'timeline' | 'timelineFrom' | 'find' | 'proof' | 'labelled'
>;
