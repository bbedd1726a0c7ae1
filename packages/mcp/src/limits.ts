// The bounds of this server, each with its reason. Characters are UTF-16 units.

/** Of one text in a list: about 1,000 tokens, so that one long message does not fill a context. */
export const listTextCharsMax = 4_000;

/** Of one text that was asked for alone; the longest there is comes in five parts. */
export const partTextCharsMax = 16_000;

/** Of all texts in one answer, about 6,000 tokens; what does not fit stands on the next page. */
export const pageTextCharsMax = 24_000;

/** Messages of one answer: the frame of each costs about 150 tokens beside its text. */
export const pageMessagesMax = 100;
export const pageMessagesDefault = 20;

/** Groups of one answer, and members of one group. */
export const groupsMax = 100;
export const membersMax = 200;

/** What somebody calls itself or a group; longer ones are cut. */
export const nameCharsMax = 64;
export const topicCharsMax = 256;

/** Kinds of reactions shown for one message. */
export const reactionsMax = 16;

/** Messages that an answer stands below; a longer chain is walked by asking for the first of them. */
export const ancestorsMax = 8;

/** Words of a refusal that are handed on. */
export const problemCharsMax = 600;

/** A text on its way to the node; the node itself takes 65,536 bytes. */
export const sendTextCharsMax = 65_536;

/** A node gives at most 4 MiB of text a page; JSON may spend six bytes on each. */
export const answerBytesMax = 32 * 1024 * 1024;

/** A token is one line. */
export const tokenBytesMax = 4_096;

/** runtime.json has four short fields, the file of cursors one line for each group. */
export const stateFileBytesMax = 64 * 1024;

/** Groups whose cursors are kept; the one that was used least recently goes first. */
export const cursorsMax = 64;

/** Waits at a time: each holds one of the node's 512 places for readers. */
export const waitsMax = 4;

/** A wait; most clients give up on a call after 60 s unless they are told that it goes on. */
export const waitSecondsMax = 600;
export const waitSecondsDefault = 45;

/** How long, in milliseconds, what is asked of the node may take. */
export interface Times {
  /** One request, beyond what it was asked to wait. */
  readonly requestMs: number;
  /** One long poll; a node that is gone without a word is noticed after it. */
  readonly pollMs: number;
  /** How long a request that may be repeated is repeated while the node is down: a restart. */
  readonly patienceMs: number;
  /** Between two attempts; doubled each time up to the second. */
  readonly retryMs: number;
  readonly retryMsMax: number;
  /** Between two notices of progress. */
  readonly progressMs: number;
  /** How long the names of groups and the own key are taken for true. */
  readonly namesMs: number;
}

export const times: Times = {
  requestMs: 15_000,
  pollMs: 20_000,
  patienceMs: 5_000,
  retryMs: 100,
  retryMsMax: 1_000,
  progressMs: 5_000,
  namesMs: 15_000,
};
