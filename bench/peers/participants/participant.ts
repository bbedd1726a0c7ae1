// What a system has to do to take part: one of its nodes in this process. Types only.

/** Reads the text of a message that has arrived. */
export type ReadText = () => string | Promise<string>;

export interface Participant {
  /** Makes feeds of `each` messages, and resolves with the feeds' ids once all is on disk. */
  fill(feeds: number, each: number, text: () => string): Promise<readonly string[]>;
  /** The feed that `append` writes to. */
  readonly ownFeed: string;
  /** Resolves as the system says that it has the message. */
  append(text: string): Promise<unknown>;
  /** As many at once as the system has an interface for. */
  appendAll(texts: readonly string[]): Promise<unknown>;
  /** Feeds to replicate, and to give to others. */
  follow(feeds: readonly string[]): void | Promise<void>;
  /** Listens on a free port of the loopback address. */
  listen(): Promise<Listening>;
  connect(to: Listening): void | Promise<void>;
  /** Both directions, of all connections that this side has made. */
  wireBytes(): number;
  /** Everything is on disk then. */
  close(): Promise<void>;
}

export interface Listening {
  readonly port: number;
  /** Who listens there, as the system writes it. */
  readonly name: string;
}

/** @param onArrival called for each message that is here and can be read from now on */
export type OpenParticipant = (
  directory: string,
  onArrival: (read: ReadText) => void,
) => Promise<Participant>;
