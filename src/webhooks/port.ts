// What outgoing webhooks need of the world: one request, and its answer. A type only; the real one is in
// http-sender.ts.

export interface OutgoingRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends it: its time is over, or nobody wants it any more. */
  readonly signal: AbortSignal;
}

export interface OutgoingAnswer {
  readonly status: number;
  /** Seconds or a date, as it came. */
  readonly retryAfter: string | undefined;
  /** Undefined where it was longer than `answerBytesMax`, or not UTF-8. */
  readonly body: string | undefined;
}

export interface Sender {
  /** Rejects where there was no whole answer. Follows no redirect. */
  send(request: OutgoingRequest): Promise<OutgoingAnswer>;
}
