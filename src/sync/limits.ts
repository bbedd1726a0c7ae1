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
  /** Segment bytes in one commit: what one sync of the disk is worth. */
  commitBytesMax: 1024 * 1024,
  /** The same while somebody posts: a post waits for the commit under way, and for its own. */
  commitBytesBesidePostsMax: 128 * 1024,
  /** Somebody posts for this long after a post. */
  postingMs: 1_000,
  /** Own objects waiting for the next root, and as many changes of local rows. */
  appendsMax: 4096,
  /** Object bytes in one own root: leaves room in its entry for one more object of the largest size. */
  rootBytesTarget: 256 * 1024,
  /** Roots that a peer gave word of are asked of it when no edge of the tree has brought them by then. */
  graftMs: 250,
  /** Word of what is on the disk is gathered for this long: at most 200 frames a second and link. */
  notesMs: 5,
  /** A feed that lacks no more than this is not behind in history: what comes of it goes on at once. */
  graftRootsMax: 256,
  /** Roots in one part of a long history: some hundred kilobytes, many segments. */
  partRoots: 1024,
  /** A peer that sends a feed as a whole may have sent this much before it hears of an end: a window. */
  streamRoots: 8192,
  /** Of a feed that lacks at least this many roots, the newest part is asked for first. */
  tailBehindMin: 32_768,
  /** Roots of that newest part: what people look at first, and a fraction of a second. */
  tailRoots: 1024,
  /** Parts of a feed that one peer is asked for at a time: the next is under way when one ends. */
  partsOfLinkMax: 2,
  /** How many parts beyond what is here are asked for: they wait in memory, on their links' credit. */
  partsAheadMax: 16,
  /** Parts of one feed that a peer may ask for at a time. */
  partsWantedMax: 8,
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
  /** A comparison costs time for each feed: this side begins one of a group and link in this long. */
  listingMs: 5_000,
  /** A group of up to this many feeds is listed at once: 4 KB, about what a comparison takes. */
  listedAtOnceMax: 64,
  /** A range that differs is listed at up to this many feeds: 1 KB; splitting it costs half, and time. */
  listedInRangeMax: 16,
  /** Parts of a range that differs: more cost bytes, fewer cost rounds; both are near their least. */
  rangeParts: 16,
  /** Ranges in one compare frame: 12 KB, and half of the codec's items. */
  rangesInFrameMax: 512,
  /** Feeds told in answer to a listing: 500 KB. The rest is compared anew, at the peer's pace. */
  toldMax: 8192,
  /**
   * Rows and ranges that one peer's comparisons of a group may cost between two checks: a little
   * for any group, and for each feed more than a full comparison of two sets that have nothing in
   * common takes. Hashing so many rows of 100,000 feeds is 1 % of a core's time.
   */
  comparedBase: 16_384,
  comparedPerFeed: 32,
  /** What telling of a feed counts in this, and sending the proof of a fork. */
  comparedTold: 4,
  comparedProof: 64,
  /** A link that is never without segments compares heads at least this often. */
  checkBusyMs: 120_000,
  /** Claims of peers that are gone, kept for what they say of delivery: about 150 bytes each. */
  rememberedClaimsMax: 200_000,
  /** A rate over five seconds follows a change soon and does not jump; ten steps in which it forgets. */
  progressBucketMs: 500,
  progressBuckets: 10,
  /** Peers whose rates are kept: about 300 bytes each, and more than have links. */
  progressPeersMax: 256,
  /** What is missing is counted this often at most: an idle look at the feeds of all peers. */
  progressMs: 100,
  /** A member makes at most one receipt in this time: as often as a person can follow. */
  receiptMsMin: 100,
  /** And in this time for each member: all of them together make about 100 a second. */
  receiptMsOfMember: 10,
  /** Feeds that a receipt names, 35 bytes each: what does not fit follows in the next one. */
  receiptEntriesMax: 64,
  /** A receipt is repeated once after this long without news: one that was lost heals. */
  receiptRepeatMs: 5_000,
  /** Of a feed that lacks more roots than this, receipts wait for the end. */
  receiptRootsMax: 1_000,
  /** After this long without news of a member its number may be lower: its clock was put right. */
  receiptForgetMs: 600_000,
  /** A link that has been up for this long is given the latest receipts of members. */
  receiptsGivenMs: 30_000,
  /** The receipts that are kept for this, of a group: 8 KiB as a rule. */
  receiptsKeptMax: 64,
  /** Receipts of one member are taken at twice the rate of an honest one, after a clog 200 at once. */
  receiptOfMemberMs: 50,
  receiptsOfMemberMax: 200,
  /** Receipts of one link: each costs 0.1 ms to verify, so they take at most a fortieth of the time. */
  receiptOfLinkMs: 4,
  receiptsOfLinkMax: 1_000,
  /** Members of a group whose receipts are remembered: about 300 bytes each. */
  receiptMembersMax: 10_000,
  /** What members have by their receipts, and as many rows of states that they agree with: 50 bytes each. */
  receiptClaimsMax: 200_000,
  /** Feeds that are read for one peer at a time: what each takes is mostly waiting for the store. */
  readsMax: 8,
  /** Requests to erase objects that wait for the disk. */
  erasingMax: 256,
  /** Feeds of which one link is known to lack objects: about 1 KB each. */
  holesOfLinkMax: 1024,
  /** Missing objects that are remembered of each: once these are explained the peer is asked again. */
  lackingMax: 8,
  /** Bytes asked of the store at a time. */
  readBytes: 64 * 1024,
  /** The most that has to be read to reach a signature: the records of a held segment, one a root. */
  readBytesMax: 2 * 1024 * 1024,
} as const;
