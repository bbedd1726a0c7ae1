// What the HTTP surface needs to give out and take in what people carry by hand. Bytes in and out; knows
// nothing of what is in them.
export interface Carrying {
  /**
   * The pieces of a bundle of one group, or of all; rejects with SkychatError `unknown-group`.
   * @param group its id or name
   */
  exportBundle(group: string | undefined): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Takes the parts of a bundle in, in order; resolves when what is news is on disk.
   * @param isLast whether objects that nothing explains may be missing
   */
  importBundle(bytes: Uint8Array, isLast: boolean): Promise<readonly TakenView[]>;
  /** Every row of the store as of one moment, secrets and all; see src/cxo/row-stream.ts. */
  copyStore(): AsyncIterable<Uint8Array>;
}

/** What became of one part of a bundle. */
export interface TakenView {
  /** `stored`, `known`, or the reason why it was not taken, as in the status' counters. */
  readonly verdict: string;
  /** Messages that are here now and were not. */
  readonly messages: number;
  /** Whether it showed, for the first time, that its author signed two branches. */
  readonly new_fork: boolean;
}
