// Bounds of what messages say and of what this layer keeps, each with its reason.

export const contentLimits = {
  /** Room for a log excerpt; longer content is a file. A quarter of what an object can hold. */
  textBytesMax: 64 * 1024,
  /** One sign as people see it: a family of four with skin colours has 41 bytes, most have under 30. */
  emojiBytesMax: 32,
  emojiPointsMax: 8,
  /** Edits that a deletion names, 34 bytes each; whoever corrected more often leaves the rest. */
  deletedEditsMax: 256,
  /** A name is shown beside every message. */
  nameCharactersMax: 64,
  /** Keys of one vouch: a snapshot of what one operator configured; 35 KiB of an object. */
  vouchKeysMax: 1024,
  /** Addresses of one node: some networks, each with two families. */
  addressesMax: 8,
  /** A host name of 253 characters in brackets, a colon, and a port. */
  addressCharactersMax: 261,
} as const;

export const membershipLimits = {
  /** The members of a room: one allow-list, kept in memory, walked at each change. */
  membersMax: 10_000,
  /** Keys of all vouches together, whoever signed them: 25 MB, and 50 ms for one walk over them. */
  keysMax: 256 * 1024,
} as const;

export const directoryLimits = {
  /** A line beside the name. */
  noteCharactersMax: 256,
  /** Two for each possible member, since those who left keep their names: 5 MB. */
  namesMax: 20_000,
} as const;

export const addressLimits = {
  /** How long an address holds, in microseconds: a node that is away for two weeks is not looked for. */
  lifetimeUs: 14 * 24 * 3600 * 1_000_000,
  /** One for each possible member: 21 MB of the longest, 1 MB of usual ones. */
  authorsMax: 10_000,
} as const;

export const mentionLimits = {
  /** What a text can name at most; nobody reads more, and each is 64 characters of every view. */
  mentionsMax: 100,
  /** `@` signs of one text that are looked at: 64 KiB of them would cost 0.2 s at each view. */
  signsMax: 1000,
} as const;

export const noteLimits = {
  /**
   * Edits, deletions, reactions, acknowledgements, pins, hides, replies and requests that are kept in
   * memory: 135 MB where two or three are about each message. What arrives beyond it counts for nothing on
   * this node, and is counted; after a restart it is the latest arrivals again that find no room.
   */
  notesMax: 500_000,
  /** Texts of edits, 64 MiB: 1,000 of the longest. */
  textBytesMax: 64 * 1024 * 1024,
  /** Of either, one author's share: nobody takes the room of all others. */
  authorShare: 1 / 4,
  /** Notes of one kind by one author about one message, the last ones: more is a toggle gone wild. */
  perAuthorMax: 64,
  /** Keys in the reactions of one view: 128 KB. */
  reactionsShownMax: 2000,
  /** Notes that this node writes at once. */
  inFlightMax: 1024,
} as const;

export const watchLimits = {
  /** Changes of groups come in bursts, with all that a node learns when it links: told ten times a second. */
  groupsMs: 100,
  /** Sealed messages that wait for their key: 4 MB. Of more, some may be told of twice. */
  lockedMax: 100_000,
} as const;

export const readingLimits = {
  /** The outer contract's page. */
  pageMessagesMax: 1000,
  /** Of texts in one page: 1,000 messages of 64 KiB would be 64 MB. A page ends behind it. */
  pageBytesMax: 4 * 1024 * 1024,
  /** Entries looked at for one page in arrival order (60 ms): a page that ends there says `more`. */
  scanMax: 20_000,
  /** The same in timeline order, where a page that ends early has fewer places to go on from. */
  timelineScanMax: 100_000,
  /** Messages read one by one for one page of a list (0.2 s): a page that ends there says `more`. */
  listedScanMax: 4096,
  /** Entries read at once: one or two segments of usual messages, at most 64 MiB of any. */
  chunkEntriesMax: 256,
} as const;

export const liveLimits = {
  /** Latest arrivals kept in memory, so that readers at the end cost no reads of the store. */
  entriesMax: 4096,
  bytesMax: 8 * 1024 * 1024,
} as const;

export const postingLimits = {
  /** Posts under way at once, each of which holds its text: 64 MiB. */
  inFlightMax: 1024,
  /** Posts that wait for other nodes; they hold no text. */
  waitingMax: 4096,
  timeoutMsDefault: 10_000,
  timeoutMsMax: 60_000,
} as const;

export const idempotencyLimits = {
  /** Keys remembered, 20 MB in memory: more than one post a second, all day. */
  keysMax: 100_000,
  /** The outer contract's 24 hours, in microseconds. */
  lifetimeUs: 24 * 3600 * 1_000_000,
  /** Rows deleted in one commit of the sweep. */
  sweepRowsMax: 1000,
} as const;

export const inviteLimits = {
  /** Nodes of one link: several ways in, and still a QR code that a telephone reads. */
  nodesMax: 8,
  /** A genesis is 100 bytes and a name. */
  genesisBytesMax: 1024,
  /** 8 nodes with 8 of the longest addresses each would take 28,000; white space from a chat besides. */
  linkCharactersMax: 32 * 1024,
  /** What this node names in a link that it makes: a few ways in keep the code small. */
  nodesNamedMax: 3,
  addressesOfNodeMax: 2,
} as const;

/** Objects of two roots, which wait for the disk after they were sealed. */
export const freshSealsMax = 512;

export const sealingLimits = {
  /** An epoch is sealed to each member once; 88 bytes each fit an object with its other fields. */
  recipientsOfPartMax: 2900,
  /** 11,600 recipients: more than the members that a group can have. */
  partsMax: 4,
  /** Generations count rotations; a member that claims a huge one cannot make sums inexact. */
  generationMax: 2 ** 40,
  /** An epoch key that leaked reads no more than a week, in microseconds. */
  epochLifetimeUs: 7 * 24 * 3600 * 1_000_000,
  /** And no more than this many objects. */
  epochObjectsMax: 4096,
  /** Keys in one object: 128 KiB, half of what an object can hold; the latest where there are more. */
  keysOfGrantMax: 4096,
  /** Members to whom history is given along with one post: 3 MB of the largest, 10 KB of usual. */
  grantsAtOnceMax: 16,
  /** One node gives one member all of its keys again at most this often; between, those that it lacks. */
  grantIntervalUs: 3600 * 1_000_000,
  /** And these so many times in that: epochs that leave somebody out cost their author as much. */
  grantsPerIntervalMax: 16,
  /** Keys of one group's epochs, 10 MB in memory and 7 MB on disk: weekly for 1,200 years. */
  keysMax: 65_536,
  /** Of these, what one member brings: nobody takes the room of all others. 80 years of its own. */
  keysOfIssuerMax: 4096,
  /** Epochs of one member that others may seal with: the last ones. */
  epochsOfIssuerMax: 4,
  /** Of these and earlier ones the recipients are remembered: a year of one member's own. */
  recordsOfIssuerMax: 64,
  /** Recipients of all such epochs: the latest 100 of a group of 10,000 members. */
  recipientBytesMax: 8 * 1024 * 1024,
  /** Keys that history was given to, members or not: twice the members of the largest group. */
  granteesMax: 20_000,
  /** Recipients that begin like one's own key, tried in turn at 0.1 ms: chance makes no second one. */
  attemptsMax: 4,
} as const;

export const blockLimits = {
  /** As many as a room has members; 1 MB. */
  keysMax: 10_000,
} as const;

export const unreadLimits = {
  /** Nobody counts further; 8 KB for a group. */
  countMax: 1000,
  /** Messages to look at again, one read each: beyond it all groups are counted anew. */
  touchedMax: 1024,
  /** Counts that marks and blocks made void, for one question: the next one asks again. */
  roundsMax: 8,
} as const;

export const readReceiptLimits = {
  /** Between two notes that tell a group how far was read, milliseconds: each is a root in the feed. */
  intervalMs: 30_000,
  /** Messages looked at to find the last one that was read; beyond it nobody is told. */
  scanMax: 4096,
} as const;

export const rosterLimits = {
  /** Feeds that one operation says it has seen: 36 KiB. More than the admins of any group. */
  seenFeedsMax: 1024,
  /** Of these feeds' keys, heads and seqs: three quarters of what an object can hold. */
  seenBytesMax: 192 * 1024,
  /** A topic is a line or two beside the name. */
  topicCharactersMax: 256,
  /** A name and a topic of four-byte characters, sealed. */
  sealedBytesMax: 4096,
  /** What one invite can let in. Who needs more makes another. */
  usesMax: 10_000,
} as const;

/** Groups besides the room. */
export const groupLimits = {
  /** A link's hello names at most 1,024; each group costs its roster in memory. */
  groupsMax: 1_000,
  /** Groups that are kept for others: what members of the room may cost each other. */
  carriedMax: 512,
  /** An offer of more keys is several. */
  offeredToMax: 1_024,
} as const;

export const retentionLimits = {
  /** Between sweeps: an hour is little beside the shortest time that messages are kept. */
  sweepPauseMs: 3_600_000,
  /** From a deletion to the merging of files, which then serves all that come meanwhile. */
  reclaimPauseMs: 60_000,
  /** Deletions that wait for the disk; what does not fit is found again by the next sweep. */
  deletionsWaitingMax: 10_000,
  /** Deletions in roots that are not taken yet: about 250 bytes each. */
  learnedMax: 10_000,
  /** Of records, read at a time: two milliseconds of the main thread. */
  stepBytes: 256 * 1024,
} as const;

export const searchLimits = {
  /** A line that somebody wrote. */
  queryCharsMax: 1000,
  queryPartsMax: 32,
  /** Messages in the index, the newest: twice what a busy team writes in a year. */
  messagesMax: 400_000,
  /** Of memory, estimated: 400,000 messages of 200 characters take less. */
  bytesMax: 192 * 1024 * 1024,
  /** By how much what arrives may go beyond either, before the index is built anew. */
  growth: 1.25,
  /** Messages that are indexed without a pause: 5 ms. */
  sliceMessages: 256,
  /** What a search waits for an index that is being built, unless it says another time. */
  patienceMs: 250,
  /** Changed messages to look at again, one read each: beyond it the index is built anew. */
  touchedMax: 4096,
} as const;
