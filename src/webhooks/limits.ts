// Bounds of outgoing webhooks, each with its reason.

export const webhookLimits = {
  /** Each holds a wait, and a request when something arrives. */
  hooksMax: 64,
  urlCharsMax: 2048,
  /** An answer by then or it counts as failed; Standard Webhooks advises 15 to 30 s. */
  attemptMs: 15_000,
  /** An answer of a text of 64 KiB, each byte of which JSON may write with six. */
  answerBytesMax: 6 * 64 * 1024 + 1024,
  /** The first of the waits between attempts at most; each next one is twice as long, up to the last. */
  backoffMsMin: 1000,
  backoffMsMax: 3_600_000,
  /** Of one delivery; with full jitter about seven hours on the average. Then it is dead. */
  attemptsMax: 26,
  /** Retry-After counts up to here: nobody puts a hook to sleep for ever. */
  retryAfterMsMax: 3_600_000,
  /** Events that are read at a time. */
  pageEvents: 32,
  /** Events that are not for the hook after which its cursor is written down all the same. */
  passedMax: 1000,
  /** Messages of bots in a row, each an answer to the one before: a longer row is two bots in a loop. */
  botRepliesMax: 4,
  /** After the store, or the node itself, could not do what a delivery needs. */
  faultMs: 5000,
} as const;
