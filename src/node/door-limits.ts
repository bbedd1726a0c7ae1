// Bounds of joining by invite, on both sides, each with its reason. Numbers only.

/** What a member's node does for those who come with an invite. */
export const doorLimits = {
  /** Keys that are no members and have a link at a time: each is let in with one exchange of frames. */
  guestsMax: 8,
  /** Long enough for a slow disk to write the admission, short enough that nobody holds a place. */
  guestMs: 10_000,
  /** A key that has just been a guest waits before it is one again. */
  guestPauseMs: 1_000,
  /** Those who wait: as many as can have come in that time. */
  guestsPausedMax: 1024,
  /** What a guest may say before it is let in: the hello of a node that is in many groups. */
  heldBytesMax: 64 * 1024,
  heldFramesMax: 16,
  /** Knocks of one link in a minute: several groups, and some tries at each. Each costs a signature. */
  knocksPerMinuteMax: 30,
  /** Malformed or forged knocks of one link before it is closed. */
  offencesMax: 3,
  /** Admissions that wait for each other and for the disk. */
  admissionsMax: 64,
  /** From an admission on disk to the roster that has it: a turn of the event loop, as a rule. */
  rosterMs: 1_000,
} as const;

/** Words on who is in a group, or was removed from it. */
export const wordLimits = {
  /** The operation, and one promotion after the other up to the founder. */
  proofsMax: 16,
  /** Roots behind the one that lists it, up to a signed one: what one segment may have of usual size. */
  chainMax: 256,
  /** Stays below what one item of the codec may have. */
  bytesMax: 200 * 1024,
  /** Words of one link that are looked at, or said: one for each group is enough. Each costs signatures. */
  wordsOfLinkMax: 64,
  /** Of a key that is in no group: enough to be told that it was removed by somebody who was. */
  wordsOfGuestMax: 4,
  /** Until both ends of a link have named the groups that they have in common; then looked at as often. */
  settleMs: 5_000,
  reviewMs: 15_000,
  /** Operations of one group that words have brought since the start; feeds bring them as well. */
  operationsMax: 4_096,
} as const;

export const joiningLimits = {
  /** Groups that this node joins at a time: each holds its link and some timers. */
  joinsMax: 64,
  /** A member answers as soon as its disk has the admission. */
  answerMs: 10_000,
  /** Who was let in and is not on the roster after this long knocks again. */
  rosterMs: 15_000,
  /** How often a joining looks at what has come, besides whenever something comes. */
  lookMs: 250,
  /** How long a count of what has come is used again. */
  countedMs: 100,
  /** Between two rounds over all nodes that the invite names: full jitter. */
  roundMsMin: 1_000,
  roundMsMax: 30_000,
  /** Reasons of one round that are shown. */
  reasonsMax: 3,
} as const;
