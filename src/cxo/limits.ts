// Bounds of objects, feeds and what is kept of them, each with its reason.

// Objects, their encoding and signatures.

/** An object fits a frame (1 MiB) several times over; larger content is sent in pieces. */
export const objectBytesMax = 256 * 1024;
/** Maps and arrays within each other. Keeps every recursion over a value this shallow. */
export const depthMax = 8;
/** Containers, keys and values of one object. Decoded, 256 KiB of empty maps would take 16 MiB. */
export const itemsMax = 4096;
export const objectLimits = { bytesMax: objectBytesMax, depthMax, itemsMax } as const;
/** A kind is a name in a table, not content. */
export const kindCharactersMax = 32;
/** 128 bits: nobody guesses the text behind the hash of a deleted object. */
export const saltBytes = 16;
/** Imported public keys at about 1 KiB each; a miss costs 8 µs. */
export const verifyingKeysMax = 4096;

// Roots and segments.

export const rootLimits = {
  version: 1,
  /** What one group commit can gather; a root stays under 10 KiB. */
  objectsMax: 256,
  /** Six bytes in the store's keys: 8,900 years at 1,000 roots a second. */
  seqMax: 2 ** 48 - 1,
  /** 256 ids of 34 bytes and the other fields. */
  bytesMax: 256 * 34 + 512,
} as const;

export const segmentLimits = {
  /** A frame is at most 1 MiB, and a segment travels in one, behind a header of under 256 bytes. */
  bytesMax: 1024 * 1024 - 256,
  /** One root with its objects has to fit a segment, with room for the object that follows. */
  entryBytesMax: 640 * 1024,
  /** One signature is verified for each segment, and one record read for each message shown. */
  bytesTarget: 64 * 1024,
  /** Bounds the memory of a segment's entries: an entry has at least 4 bytes, 100 once parsed. */
  rootsMax: 8192,
  /** Two segments of this many ids, a proof of a fork, fit into one frame: 43 bytes for each. */
  objectsMax: 8192,
} as const;

/**
 * Local rows beside the own head: one root has 256 objects, and each of them brings an Idempotency-Key
 * of 160 bytes and may drive out as many; the rest is room for longer rows.
 */
export const ownHeadLocalBytesMax = 256 * 1024;

/** A record is the largest row: a segment, with room for what names it. */
export const rowBytesMax = 2 * segmentLimits.bytesMax;
/** Rows of a copy that travel together. */
export const rowStreamBytes = 64 * 1024;
/** Rows of a copy that are written together, each batch being synced. */
export const copyBatchBytes = 4 * 1024 * 1024;

// Bundles.

/** A segment with its place, or a proof of a fork, which is two of them without objects. */
export const bundleFrameBytesMax = 2 * segmentLimits.bytesMax + 64;
/** What is remembered of each while a bundle is imported takes 100 bytes. */
export const bundlePartsMax = 1_000_000;
/** Read of a bundle at a time: some segments. */
export const bundleReadBytes = 256 * 1024;

// The store.

export const storeLimits = {
  /**
   * Of the roots that one timeline row stands for, microseconds (an hour). A page begins this much
   * above its end with the rows of spans; a sparse record has a row for each such span it touches.
   */
  spanMax: 3600e6,
  /** What waits behind a commit becomes one batch up to this: LevelDB copies a batch in memory. */
  batchBytesMax: 4 * 1024 * 1024,
  /** In memory, twice at most, and read again at start: small enough to open in tens of milliseconds. */
  writeBufferBytes: 8 * 1024 * 1024,
  blockCacheBytes: 16 * 1024 * 1024,
  /** A new log and a new manifest, when the database is opened again on a disk that was full. */
  roomBytesMin: 1024 * 1024,
  /** Rows that are read at once: at most 1,000 records' worth of row objects in memory. */
  pageRowsMax: 1000,
  /** Timeline rows that are opened at once: each may hold a record of 64 KiB and more. */
  timelineRowsMax: 64,
  /** Decoded records: what a page and the one after it share, in several groups at a time. */
  archiveCacheBytesMax: 16 * 1024 * 1024,
  /** Places looked at for one id: an author could list one object under any number of heads. */
  positionsMax: 64,
  /** A power of two. With 2 million ids one in 200 is looked up in vain; with more, more. */
  idFilterBytes: 4 * 1024 * 1024,
  /** Rows looked up on the main thread: what a few live messages bring, not what history does. */
  lookUpsAtOnceMax: 8,
  /** Records of a feed that a repair writes together, each batch being synced. */
  repairBytesMax: 4 * 1024 * 1024,
  /** Objects that one commit erases: what is read back of a retention's sweep at a time. */
  erasuresMax: 1024,
  /** Merged at a time to give back room: a close waits for a fraction of a second. */
  compactBytesMax: 32 * 1024 * 1024,
  /** Problems that a verification lists; all are counted. */
  problemsMax: 1000,
  /** Commits that wait for the disk. Each caller waits for its own, so that callers bound them. */
  commitsWaitingMax: 4096,
  /** The key of a local row: it names, and does not contain. */
  localKeyBytesMax: 1024,
  labelCharactersMax: 64,
} as const;
