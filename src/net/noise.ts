// The Noise Protocol Framework, revision 34: handshake and cipher states for 25519, ChaChaPoly and
// SHA-256 over injected primitives. Pure; knows nothing of streams, frames or identities.
// "Section n" below is a section of that specification.
import { concat, utf8 } from '../bytes.ts';
import type { KeyPair } from '../identity.ts';

/** Length of a public key, of a hash, and of what a Diffie-Hellman gives. */
export const keyBytes = 32;
export const tagBytes = 16;
/** The longest Noise message (section 3). */
export const noiseMessageBytesMax = 65_535;

/** The cryptography that the state machine is built on (section 4). */
export interface NoiseCrypto {
  generateKeyPair(): KeyPair;
  /** X25519; undefined where the result is all zero, as it is for a point of low order. */
  dh(own: KeyPair, publicKey: Uint8Array): Uint8Array | undefined;
  /** ChaCha20-Poly1305 (RFC 8439): the ciphertext with its 16-byte tag behind it. */
  encrypt(key: Uint8Array, nonce: Uint8Array, data: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** undefined where the tag does not match; never any unauthenticated byte. */
  decrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    data: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | undefined;
  /** SHA-256. */
  hash(bytes: Uint8Array): Uint8Array;
  /** HMAC-SHA-256. */
  hmac(key: Uint8Array, bytes: Uint8Array): Uint8Array;
}

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss';

interface Pattern {
  /** Whether each side's static key is known to the other beforehand (section 7.1). */
  readonly initiatorKnown: boolean;
  readonly responderKnown: boolean;
  /** The first message is the initiator's; then they alternate. */
  readonly messages: readonly (readonly Token[])[];
}

/** Handshake patterns (section 7.5). */
export const patterns = {
  XK: {
    initiatorKnown: false,
    responderKnown: true,
    messages: [
      ['e', 'es'],
      ['e', 'ee'],
      ['s', 'se'],
    ],
  },
  XX: {
    initiatorKnown: false,
    responderKnown: false,
    messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']],
  },
  IK: {
    initiatorKnown: false,
    responderKnown: true,
    messages: [
      ['e', 'es', 's', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
} as const satisfies Record<string, Pattern>;

export type PatternName = keyof typeof patterns;

export type NoiseFailure = 'too-short' | 'too-long' | 'low-order-key' | 'not-authentic';
export type NoiseResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: NoiseFailure };

const empty = new Uint8Array();
const rekeyNonce = Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255);
const zeros = new Uint8Array(keyBytes);

/** A key and the counter of the messages under it (section 5.1). */
export class CipherState {
  readonly #crypto: NoiseCrypto;
  readonly #nonce = new Uint8Array(12);
  readonly #nonceView = new DataView(this.#nonce.buffer);
  #key: Uint8Array;
  #counter = 0;

  constructor(crypto: NoiseCrypto, key: Uint8Array) {
    this.#crypto = crypto;
    this.#key = key;
  }

  /** Messages so far. A safe integer: at 10^6 messages a second it lasts 285 years. */
  get counter(): number {
    return this.#counter;
  }

  encrypt(data: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#crypto.encrypt(this.#key, this.#nonceOfCounter(), data, plaintext);
    this.#counter++;
    return ciphertext;
  }

  /** undefined where the message is not authentic; the counter then stays where it was. */
  decrypt(data: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    if (ciphertext.length < tagBytes) return undefined;
    const plaintext = this.#crypto.decrypt(this.#key, this.#nonceOfCounter(), data, ciphertext);
    if (plaintext !== undefined) this.#counter++;
    return plaintext;
  }

  /** Replaces the key by a one-way function of it; the counter goes on (sections 4.2 and 11.3). */
  rekey(): void {
    this.#key = this.#crypto.encrypt(this.#key, rekeyNonce, empty, zeros).slice(0, keyBytes);
  }

  // Section 12.3: 32 zero bits, then the counter as a little-endian 64-bit integer.
  #nonceOfCounter(): Uint8Array {
    this.#nonceView.setUint32(4, this.#counter >>> 0, true);
    this.#nonceView.setUint32(8, Math.floor(this.#counter / 2 ** 32), true);
    return this.#nonce;
  }
}

/** The chaining key and the running hash of a handshake (section 5.2). */
class SymmetricState {
  readonly #crypto: NoiseCrypto;
  #chainingKey: Uint8Array;
  #hash: Uint8Array;
  #cipher: CipherState | undefined;

  constructor(crypto: NoiseCrypto, protocolName: string) {
    this.#crypto = crypto;
    const name = utf8(protocolName);
    this.#hash = name.length <= keyBytes ? padded(name) : crypto.hash(name);
    this.#chainingKey = this.#hash;
  }

  get hash(): Uint8Array {
    return this.#hash;
  }

  get hasKey(): boolean {
    return this.#cipher !== undefined;
  }

  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = this.#hkdf(material);
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(this.#crypto, key);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = this.#crypto.hash(concat(this.#hash, data));
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher?.encrypt(this.#hash, plaintext) ?? plaintext;
    this.mixHash(ciphertext);
    return ciphertext;
  }

  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    const plaintext =
      this.#cipher === undefined ? ciphertext : this.#cipher.decrypt(this.#hash, ciphertext);
    if (plaintext !== undefined) this.mixHash(ciphertext);
    return plaintext;
  }

  /** The states for what the initiator sends and for what the responder sends. */
  split(): [CipherState, CipherState] {
    const [first, second] = this.#hkdf(empty);
    return [new CipherState(this.#crypto, first), new CipherState(this.#crypto, second)];
  }

  // HKDF with two outputs (section 4.3).
  #hkdf(material: Uint8Array): [Uint8Array, Uint8Array] {
    const secret = this.#crypto.hmac(this.#chainingKey, material);
    const first = this.#crypto.hmac(secret, Uint8Array.of(1));
    return [first, this.#crypto.hmac(secret, concat(first, Uint8Array.of(2)))];
  }
}

export interface HandshakeOptions {
  readonly crypto: NoiseCrypto;
  readonly pattern: PatternName;
  readonly initiator: boolean;
  readonly prologue: Uint8Array;
  /** This side's static key pair. */
  readonly own: KeyPair;
  /** The other side's static public key, where the pattern has it known beforehand. */
  readonly remote?: Uint8Array;
}

/** What a finished handshake leaves. */
export interface Session {
  readonly send: CipherState;
  readonly receive: CipherState;
  /** Unique to the session and the same on both sides: a channel binding (section 11.2). */
  readonly handshakeHash: Uint8Array;
  /** The static key that the other side proved. */
  readonly remote: Uint8Array;
}

/**
 * One side of a handshake (section 5.3). Its owner calls write and read in the order of the
 * pattern; a call out of order is a bug and throws. After a failure it must be dropped.
 */
export class HandshakeState {
  readonly #crypto: NoiseCrypto;
  readonly #symmetric: SymmetricState;
  readonly #messages: readonly (readonly Token[])[];
  readonly #initiator: boolean;
  readonly #own: KeyPair;
  #ephemeral: KeyPair | undefined;
  #remote: Uint8Array | undefined;
  #remoteEphemeral: Uint8Array | undefined;
  #next = 0;

  constructor(options: HandshakeOptions) {
    const pattern: Pattern = patterns[options.pattern];
    this.#crypto = options.crypto;
    this.#messages = pattern.messages;
    this.#initiator = options.initiator;
    this.#own = options.own;
    this.#remote = options.remote;
    this.#symmetric = new SymmetricState(
      options.crypto,
      `Noise_${options.pattern}_25519_ChaChaPoly_SHA256`,
    );
    this.#symmetric.mixHash(options.prologue);
    if (pattern.initiatorKnown) this.#symmetric.mixHash(this.#staticOf(true));
    if (pattern.responderKnown) this.#symmetric.mixHash(this.#staticOf(false));
  }

  get finished(): boolean {
    return this.#next === this.#messages.length;
  }

  write(payload: Uint8Array): NoiseResult {
    const parts: Uint8Array[] = [];
    for (const token of this.#turn(true)) {
      if (token === 'e') {
        this.#ephemeral = this.#crypto.generateKeyPair();
        this.#symmetric.mixHash(this.#ephemeral.publicKey);
        parts.push(this.#ephemeral.publicKey);
      } else if (token === 's') {
        parts.push(this.#symmetric.encryptAndHash(this.#own.publicKey));
      } else if (!this.#mixDh(token)) return { ok: false, reason: 'low-order-key' };
    }
    parts.push(this.#symmetric.encryptAndHash(payload));
    const bytes = concat(...parts);
    if (bytes.length > noiseMessageBytesMax) return { ok: false, reason: 'too-long' };
    this.#next++;
    return { ok: true, bytes };
  }

  /** Gives the payload of the other side's message. */
  read(message: Uint8Array): NoiseResult {
    if (message.length > noiseMessageBytesMax) return { ok: false, reason: 'too-long' };
    let rest = message;
    for (const token of this.#turn(false)) {
      if (token === 'e' || token === 's') {
        const length = keyBytes + (token === 's' && this.#symmetric.hasKey ? tagBytes : 0);
        if (rest.length < length) return { ok: false, reason: 'too-short' };
        if (!this.#readKey(token, rest.slice(0, length))) {
          return { ok: false, reason: 'not-authentic' };
        }
        rest = rest.subarray(length);
      } else if (!this.#mixDh(token)) return { ok: false, reason: 'low-order-key' };
    }
    if (this.#symmetric.hasKey && rest.length < tagBytes) return { ok: false, reason: 'too-short' };
    const payload = this.#symmetric.decryptAndHash(rest);
    if (payload === undefined) return { ok: false, reason: 'not-authentic' };
    this.#next++;
    return { ok: true, bytes: payload };
  }

  /** The session of a finished handshake. */
  split(): Session {
    if (!this.finished) throw new Error('the handshake is not finished');
    const [ofInitiator, ofResponder] = this.#symmetric.split();
    return {
      send: this.#initiator ? ofInitiator : ofResponder,
      receive: this.#initiator ? ofResponder : ofInitiator,
      handshakeHash: this.#symmetric.hash,
      remote: this.#staticOf(!this.#initiator),
    };
  }

  #turn(writing: boolean): readonly Token[] {
    const tokens = this.#messages[this.#next];
    const initiatorsTurn = this.#next % 2 === 0;
    if (tokens === undefined || (initiatorsTurn === this.#initiator) !== writing) {
      throw new Error('a handshake message out of order');
    }
    return tokens;
  }

  #readKey(token: 'e' | 's', bytes: Uint8Array): boolean {
    if (token === 'e') {
      this.#remoteEphemeral = bytes;
      this.#symmetric.mixHash(bytes);
      return true;
    }
    this.#remote = this.#symmetric.decryptAndHash(bytes);
    return this.#remote !== undefined;
  }

  // The first letter of the token is the initiator's key, the second the responder's.
  #mixDh(token: 'ee' | 'es' | 'se' | 'ss'): boolean {
    const ownIsEphemeral = token[this.#initiator ? 0 : 1] === 'e';
    const remoteIsEphemeral = token[this.#initiator ? 1 : 0] === 'e';
    const own = ownIsEphemeral ? this.#ephemeral : this.#own;
    const remote = remoteIsEphemeral ? this.#remoteEphemeral : this.#remote;
    if (own === undefined || remote === undefined) throw new Error('a key that is not there yet');
    const shared = this.#crypto.dh(own, remote);
    if (shared === undefined) return false;
    this.#symmetric.mixKey(shared);
    return true;
  }

  #staticOf(initiator: boolean): Uint8Array {
    const key = initiator === this.#initiator ? this.#own.publicKey : this.#remote;
    if (key === undefined) throw new Error('the pattern has this key known beforehand');
    return key;
  }
}

function padded(name: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(keyBytes);
  bytes.set(name);
  return bytes;
}
