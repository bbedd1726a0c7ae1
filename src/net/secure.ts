// The link over a finished handshake: frames in order, keepalive, rekeying, a bounded send queue.
// Knows nothing of who may connect or of redialing.
//   1 accept  responder → dialer: the link is in use; until then the dialer's frames are held
//   2 ping    8 bytes;   3 pong  the same bytes
//   4 close   the reason in ASCII; nothing follows
//   5 spare   the sender has links enough: it may be closed with `surplus` where the other end has too
import { equal, parseUtf8, utf8 } from '../bytes.ts';
import type { Clock, Timers } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import type { Endings } from './endings.ts';
import { FrameReader, FrameWriter, frameHeaderBytes, messageHeaderBytes } from './framing.ts';
import type { MessageReader, Frame } from './framing.ts';
import type { Secured } from './handshake.ts';
import * as limits from './limits.ts';
import { noiseMessageBytesMax, type CipherState, type Session } from './noise.ts';
import { firstProtocolFrame } from './transport.ts';
import type { ByteStream, Link, LinkHandler, LinkStats } from './transport.ts';

const frameAccept = 1;
const framePing = 2;
const framePong = 3;
const frameClose = 4;
const frameSpare = 5;
const pingBytes = 8;

/** Messages under one key in each direction. */
export const rekeyMessages = 65_536;

export interface LinkEnd {
  readonly reason: string;
  /** The peer gave the reason. */
  readonly byPeer: boolean;
  /** What the transport says, for `lost`. */
  readonly detail: string | undefined;
}

export interface SecureLinkOptions {
  readonly secured: Secured;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly endings: Endings;
  /** The responder took the link into use (heard by the dialer alone). */
  onAccepted(): void;
  /** The peer has links enough and asks whether this one can be spared. */
  onSpare?(): void;
  /** After the handler's `onClose`, never from inside a call of the owner. */
  onEnded(end: LinkEnd): void;
}

const empty = new Uint8Array();

export class SecureLink implements Link {
  readonly peer: PublicKey;
  readonly initiator: boolean;
  readonly handshakeHash: Uint8Array;
  readonly address: string;
  readonly #options: SecureLinkOptions;
  readonly #stream: ByteStream;
  readonly #session: Session;
  readonly #reader: MessageReader;
  readonly #frames = new FrameReader();
  readonly #writer: FrameWriter;
  #handler: LinkHandler | undefined;
  #accepted = false;
  #ended = false;
  // Frames that arrived before there was somebody to take them.
  #held: Frame[] = [];
  #heldBytes = 0;
  #sentUnaccepted = 0;
  #flushScheduled = false;
  #choked = false;
  #bytesIn = 0;
  #bytesOut = 0;
  #framesIn = 0;
  #framesOut = 0;
  #lastInbound: number;
  #rttMs: number | undefined;
  #ping = { bytes: new Uint8Array(pingBytes), sentAt: 0 };
  #pings = 0;
  #probe: ((alive: boolean) => void) | undefined;
  #cancelTick: () => void;
  #ticks = 0;
  #silentTicks = 0;
  #stalledTicks = 0;

  constructor(options: SecureLinkOptions) {
    const { stream, reader, session, peer, initiator } = options.secured;
    this.#options = options;
    this.#stream = stream;
    this.#reader = reader;
    this.#session = session;
    this.peer = peer;
    this.initiator = initiator;
    this.handshakeHash = session.handshakeHash;
    this.address = stream.remote;
    this.#lastInbound = options.clock.now();
    this.#writer = new FrameWriter((plaintext) => {
      this.#seal(plaintext);
    });
    stream.handler = {
      onData: (bytes) => {
        this.#onData(bytes);
      },
      onDrain: () => {
        this.#onDrain();
      },
      onClose: (reason) => {
        this.#finish({ reason: 'lost', byPeer: false, detail: reason });
      },
    };
    this.#cancelTick = this.#nextTick();
    // What came right behind the handshake waits until the constructor's caller has its reference.
    queueMicrotask(() => {
      this.#onData(empty);
    });
  }

  get accepted(): boolean {
    return this.#accepted;
  }

  /** Whether the link has an owner. */
  get attached(): boolean {
    return this.#handler !== undefined;
  }

  /** The responder takes the link into use. */
  accept(): void {
    this.#write(frameAccept, empty);
    this.#onAccept();
  }

  /** Gives the link to its owner; frames that were held follow at once. */
  attach(handler: LinkHandler): void {
    this.#handler = handler;
    this.#release();
  }

  send(type: number, payload: Uint8Array): boolean {
    if (type < firstProtocolFrame || type > 255) throw new Error('a frame type of the link itself');
    if (this.#ended) return false;
    if (!this.#accepted) this.#sentUnaccepted += frameHeaderBytes + payload.length;
    if (this.#sentUnaccepted > limits.heldBytesMax) this.#abort('not-accepted');
    else if (this.#queued + payload.length > limits.queueHardBytes) this.#abort('not-reading');
    else this.#write(type, payload);
    // No bulk data to a peer that may still refuse.
    const full = this.#queued > limits.queueSoftBytes || !this.#accepted;
    this.#choked ||= full;
    return !full && !this.#isEnded();
  }

  close(reason: string): void {
    if (this.#ended) return;
    if (!isReason(reason)) throw new Error('a reason is a short word of a-z, 0-9 and hyphens');
    this.#write(frameClose, utf8(reason));
    this.#writer.flush();
    this.#finish({ reason, byPeer: false, detail: undefined });
    this.#options.endings.end(this.#stream);
  }

  /** Asks the peer to end the link with `surplus` where it can spare it. */
  askToSpare(): void {
    if (!this.#ended && this.#accepted) this.#write(frameSpare, empty);
  }

  /** Asks for a sign of life: any authentic message within `probeMs`. One probe at a time. */
  probe(answer: (alive: boolean) => void): void {
    const cancel = this.#options.timers.after(limits.probeMs, () => {
      settle(false);
    });
    const settle = (alive: boolean): void => {
      if (this.#probe !== settle) return;
      this.#probe = undefined;
      cancel();
      answer(alive);
    };
    this.#probe?.(true);
    this.#probe = settle;
    this.#sendPing();
  }

  stats(): LinkStats {
    return {
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      framesIn: this.#framesIn,
      framesOut: this.#framesOut,
      queuedBytes: this.#ended ? 0 : this.#queued,
      rttMs: this.#rttMs,
      lastInbound: this.#lastInbound,
    };
  }

  get #queued(): number {
    return this.#stream.queuedBytes + this.#writer.pendingBytes;
  }

  #write(type: number, payload: Uint8Array): void {
    this.#framesOut++;
    this.#writer.write(type, payload);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    // Frames of one tick share a message and a call to the kernel.
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#writer.flush();
    });
  }

  #seal(plaintext: Uint8Array): void {
    const ciphertext = this.#session.send.encrypt(empty, plaintext);
    rekeyWhenDue(this.#session.send);
    const message = new Uint8Array(messageHeaderBytes + ciphertext.length);
    message.set([ciphertext.length >> 8, ciphertext.length & 255]);
    message.set(ciphertext, messageHeaderBytes);
    this.#bytesOut += message.length;
    this.#stream.write(message);
  }

  #onData(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#bytesIn += bytes.length;
    this.#reader.push(bytes);
    while (!this.#isEnded()) {
      const message = this.#reader.next(noiseMessageBytesMax);
      if (typeof message === 'string') return;
      const plaintext = this.#session.receive.decrypt(empty, message);
      if (plaintext === undefined) {
        this.close('not-authentic');
        return;
      }
      rekeyWhenDue(this.#session.receive);
      this.#silentTicks = 0;
      this.#lastInbound = this.#options.clock.now();
      this.#probe?.(true);
      this.#frames.push(plaintext);
      this.#readFrames();
    }
  }

  #readFrames(): void {
    while (!this.#isEnded()) {
      const frame = this.#frames.next();
      if (frame === 'more') return;
      this.#framesIn++;
      if (frame === 'bad') this.close('bad-frame');
      else if (frame.type < firstProtocolFrame) this.#onLinkFrame(frame);
      else if (this.#handler !== undefined && this.#accepted) {
        this.#handler.onFrame(frame.type, frame.payload);
      } else this.#hold(frame);
    }
  }

  #onLinkFrame({ type, payload }: Frame): void {
    switch (type) {
      case frameAccept:
        if (!this.initiator || this.#accepted || payload.length > 0) this.close('bad-frame');
        else {
          this.#onAccept();
          this.#options.onAccepted();
        }
        return;
      case framePing:
        if (payload.length === pingBytes) this.#write(framePong, payload);
        else this.close('bad-frame');
        return;
      case framePong:
        if (equal(payload, this.#ping.bytes)) {
          this.#rttMs = this.#options.clock.monotonic() - this.#ping.sentAt;
        }
        return;
      case frameClose:
        this.#onCloseFrame(payload);
        return;
      case frameSpare:
        if (payload.length > 0) this.close('bad-frame');
        else if (this.#accepted) this.#options.onSpare?.();
        return;
      // Link frames of a later version are not for us.
    }
  }

  #onCloseFrame(payload: Uint8Array): void {
    const reason = payload.length <= limits.reasonBytesMax ? parseUtf8(payload) : undefined;
    if (reason === undefined || !isReason(reason)) {
      this.close('bad-frame');
      return;
    }
    this.#finish({ reason, byPeer: true, detail: undefined });
    this.#options.endings.end(this.#stream);
  }

  #onAccept(): void {
    this.#accepted = true;
    this.#sentUnaccepted = 0;
    this.#sendPing();
    this.#release();
    this.#onDrain();
  }

  // A responder may take its time to decide; its own frames begin with the acceptance.
  #hold(frame: Frame): void {
    this.#heldBytes += frameHeaderBytes + frame.payload.length;
    const early = this.initiator && !this.#accepted;
    if (early || this.#heldBytes > limits.heldBytesMax) this.close('bad-frame');
    else this.#held.push(frame);
  }

  #release(): void {
    const handler = this.#handler;
    if (handler === undefined || !this.#accepted) return;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const { type, payload } of held) if (!this.#isEnded()) handler.onFrame(type, payload);
  }

  #onDrain(): void {
    this.#stalledTicks = 0;
    if (!this.#choked || !this.#accepted || this.#queued > limits.queueSoftBytes / 2) return;
    this.#choked = false;
    this.#handler?.onDrain();
  }

  #sendPing(): void {
    const bytes = new Uint8Array(pingBytes);
    new DataView(bytes.buffer).setUint32(4, ++this.#pings);
    this.#ping = { bytes, sentAt: this.#options.clock.monotonic() };
    this.#write(framePing, bytes);
  }

  #nextTick(): () => void {
    return this.#options.timers.after(limits.linkTickMs, () => {
      this.#cancelTick = this.#nextTick();
      this.#onTick();
    });
  }

  // Ticks, not times: a machine that slept, or a loop that was blocked, has not listened meanwhile.
  #onTick(): void {
    this.#ticks++;
    this.#silentTicks++;
    this.#stalledTicks = this.#stream.queuedBytes > 0 ? this.#stalledTicks + 1 : 0;
    if (this.#stalledTicks >= limits.stalledTicks) this.#abort('not-reading');
    else if (this.#silentTicks >= limits.silentTicks) this.#abort('silent');
    else if (!this.#accepted && this.#ticks * limits.linkTickMs >= limits.acceptMs) {
      this.close('not-accepted');
    } else if (this.#ticks % limits.keepaliveTicks === 0) this.#sendPing();
  }

  // Ends without a word: the peer takes none.
  #abort(reason: string): void {
    this.#finish({ reason, byPeer: false, detail: undefined });
    this.#stream.destroy();
  }

  #finish(end: LinkEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTick();
    this.#probe?.(false);
    this.#held = [];
    queueMicrotask(() => {
      this.#handler?.onClose(end.reason);
      this.#options.onEnded(end);
    });
  }

  // A method, so that the compiler does not take the answer for constant within a loop.
  #isEnded(): boolean {
    return this.#ended;
  }
}

function rekeyWhenDue(state: CipherState): void {
  if (state.counter % rekeyMessages === 0) state.rekey();
}

function isReason(text: string): boolean {
  return text.length <= limits.reasonBytesMax && /^[a-z0-9-]+$/.test(text);
}
