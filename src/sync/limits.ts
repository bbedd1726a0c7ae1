// Bounds of the gossip, each with its reason.

export const syncLimits = {
  /** Segment bytes a peer may have on the way to this node's disk: 4 ms of a 2 Gbit/s link. */
  windowBytes: 1024 * 1024,
  /** A credit frame is worth sending once this much was freed. */
  creditStepBytes: 128 * 1024,
  /** Feeds in one have or want frame: stays below the codec's 4,096 items. */
  feedsInFrameMax: 500,
  /** Feeds of one group that a peer may claim to have: its positions cost about 100 bytes each. */
  feedsMax: 100_000,
  /** Groups that a hello may name: 34 bytes each. */
  groupsMax: 1024,
  /** Segment bytes accepted and not yet on disk, all peers together. */
  pendingBytesMax: 16 * 1024 * 1024,
  /** Segment bytes in one commit: keeps the wait of a post behind history short. */
  commitBytesMax: 1024 * 1024,
  /** Own objects waiting for the next root, and as many changes of local rows. */
  appendsMax: 4096,
  /** Object bytes in one own root: leaves room in its entry for one more object of the largest size. */
  rootBytesTarget: 256 * 1024,
  /** A link without a segment in either direction compares heads this often. */
  checkMs: 30_000,
  /** A peer that is a node says hello at once; the link of one that does not is closed. */
  helloMs: 10_000,
  /** A source that was asked and sends nothing for this long is replaced. */
  stallMs: 5_000,
  /** One that sends other feeds may take this long until it is a feed's turn. */
  turnMsMax: 60_000,
  /** How long a post waits to learn where its own feed stands. */
  ownFeedWaitMs: 10_000,
  /** Roots this far ahead of the local clock are held back from view: ten minutes, in microseconds. */
  horizonMicros: 600 * 1_000_000,
  /** Held records, all feeds together; beyond it the feed's newer roots are left where they are. */
  heldMax: 10_000,
  /** Of these, one author's: a clock that is wrong, or a lie, holds up nobody else. */
  heldOfAuthorMax: 1_000,
  /** Feeds of one author in one group: it starts another only after a fork. */
  headsMax: 64,
  /** Invalid frames of one peer in one minute before its link is closed and its key banned. */
  invalidPerMinuteMax: 10,
  /** From a commit to the write of the own head: a sync for each commit costs 9 % of the posts. */
  ownHeadPauseMs: 100,
  /** Waiting after a failed commit before the next one. */
  commitRetryMs: 1_000,
  /** After failed commits, history is asked for again at last this seldom: each attempt is a window. */
  resumeMsMax: 32_000,
  /** Branches of feeds that one link is searched for at a time: each holds up to a segment. */
  searchesMax: 8,
  /** How long posts are refused because a peer claims to know more of an own feed, without sending it. */
  ownClaimMs: 60_000,
  /** Peers whose word on the own feeds is remembered: about 500 bytes each. */
  ownClaimsMax: 1024,
  /** A listing costs time for each feed: a peer gets one of a group in this long. */
  listingMs: 5_000,
  /** A link that is never without segments compares heads at least this often. */
  checkBusyMs: 120_000,
  /** Claims of peers that are gone, kept for what they say of delivery: about 150 bytes each. */
  rememberedClaimsMax: 200_000,
  /** Bytes asked of the store at a time. */
  readBytes: 64 * 1024,
  /** The most that has to be read to reach a signature: the records of a held segment, one a root. */
  readBytesMax: 2 * 1024 * 1024,
} as const;
