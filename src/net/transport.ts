// What the net layer gives to those above it: links that carry typed frames between two proven keys,
// and the raw byte streams below them. Interfaces only; knows nothing of feeds.
import type { PublicKey } from '../identity.ts';

/** An encrypted connection to one peer, both keys proven. The same from a dialer or a listener. */
export interface Link {
  readonly peer: PublicKey;
  /** Whether this side dialed. */
  readonly initiator: boolean;
  /** 32 bytes, the same on both sides, unique to this link. */
  readonly handshakeHash: Uint8Array;
  /** `host:port` of the other end of the connection. */
  readonly address: string;
  /**
   * Queues one frame; frames arrive in order or the link ends. The payload is copied or sent before
   * the call returns. False where the queue is above its soft bound, or where the peer has not yet
   * accepted the link: send no more bulk data before `onDrain`. A frame that would pass the hard bound ends the link (the peer does not read).
   * A call after the end does nothing.
   */
  send(type: number, payload: Uint8Array): boolean;
  /**
   * Ends the link; the reason, at most 64 characters of a-z, 0-9 and hyphens, is told to the peer
   * where it still listens. `onClose` follows, but not from inside this call.
   */
  close(reason: string): void;
  stats(): LinkStats;
}

export interface LinkStats {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** Bytes that wait for the peer to take them. */
  readonly queuedBytes: number;
  /** Round trip of the latest keepalive, milliseconds. */
  readonly rttMs: number | undefined;
  /** Wall clock of the latest inbound frame, microseconds. */
  readonly lastInbound: number;
}

/** What the owner of a link hears of it. After `onClose` nothing follows. */
export interface LinkHandler {
  /** The payload may be a view into a larger buffer that is not reused; copy a part to keep it. */
  onFrame(type: number, payload: Uint8Array): void;
  onDrain(): void;
  onClose(reason: string): void;
}

/** Frame types below this one belong to the link itself; each protocol above takes a range. */
export const firstProtocolFrame = 0x10;

/** A reliable, ordered stream of bytes to one remote place: a TCP connection, or its double. */
export interface ByteStream {
  /** `host:port` of the other end. */
  readonly remote: string;
  /** Bytes handed over but not yet taken by the other side's kernel. */
  readonly queuedBytes: number;
  /** Writes a copy or keeps the array: the caller must not change it afterwards. */
  write(bytes: Uint8Array): void;
  /** Flushes what is queued, then ends. */
  end(): void;
  /** Ends at once. */
  destroy(): void;
  /** Set once, before anything can arrive. */
  handler: ByteStreamHandler | undefined;
}

export interface ByteStreamHandler {
  onData(bytes: Uint8Array): void;
  /** Some of the queued bytes were taken. */
  onDrain(): void;
  onClose(reason: string): void;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Makes byte streams: TCP, or memory in tests. */
export interface Transport {
  /** Rejects with a reason in words when the stream could not be made or `signal` aborted. */
  dial(endpoint: Endpoint, signal: AbortSignal): Promise<ByteStream>;
  /** Starts to listen; resolves with the endpoint that was bound. SkychatError `port-busy`. */
  listen(endpoint: Endpoint, onStream: (stream: ByteStream) => void): Promise<Listener>;
}

export interface Listener {
  readonly endpoint: Endpoint;
  /** Accepts no more; established streams go on. */
  close(): Promise<void>;
}
