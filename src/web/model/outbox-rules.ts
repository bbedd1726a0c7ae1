// What becomes of a message that could not be handed to the node at once. Knows nothing of where the
// outbox is kept.
export interface OutboxEntry {
  /** The Idempotency-Key: whoever sends it, and however often, it is posted once. */
  readonly key: string;
  /** Id of the group, or null where it goes to one person. */
  readonly group: string | null;
  readonly to: string | null;
  readonly text: string;
  readonly replyTo: string | null;
  /** The request's body, byte for byte the same at each attempt. */
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly attempts: number;
  /** Why the node refused it, in words; null while it is to be sent. */
  readonly refusal: string | null;
}

/** The node forgets keys after 24 h: a later attempt could post twice what was posted. */
const keyHoldsMs = 23 * 3_600_000;

const pauseMsMax = 30_000;

/** An answer that may be another one next time, as far as its status says. */
export function isPassing(httpStatus: number): boolean {
  return httpStatus === 401 || httpStatus === 408 || httpStatus === 429 || httpStatus >= 500;
}

export function pauseMs(attempts: number): number {
  return Math.min(pauseMsMax, 500 * 2 ** Math.max(0, attempts - 1));
}

/** Whether only the reader can say if it is to be sent again. */
export function isTooOld(entry: OutboxEntry, now: number): boolean {
  return entry.attempts > 0 && now - entry.time > keyHoldsMs;
}

/** What is kept, as it was written; nothing where it is damaged. */
export function parseOutbox(text: string | null): OutboxEntry[] {
  try {
    const list = JSON.parse(text ?? '[]') as unknown;
    return Array.isArray(list) ? list.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is OutboxEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { key, text, body, time, attempts } = value as Partial<OutboxEntry>;
  return (
    [key, text, body].every((each) => typeof each === 'string') &&
    [time, attempts].every((each) => typeof each === 'number')
  );
}
