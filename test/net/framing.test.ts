import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, equal } from '../../src/bytes.ts';
import {
  FrameReader,
  FrameWriter,
  MessageReader,
  payloadBytesMax,
  plaintextBytesMax,
  type Frame,
} from '../../src/net/framing.ts';
import { frameBytesMax } from '../../src/net/limits.ts';
import { noiseMessageBytesMax } from '../../src/net/noise.ts';
import { patterned } from '../support/net-rig.ts';

/** Cuts bytes at the given places (taken modulo the length). */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...places.map((place) => place % (bytes.length + 1)), 0, bytes.length];
  at.sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.slice(at[i], end));
}

function messagesOf(reader: MessageReader, pieces: readonly Uint8Array[]): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (;;) {
      const message = reader.next(noiseMessageBytesMax);
      if (typeof message === 'string') break;
      messages.push(message.slice());
    }
  }
  return messages;
}

function framesOf(pieces: readonly Uint8Array[]): Frame[] {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (;;) {
      const frame = reader.next();
      if (frame === 'bad') throw new Error('bad');
      if (frame === 'more') break;
      frames.push({ type: frame.type, payload: frame.payload.slice() });
    }
  }
  return frames;
}

function framed(message: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(message.length >> 8, message.length & 255), message);
}

const places = fc.array(fc.nat(100_000), { maxLength: 30 });
const manyFrames = fc.array(
  fc.record({ type: fc.nat(255), size: fc.oneof(fc.nat(40), fc.nat(3_000), fc.nat(150_000)) }),
  { maxLength: 12 },
);

test('F01 messages come out whole whatever the pieces in which their bytes arrive', () => {
  const sizes = fc.array(fc.oneof(fc.nat(20), fc.nat(65_535)), { maxLength: 8 });
  fc.assert(
    fc.property(sizes, places, (lengths, cuts) => {
      const messages = lengths.map(patterned);
      const pieces = cut(concat(...messages.map(framed)), cuts);
      const read = messagesOf(new MessageReader(), pieces);
      // A comparison by the test library takes seconds for this many bytes.
      expect(read.map(({ length }) => length)).toEqual(lengths);
      expect(equal(concat(...read), concat(...messages))).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('F01 a stream that arrives byte by byte gives the same messages', () => {
  const messages = [0, 1, 2, 300, 257].map(patterned);
  const bytes = concat(...messages.map(framed));
  const single = Array.from(bytes, (_, i) => bytes.slice(i, i + 1));
  expect(messagesOf(new MessageReader(), single)).toEqual(messages);
});

test('bytes that nobody has taken yet are not lost at the next push', () => {
  const reader = new MessageReader();
  reader.push(concat(framed(patterned(3)), framed(patterned(4))));
  reader.push(framed(patterned(5)));
  expect(messagesOf(reader, [new Uint8Array()])).toEqual([3, 4, 5].map(patterned));
});

test('a message above the bound is refused before memory is taken for it', () => {
  const reader = new MessageReader();
  reader.push(Uint8Array.of(0, 97));
  expect(reader.next(96)).toBe('too-long');
});

test('F01 F02 frames come out whole and in order whatever the pieces', () => {
  fc.assert(
    fc.property(manyFrames, places, (specification, cuts) => {
      const plaintexts: Uint8Array[] = [];
      const writer = new FrameWriter((plaintext) => plaintexts.push(plaintext.slice()));
      const frames = specification.map(({ type, size }) => ({ type, payload: patterned(size) }));
      for (const { type, payload } of frames) writer.write(type, payload);
      writer.flush();
      for (const plaintext of plaintexts) {
        expect(plaintext.length).toBeLessThanOrEqual(plaintextBytesMax);
      }
      for (const pieces of [plaintexts, cut(concat(...plaintexts), cuts)]) {
        const read = framesOf(pieces);
        expect(read.length).toBe(frames.length);
        const same = read.every(({ type, payload }, i) => {
          const frame = frames[i];
          return frame?.type === type && equal(frame.payload, payload);
        });
        expect(same).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
});

test('many small frames share one plaintext', () => {
  const plaintexts: number[] = [];
  const writer = new FrameWriter((plaintext) => plaintexts.push(plaintext.length));
  for (let i = 0; i < 100; i++) writer.write(16, patterned(20));
  expect(writer.pendingBytes).toBe(2_500);
  writer.flush();
  writer.flush();
  expect(plaintexts).toEqual([2_500]);
  expect(writer.pendingBytes).toBe(0);
});

test('a payload is copied before the call returns', () => {
  const plaintexts: Uint8Array[] = [];
  const writer = new FrameWriter((plaintext) => plaintexts.push(plaintext.slice()));
  const payload = Uint8Array.of(1, 2, 3);
  writer.write(16, payload);
  payload.fill(9);
  writer.flush();
  expect(framesOf(plaintexts)).toEqual([{ type: 16, payload: Uint8Array.of(1, 2, 3) }]);
});

test('the largest frame passes, one byte more is a bug of the sender', () => {
  const plaintexts: Uint8Array[] = [];
  const writer = new FrameWriter((plaintext) => plaintexts.push(plaintext.slice()));
  const largest = patterned(payloadBytesMax);
  writer.write(255, largest);
  writer.flush();
  const [frame] = framesOf(plaintexts);
  expect(frame !== undefined && equal(frame.payload, largest)).toBe(true);
  expect(() => {
    writer.write(16, new Uint8Array(frameBytesMax));
  }).toThrow('limit');
});

test('a frame with an impossible length is bad', () => {
  for (const length of [0, frameBytesMax + 1, 0xffffffff]) {
    const header = new Uint8Array(5);
    new DataView(header.buffer).setUint32(0, length);
    const reader = new FrameReader();
    reader.push(header);
    expect(reader.next(), String(length)).toBe('bad');
  }
});
