// A message as it is read back from a store. A type only.
import type { FeedId } from './root.ts';
import type { MessageId, ObjectId } from './ids.ts';

/** A message as it was stored: where it stands, and its object. */
export interface Entry {
  /** Position in this node's arrival order: 1, 2, …, never reused. 0 while it is held. */
  readonly arrival: number;
  readonly feed: FeedId;
  readonly seq: number;
  readonly index: number;
  /** Of its root, microseconds. */
  readonly time: number;
  readonly id: MessageId;
  readonly objectId: ObjectId;
  /** Undefined where it was erased. */
  readonly object: Uint8Array | undefined;
}
