// What the conversation needs from below: reading, writing, and what others are known to have.
// Types only; the node implements them over the store, the archive and the sync.
import type { Entry } from '../cxo/archive.ts';
import type { GroupId, MessageId } from '../cxo/ids.ts';
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
   * Appends the object to this node's feed in the group, together with the local rows.
   * Resolves when all of it is on disk.
   */
  append(group: GroupId, object: Uint8Array, local: readonly LocalChange[]): Promise<Entry>;
  /** Changes local rows alone. */
  writeLocal(local: readonly LocalChange[]): Promise<void>;
}

/** Messages as they were stored, one by one (src/cxo/archive.ts). */
export interface MessageSource {
  /** Entries behind the arrival number, in arrival order: at least one where there is one. */
  after(arrival: number, limit: number): Promise<readonly Entry[]>;
  /** Entries of the group that sort before `before`, newest first: at least one where there is. */
  timeline(
    group: GroupId,
    before: TimelinePlace | undefined,
    limit: number,
  ): Promise<readonly Entry[]>;
  find(id: MessageId): Promise<Entry | undefined>;
  proof(id: MessageId): Promise<MessageProof | undefined>;
  /** Every message that was stored with the label. */
  labelled(label: string): Promise<readonly Entry[]>;
}

/** Where an entry stands in the timeline; every entry is one. */
export type TimelinePlace = Pick<Entry, 'time' | 'feed' | 'seq' | 'index'>;

export interface MessageProof {
  readonly object: Uint8Array;
  readonly root: Uint8Array;
  readonly signature: Uint8Array;
  readonly author: PublicKey;
  readonly chain: readonly Uint8Array[];
}
