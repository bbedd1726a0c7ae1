// What a tab and whoever holds the event stream for all tabs say to each other.

/** One event of the stream: the data is JSON. */
export interface StreamEvent {
  readonly cursor: string;
  readonly event: string;
  readonly data: string;
}

/** Times are milliseconds since 1970. */
export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live'; readonly since: number }
  | { readonly kind: 'unreachable'; readonly since: number }
  /** The node asks for a token, or for another one. */
  | { readonly kind: 'locked' };

export type FromHub =
  | { readonly kind: 'state'; readonly state: LinkState }
  | { readonly kind: 'events'; readonly events: readonly StreamEvent[] }
  /** What was read so far is of another store: everything is to be read anew. */
  | { readonly kind: 'reset' };

export type ToHub =
  | {
      readonly kind: 'hello';
      readonly token: string | null;
      /** Name of the lock that the tab holds as long as it lives, where there are locks. */
      readonly lock: string | null;
    }
  | { readonly kind: 'token'; readonly token: string | null }
  /** Somebody waits: try now. */
  | { readonly kind: 'retry' }
  | { readonly kind: 'bye' };

export interface Live {
  send(message: ToHub): void;
}
