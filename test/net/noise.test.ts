import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHex, toHex } from '../../src/bytes.ts';
import { systemRandom } from '../../src/env.ts';
import { keyPairOfSecret, nodeNoiseCrypto } from '../../src/net/noise-crypto.ts';
import {
  CipherState,
  HandshakeState,
  noiseMessageBytesMax,
  patterns,
  type NoiseCrypto,
  type PatternName,
  type Session,
} from '../../src/net/noise.ts';
import { readVectors, vectorsAbsent } from '../support/vectors.ts';

interface Vector {
  protocol_name: string;
  init_prologue: string;
  resp_prologue: string;
  init_ephemeral: string;
  resp_ephemeral: string;
  init_static?: string;
  resp_static?: string;
  init_remote_static?: string;
  handshake_hash: string;
  messages: { payload: string; ciphertext: string }[];
}

const crypto = nodeNoiseCrypto(systemRandom);
const empty = new Uint8Array();
const prologue = new Uint8Array([1, 2, 3]);
const names = Object.keys(patterns) as PatternName[];

function bytes(hex: string | undefined): Uint8Array {
  return parseHex(hex ?? '') ?? empty;
}

function withEphemeral(hex: string): NoiseCrypto {
  return { ...crypto, generateKeyPair: () => keyPairOfSecret(bytes(hex)) };
}

function patternOf(vector: Vector): PatternName | undefined {
  return names.find((name) => vector.protocol_name === `Noise_${name}_25519_ChaChaPoly_SHA256`);
}

function sidesOf(vector: Vector, pattern: PatternName): [HandshakeState, HandshakeState] {
  const remote = vector.init_remote_static;
  const initiator = new HandshakeState({
    crypto: withEphemeral(vector.init_ephemeral),
    pattern,
    initiator: true,
    prologue: bytes(vector.init_prologue),
    own: keyPairOfSecret(bytes(vector.init_static)),
    ...(remote === undefined ? {} : { remote: bytes(remote) }),
  });
  const responder = new HandshakeState({
    crypto: withEphemeral(vector.resp_ephemeral),
    pattern,
    initiator: false,
    prologue: bytes(vector.resp_prologue),
    own: keyPairOfSecret(bytes(vector.resp_static)),
  });
  return [initiator, responder];
}

const file = vectorsAbsent
  ? { vectors: [] }
  : (readVectors('noise/cacophony-25519-chachapoly-sha256.json') as { vectors: Vector[] });
const applicable = file.vectors.filter((vector) => patternOf(vector) !== undefined);

describe.skipIf(vectorsAbsent)('cacophony vectors', () => {
  test('there is one for each pattern', () => {
    expect(applicable.map(patternOf).sort()).toEqual([...names].sort());
  });

  test.each(applicable)('$protocol_name gives every byte of the vector', (vector) => {
    const [initiator, responder] = sidesOf(vector, patternOf(vector) ?? 'XK');
    let sessions: [Session, Session] | undefined;
    for (const [i, { payload, ciphertext }] of vector.messages.entries()) {
      const fromInitiator = i % 2 === 0;
      if (!initiator.finished) {
        const [writer, reader] = fromInitiator ? [initiator, responder] : [responder, initiator];
        const written = writer.write(bytes(payload));
        expect(written.ok && toHex(written.bytes)).toBe(ciphertext);
        const read = reader.read(bytes(ciphertext));
        expect(read.ok && toHex(read.bytes)).toBe(payload);
        continue;
      }
      sessions ??= [initiator.split(), responder.split()];
      const [sender, receiver] = fromInitiator ? sessions : [sessions[1], sessions[0]];
      expect(toHex(sender.send.encrypt(empty, bytes(payload)))).toBe(ciphertext);
      expect(toHex(receiver.receive.decrypt(empty, bytes(ciphertext)) ?? empty)).toBe(payload);
    }
    for (const session of sessions ?? []) {
      expect(toHex(session.handshakeHash)).toBe(vector.handshake_hash);
    }
    expect(sessions).toBeDefined();
    expect(responder.split().remote).toEqual(keyPairOfSecret(bytes(vector.init_static)).publicKey);
    expect(initiator.split().remote).toEqual(keyPairOfSecret(bytes(vector.resp_static)).publicKey);
  });
});

interface Sides {
  readonly initiator: HandshakeState;
  readonly responder: HandshakeState;
}

function freshSides(pattern: PatternName, change: { responderPrologue?: Uint8Array } = {}): Sides {
  const ofResponder = crypto.generateKeyPair();
  const known = patterns[pattern].responderKnown;
  return {
    initiator: new HandshakeState({
      crypto,
      pattern,
      initiator: true,
      prologue,
      own: crypto.generateKeyPair(),
      ...(known ? { remote: ofResponder.publicKey } : {}),
    }),
    responder: new HandshakeState({
      crypto,
      pattern,
      initiator: false,
      prologue: change.responderPrologue ?? prologue,
      own: ofResponder,
    }),
  };
}

/** Runs a handshake whose messages may be changed on the way; false where a side refuses. */
function shake(
  { initiator, responder }: Sides,
  change: (message: Uint8Array, index: number) => Uint8Array,
): boolean {
  for (let i = 0; !initiator.finished || !responder.finished; i++) {
    const [writer, reader] = i % 2 === 0 ? [initiator, responder] : [responder, initiator];
    const written = writer.write(empty);
    if (!written.ok) return false;
    if (!reader.read(change(written.bytes, i)).ok) return false;
  }
  return true;
}

describe.each(names)('%s', (pattern) => {
  test('both sides end with the same hash and opposite keys', () => {
    const sides = freshSides(pattern);
    expect(shake(sides, (message) => message)).toBe(true);
    const a = sides.initiator.split();
    const b = sides.responder.split();
    expect(a.handshakeHash).toEqual(b.handshakeHash);
    const message = a.send.encrypt(empty, Uint8Array.of(1, 2));
    expect(b.receive.decrypt(empty, message)).toEqual(Uint8Array.of(1, 2));
    // Nothing can be sent back to its sender.
    expect(a.receive.decrypt(empty, message)).toBeUndefined();
  });

  test('no flipped bit of any message survives the handshake', () => {
    const count = patterns[pattern].messages.length;
    fc.assert(
      fc.property(fc.nat(count - 1), fc.nat(), fc.nat(7), (target, position, bit) => {
        const sides = freshSides(pattern);
        const finished = shake(sides, (message, index) => {
          const changed = message.slice();
          const at = position % changed.length;
          if (index === target) changed[at] = (changed[at] ?? 0) ^ (1 << bit);
          return changed;
        });
        // An unencrypted key may change unseen, but then the two sides share nothing.
        if (!finished) return true;
        const sent = sides.initiator.split().send.encrypt(empty, empty);
        return sides.responder.split().receive.decrypt(empty, sent) === undefined;
      }),
      { numRuns: 60 },
    );
  });

  test('another prologue never finishes with a shared key', () => {
    const sides = freshSides(pattern, { responderPrologue: Uint8Array.of(9) });
    const finished = shake(sides, (message) => message);
    expect(finished).toBe(false);
  });

  test('truncated and overlong messages are refused with a reason', () => {
    for (const length of [0, 1, 31, 32, 47]) {
      const { initiator, responder } = freshSides(pattern);
      const first = initiator.write(empty);
      const cut = first.ok ? first.bytes.subarray(0, length) : empty;
      const read = responder.read(cut);
      if (pattern === 'XX' && length >= 32) continue;
      expect(read).toEqual({ ok: false, reason: 'too-short' });
    }
    const { initiator, responder } = freshSides(pattern);
    const read = responder.read(new Uint8Array(noiseMessageBytesMax + 1));
    expect(read).toEqual({ ok: false, reason: 'too-long' });
    const written = initiator.write(new Uint8Array(noiseMessageBytesMax));
    expect(written).toEqual({ ok: false, reason: 'too-long' });
  });

  test('a call out of order is a bug', () => {
    const { initiator, responder } = freshSides(pattern);
    expect(() => initiator.read(empty)).toThrow('out of order');
    expect(() => responder.write(empty)).toThrow('out of order');
    expect(() => initiator.split()).toThrow('not finished');
  });
});

test('an ephemeral key of low order is refused', () => {
  const { responder } = freshSides('XK');
  const message = new Uint8Array(48);
  expect(responder.read(message)).toEqual({ ok: false, reason: 'low-order-key' });
  const dialer = new HandshakeState({
    crypto,
    pattern: 'XK',
    initiator: true,
    prologue,
    own: crypto.generateKeyPair(),
    remote: new Uint8Array(32),
  });
  expect(dialer.write(empty)).toEqual({ ok: false, reason: 'low-order-key' });
});

describe('CipherState', () => {
  test('messages open once, in order, and with their associated data', () => {
    const key = systemRandom.bytes(32);
    const [sender, receiver] = [new CipherState(crypto, key), new CipherState(crypto, key)];
    const data = Uint8Array.of(7);
    const [first, second] = [sender.encrypt(data, empty), sender.encrypt(data, empty)];
    expect(receiver.decrypt(data, second)).toBeUndefined();
    expect(receiver.decrypt(empty, first)).toBeUndefined();
    // A refused message does not move the counter.
    expect(receiver.decrypt(data, first)).toEqual(empty);
    expect(receiver.decrypt(data, first)).toBeUndefined();
    expect(receiver.decrypt(data, second)).toEqual(empty);
    expect(receiver.counter).toBe(2);
  });

  test('rekeying changes the key on both sides alike and keeps the counter', () => {
    const key = systemRandom.bytes(32);
    const [sender, receiver] = [new CipherState(crypto, key), new CipherState(crypto, key)];
    sender.encrypt(empty, empty);
    sender.rekey();
    const message = sender.encrypt(empty, Uint8Array.of(5));
    receiver.decrypt(empty, new CipherState(crypto, key).encrypt(empty, empty));
    expect(receiver.decrypt(empty, message)).toBeUndefined();
    receiver.rekey();
    expect(receiver.decrypt(empty, message)).toEqual(Uint8Array.of(5));
    expect(sender.counter).toBe(2);
  });

  test('the rekeyed key is the first 32 bytes of an encryption under the last nonce', () => {
    const key = systemRandom.bytes(32);
    const nonce = bytes('00000000ffffffffffffffff');
    const next = crypto.encrypt(key, nonce, empty, new Uint8Array(32)).slice(0, 32);
    const state = new CipherState(crypto, key);
    state.rekey();
    expect(state.encrypt(empty, empty)).toEqual(
      new CipherState(crypto, next).encrypt(empty, empty),
    );
  });

  test('the nonce is the counter as a little-endian 64-bit number behind four zero bytes', () => {
    const seen: string[] = [];
    const spy: NoiseCrypto = {
      ...crypto,
      encrypt: (_key, nonce) => {
        seen.push(toHex(nonce));
        return new Uint8Array(16);
      },
    };
    const state = new CipherState(spy, new Uint8Array(32));
    for (let i = 0; i < 257; i++) state.encrypt(empty, empty);
    expect(seen[1]).toBe('000000000100000000000000');
    expect(seen[256]).toBe('000000000001000000000000');
  });
});
