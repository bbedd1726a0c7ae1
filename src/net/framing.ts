// Framing, twice: Noise messages in a byte stream (2-byte length), and frames (4-byte length, type)
// in the plaintexts of those messages, where one frame may span messages and many may share one.
// Pure; knows nothing of encryption, sockets or what a frame means.
import { concat } from '../bytes.ts';
import { frameBytesMax } from './limits.ts';
import { noiseMessageBytesMax, tagBytes } from './noise.ts';

export const messageHeaderBytes = 2;
/** Length (of type and payload, 4 bytes, big-endian) and type (1 byte). */
export const frameHeaderBytes = 5;
export const plaintextBytesMax = noiseMessageBytesMax - tagBytes;
/** The longest payload of a frame: the length field counts the type as well. */
export const payloadBytesMax = frameBytesMax - 1;

export interface Frame {
  readonly type: number;
  /** A view into a buffer that is not reused. */
  readonly payload: Uint8Array;
}

const empty: Uint8Array = new Uint8Array();

/** Takes the bytes of a stream in any pieces and gives back the messages in it. */
export class MessageReader {
  #pending: Uint8Array = empty;
  // A message that spans pieces, and how much of it is there.
  #partial: Uint8Array | undefined;
  #filled = 0;

  push(bytes: Uint8Array): void {
    this.#pending = this.#pending.length === 0 ? bytes : concat(this.#pending, bytes);
  }

  /** What was pushed and not yet taken, where no message has begun. */
  get pending(): Uint8Array {
    return this.#pending;
  }

  /** The next whole message, `more` where its bytes are not all there yet. */
  next(lengthMax: number): Uint8Array | 'more' | 'too-long' {
    if (this.#partial === undefined) {
      const [high, low] = this.#pending;
      if (high === undefined || low === undefined) return 'more';
      const length = high * 256 + low;
      if (length > lengthMax) return 'too-long';
      const end = messageHeaderBytes + length;
      if (this.#pending.length >= end) return this.#take(messageHeaderBytes, end);
      this.#partial = new Uint8Array(length);
      this.#filled = 0;
      this.#take(0, messageHeaderBytes);
    }
    const partial = this.#partial;
    const piece = this.#take(0, Math.min(partial.length - this.#filled, this.#pending.length));
    partial.set(piece, this.#filled);
    this.#filled += piece.length;
    if (this.#filled < partial.length) return 'more';
    this.#partial = undefined;
    return partial;
  }

  #take(from: number, to: number): Uint8Array {
    const bytes = this.#pending.subarray(from, to);
    this.#pending = this.#pending.subarray(to);
    return bytes;
  }
}

/** Takes plaintexts in order and gives back the frames in them. */
export class FrameReader {
  #pending: Uint8Array = empty;
  #type = 0;
  #partial: Uint8Array | undefined;
  #filled = 0;

  push(plaintext: Uint8Array): void {
    this.#pending = this.#pending.length === 0 ? plaintext : concat(this.#pending, plaintext);
  }

  /** The next whole frame; `bad` where its length is none that a frame can have. */
  next(): Frame | 'more' | 'bad' {
    if (this.#partial === undefined) {
      if (this.#pending.length < frameHeaderBytes) return 'more';
      const header = this.#take(frameHeaderBytes);
      const view = new DataView(header.buffer, header.byteOffset, frameHeaderBytes);
      const length = view.getUint32(0);
      if (length < 1 || length > frameBytesMax) return 'bad';
      this.#type = view.getUint8(4);
      if (this.#pending.length >= length - 1) {
        return { type: this.#type, payload: this.#take(length - 1) };
      }
      this.#partial = new Uint8Array(length - 1);
      this.#filled = 0;
    }
    const partial = this.#partial;
    const piece = this.#take(Math.min(partial.length - this.#filled, this.#pending.length));
    partial.set(piece, this.#filled);
    this.#filled += piece.length;
    if (this.#filled < partial.length) return 'more';
    this.#partial = undefined;
    return { type: this.#type, payload: partial };
  }

  #take(length: number): Uint8Array {
    const bytes = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return bytes;
  }
}

/**
 * Packs frames into as few plaintexts as possible. Hands on each full plaintext at once and the
 * last one at `flush`; the memory of a plaintext is reused as soon as the call returns.
 */
export class FrameWriter {
  readonly #emit: (plaintext: Uint8Array) => void;
  #buffer: Uint8Array = empty;
  #used = 0;

  constructor(emit: (plaintext: Uint8Array) => void) {
    this.#emit = emit;
  }

  /** Bytes written and not yet handed on. */
  get pendingBytes(): number {
    return this.#used;
  }

  write(type: number, payload: Uint8Array): void {
    if (payload.length > payloadBytesMax) throw new Error('a frame above its limit');
    const header = new Uint8Array(frameHeaderBytes);
    new DataView(header.buffer).setUint32(0, payload.length + 1);
    header[4] = type;
    this.#append(header);
    this.#append(payload);
  }

  flush(): void {
    if (this.#used === 0) return;
    const plaintext = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    this.#emit(plaintext);
  }

  #append(bytes: Uint8Array): void {
    if (this.#buffer.length === 0) this.#buffer = new Uint8Array(plaintextBytesMax);
    for (let offset = 0; offset < bytes.length;) {
      const count = Math.min(bytes.length - offset, plaintextBytesMax - this.#used);
      this.#buffer.set(bytes.subarray(offset, offset + count), this.#used);
      this.#used += count;
      offset += count;
      if (this.#used === plaintextBytesMax) this.flush();
    }
  }
}
