// The handshake that turns a byte stream into an encrypted session between two proven keys:
// Noise_XK_25519_ChaChaPoly_SHA256, each message behind its 2-byte length.
//   1  dialer     e, es          48 bytes
//   2  responder  e, ee          48 bytes, or the alert: one byte, the dialer wants another key
//   3  dialer     s, se, its Ed25519 public key   96 bytes
// Knows nothing of allow-lists, frames or redialing.
import { equal, utf8 } from '../bytes.ts';
import type { Timers } from '../env.ts';
import { linkKeyOf, publicKeyOfBytes, type Identity, type PublicKey } from '../identity.ts';
import { publicKeyBytes } from '../identity.ts';
import { MessageReader, messageHeaderBytes } from './framing.ts';
import { handshakeMs } from './limits.ts';
import { HandshakeState, keyBytes, tagBytes, type NoiseCrypto, type Session } from './noise.ts';
import type { ByteStream } from './transport.ts';

export const prologue = utf8('skychat/1');

const firstBytes = keyBytes + tagBytes;
const thirdBytes = keyBytes + tagBytes + keyBytes + tagBytes;
const alertOtherKey = 1;

export type HandshakeFault =
  | 'bad-handshake'
  | 'bad-identity'
  | 'handshake-closed'
  | 'handshake-timeout'
  | 'http-on-link-port'
  | 'other-key-expected'
  | 'wrong-key';

/** A stream whose handshake is finished. */
export interface Secured {
  readonly stream: ByteStream;
  /** Holds what arrived behind the handshake. */
  readonly reader: MessageReader;
  readonly session: Session;
  readonly peer: PublicKey;
  readonly initiator: boolean;
}

export interface HandshakeOwner {
  onSecured(secured: Secured): void;
  /** The stream is open still, except after `handshake-closed`; the owner ends it. */
  onFault(fault: HandshakeFault, detail: string): void;
}

export interface SecureOptions {
  readonly stream: ByteStream;
  readonly identity: Identity;
  readonly crypto: NoiseCrypto;
  readonly timers: Timers;
  /** The key to dial; undefined on the responder's side. */
  readonly peer: PublicKey | undefined;
}

const empty = new Uint8Array();

/** One handshake in progress: from its construction to one call of its owner, or to `abandon`. */
export class Handshake {
  readonly #stream: ByteStream;
  readonly #owner: HandshakeOwner;
  readonly #peer: PublicKey | undefined;
  readonly #own: Uint8Array;
  readonly #noise: HandshakeState;
  readonly #reader = new MessageReader();
  readonly #cancelDeadline: () => void;
  #answered = false;
  #done = false;

  constructor(options: SecureOptions, owner: HandshakeOwner) {
    const { stream, identity, crypto, peer } = options;
    this.#stream = stream;
    this.#owner = owner;
    this.#peer = peer;
    this.#own = publicKeyBytes(identity.publicKey);
    const shared = { crypto, pattern: 'XK', prologue, own: identity.linkKeys } as const;
    this.#noise = new HandshakeState(
      peer === undefined
        ? { ...shared, initiator: false }
        : { ...shared, initiator: true, remote: readLinkKey(peer) },
    );
    this.#cancelDeadline = options.timers.after(handshakeMs, () => {
      this.#fail('handshake-timeout', 'no further message');
    });
    stream.handler = {
      onData: (bytes) => {
        this.#onData(bytes);
      },
      onDrain: () => undefined,
      onClose: (reason) => {
        this.#fail('handshake-closed', reason);
      },
    };
    if (peer !== undefined) this.#write(empty);
  }

  /** Ends the handshake and its stream; the owner hears no more. */
  abandon(): void {
    if (this.#finish()) this.#stream.destroy();
  }

  #onData(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    while (!this.#done) {
      if (this.#peer === undefined && !this.#answered && this.#refuseForeign()) return;
      const message = this.#reader.next(this.#answered ? thirdBytes : firstBytes);
      if (message === 'more') return;
      if (message === 'too-long') this.#failAnswer('a message that is too long');
      else if (this.#peer !== undefined) this.#onSecond(message);
      else if (this.#answered) this.#onThird(message);
      else this.#onFirst(message);
    }
  }

  // The first two bytes of a dialer are known; what else comes here is named for the operator.
  #refuseForeign(): boolean {
    const head = this.#reader.pending;
    if (head.length < messageHeaderBytes || (head[0] === 0 && head[1] === firstBytes)) return false;
    const protocol = protocolOf(head);
    if (protocol === 'HTTP') {
      this.#stream.write(utf8(httpAnswer));
      this.#fail('http-on-link-port', 'HTTP');
    } else this.#fail('bad-handshake', protocol);
    return true;
  }

  #onFirst(message: Uint8Array): void {
    const result = this.#noise.read(message);
    if (result.ok) {
      this.#answered = true;
      this.#write(empty);
      return;
    }
    if (result.reason === 'not-authentic') {
      this.#stream.write(Uint8Array.of(0, 1, alertOtherKey));
      this.#fail('other-key-expected', 'the first message is for another key');
    } else this.#fail('bad-handshake', result.reason);
  }

  #onSecond(message: Uint8Array): void {
    const result = this.#noise.read(message);
    if (!result.ok) this.#failAnswer(result.reason);
    else if (this.#write(this.#own)) this.#secure(this.#peer);
  }

  #onThird(message: Uint8Array): void {
    const result = this.#noise.read(message);
    if (!result.ok) {
      this.#fail('bad-handshake', result.reason);
      return;
    }
    const claimed = result.bytes.length === keyBytes ? publicKeyOfBytes(result.bytes) : undefined;
    const linkKey = claimed === undefined ? undefined : linkKeyOf(claimed);
    if (linkKey !== undefined && equal(linkKey, this.#noise.split().remote)) this.#secure(claimed);
    else this.#fail('bad-identity', 'the proved key belongs to another identity');
  }

  #write(payload: Uint8Array): boolean {
    const result = this.#noise.write(payload);
    if (!result.ok) {
      this.#failAnswer(result.reason);
      return false;
    }
    const message = new Uint8Array(messageHeaderBytes + result.bytes.length);
    message.set([result.bytes.length >> 8, result.bytes.length & 255]);
    message.set(result.bytes, messageHeaderBytes);
    this.#stream.write(message);
    return true;
  }

  #secure(peer: PublicKey | undefined): void {
    if (peer === undefined || !this.#finish()) return;
    this.#owner.onSecured({
      stream: this.#stream,
      reader: this.#reader,
      session: this.#noise.split(),
      peer,
      initiator: this.#peer !== undefined,
    });
  }

  // A dialer knows whom it wants: whoever answers with anything else is somebody else.
  #failAnswer(detail: string): void {
    this.#fail(this.#peer === undefined ? 'bad-handshake' : 'wrong-key', detail);
  }

  #fail(fault: HandshakeFault, detail: string): void {
    if (this.#finish()) this.#owner.onFault(fault, detail);
  }

  #finish(): boolean {
    if (this.#done) return false;
    this.#done = true;
    this.#cancelDeadline();
    return true;
  }
}

function readLinkKey(peer: PublicKey): Uint8Array {
  const key = linkKeyOf(peer);
  if (key === undefined) throw new Error('a key that is no valid identity must not be dialed');
  return key;
}

const httpText = 'This is the link port of skychat-node. Its HTTP interface has another port.\n';
const httpAnswer = [
  'HTTP/1.1 400 Bad Request',
  'Content-Type: text/plain',
  `Content-Length: ${httpText.length}`,
  'Connection: close',
  '',
  httpText,
].join('\r\n');

const methods = ['GET ', 'POST', 'HEAD', 'PUT ', 'DELE', 'OPTI', 'PATC', 'CONN', 'TRAC', 'PRI '];

function protocolOf(head: Uint8Array): string {
  const text = String.fromCharCode(...head.subarray(0, 4));
  if (methods.some((method) => method.startsWith(text))) return 'HTTP';
  if (text.startsWith('\x16\x03')) return 'TLS';
  return text.startsWith('SSH') ? 'SSH' : 'an unknown protocol';
}
