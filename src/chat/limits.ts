// Bounds of what messages say and of what this layer keeps, each with its reason.

export const contentLimits = {
  /** Room for a log excerpt; longer content is a file. A quarter of what an object can hold. */
  textBytesMax: 64 * 1024,
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

export const readingLimits = {
  /** The outer contract's page. */
  pageMessagesMax: 1000,
  /** Of texts in one page: 1,000 messages of 64 KiB would be 64 MB. A page ends behind it. */
  pageBytesMax: 4 * 1024 * 1024,
  /** Entries looked at for one page in arrival order (60 ms): a page that ends there says `more`. */
  scanMax: 20_000,
  /** The same in timeline order, where a page that ends early has fewer places to go on from. */
  timelineScanMax: 100_000,
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
