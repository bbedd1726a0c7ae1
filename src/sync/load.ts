// What of the gossip waits, and what is under way: the lengths of its queues. Derived from the state
// at each call.
import type { Journal } from './journal.ts';
import type { Session } from './session.ts';
import type { Stretches } from './stretches.ts';

export interface SyncLoad {
  /** Parts of feeds that peers were asked for and have not sent to their ends. */
  readonly fetches: number;
  /** Feeds that peers have asked for and are being sent. */
  readonly outgoing: number;
  /** Reads of the store for them. */
  readonly reads: number;
  /** Segment bytes that came and are not on the disk yet. */
  readonly pendingBytes: number;
  /** Of the window that peers have, bytes that wait for room on the disk. */
  readonly withheldBytes: number;
  /** Own objects that no commit holds yet. */
  readonly appends: number;
  readonly localWrites: number;
  readonly isWriting: boolean;
}

export function buildSyncLoad(
  sessions: Iterable<Session>,
  journal: Journal,
  asked: Stretches,
): SyncLoad {
  let outgoing = 0;
  let reads = 0;
  let withheldBytes = 0;
  for (const session of sessions) {
    outgoing += session.outgoing.size;
    reads += session.reads;
    withheldBytes += session.withheld;
  }
  const { pendingBytes, appendsWaiting, localWaiting, isWriting } = journal;
  return {
    ...{ fetches: asked.size, outgoing, reads, pendingBytes, withheldBytes },
    ...{ appends: appendsWaiting, localWrites: localWaiting, isWriting },
  };
}
