// One engine over a memory store, moved by hand-made events: what it sends is decoded, what it asks
// of the disk is carried out at once, or when the test says so.
import type { Entry } from '../../src/cxo/entry.ts';
import { sha256 } from '../../src/cxo/ids.ts';
import { utf8 } from '../../src/bytes.ts';
import { MemoryStore } from '../../src/cxo/memory-store.ts';
import type { ErrorCode } from '../../src/errors.ts';
import type { Identity, PublicKey } from '../../src/identity.ts';
import type { Effect, Event, Now } from '../../src/sync/events.ts';
import { forkRowPrefix, parseForkRow } from '../../src/sync/forks.ts';
import { encodeFrame, parseFrame } from '../../src/sync/frame-codec.ts';
import { protocolVersion, type Frame } from '../../src/sync/frames.ts';
import { Gossip, type GossipOptions } from '../../src/sync/gossip.ts';
import { openGroups } from '../../src/sync/groups.ts';
import type { Range } from '../../src/sync/ranges.ts';
import { Session } from '../../src/sync/session.ts';
import { FeedBuilder, testGroup, testIdentity, textObject, textRoot } from '../support/feeds.ts';

export const group = testGroup('room');
export const startWall = 1_800_000_000_000_000;

export type FrameOf<T extends Frame['type']> = Extract<Frame, { type: T }>;

export interface RigOptions extends Partial<GossipOptions> {
  readonly members?: Set<PublicKey>;
  readonly store?: MemoryStore;
}

export class Rig {
  readonly identity: Identity;
  readonly store: MemoryStore;
  readonly members: Set<PublicKey>;
  readonly now: { wall: number; mono: number } = { wall: startWall, mono: 0 };
  /** Every effect so far. */
  readonly effects: Effect[] = [];
  readonly #options: RigOptions;
  readonly #sent = new Map<number, Frame[]>();
  #gossip: Gossip | undefined;
  #waiting: Effect[] = [];
  /** False keeps commits and reads waiting until `carryOut`. */
  auto = true;
  #tickets = 0;

  constructor(identity: Identity, options: RigOptions = {}) {
    this.identity = identity;
    this.#options = options;
    this.store = options.store ?? new MemoryStore();
    this.members =
      options.members ?? new Set([0, 1, 2, 3, 4].map((i) => testIdentity(i).publicKey));
  }

  get gossip(): Gossip {
    if (this.#gossip === undefined) throw new Error('the rig was not started');
    return this.#gossip;
  }

  async start(): Promise<this> {
    const rows = await this.store.local(forkRowPrefix);
    this.#gossip = new Gossip(
      {
        identity: this.identity,
        agent: 'rig',
        states: this.store.feeds(),
        held: this.store.held(),
        forkProofs: rows.map(parseForkRow).filter((row) => row !== undefined),
        groups: openGroups([group], (of, author) => of === group && this.members.has(author)),
        labelOf: () => undefined,
        ownFeedsKnown: true,
        headMin: 0,
        ...this.#options,
      },
      this.at,
    );
    return this;
  }

  get at(): Now {
    return { ...this.now };
  }

  async handle(event: Event): Promise<Effect[]> {
    const first = this.effects.length;
    this.#take(this.gossip.handle(event, this.at));
    if (this.auto) await this.carryOut();
    return this.effects.slice(first);
  }

  #take(effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.type === 'commit' || effect.type === 'read') this.#waiting.push(effect);
      if (effect.type !== 'send') continue;
      const frame = parseFrame(effect.frame.type, effect.frame.payload);
      if (frame === undefined || frame === 'unknown') throw new Error('the engine sent no frame');
      this.#sent.set(effect.link, [...(this.#sent.get(effect.link) ?? []), frame]);
    }
  }

  /** Does what was asked of the disk, until nothing is asked any more; or makes commits fail. */
  async carryOut(failure?: ErrorCode): Promise<void> {
    while (await this.carryOutOne(failure));
  }

  /** False where nothing is asked. */
  async carryOutOne(failure?: ErrorCode): Promise<boolean> {
    const effect = this.#waiting.shift();
    if (effect?.type === 'commit') {
      this.#take(
        this.gossip.handle(
          failure === undefined
            ? { type: 'committed', arrivals: await this.store.commit(effect.commit) }
            : { type: 'commit-failed', code: failure },
          this.at,
        ),
      );
    } else if (effect?.type === 'read') {
      const { feed, seq, bytesMax } = effect.request;
      const records = await this.store.records(feed, seq, bytesMax);
      this.#take(this.gossip.handle({ type: 'read', request: effect.request, records }, this.at));
    }
    return effect !== undefined;
  }

  get waitingCommits(): number {
    return this.#waiting.filter(({ type }) => type === 'commit').length;
  }

  /** Frames sent over a link since the last call. */
  sent(link = 1): Frame[] {
    const frames = this.#sent.get(link) ?? [];
    this.#sent.delete(link);
    return frames;
  }

  sentOf<T extends Frame['type']>(type: T, link = 1): FrameOf<T>[] {
    return this.sent(link).filter((frame): frame is FrameOf<T> => frame.type === type);
  }

  /** Moves time on, with every tick that the engine asks for on the way. */
  async pass(ms: number): Promise<void> {
    const end = this.now.mono + ms;
    for (let ticks = 0; ; ticks++) {
      if (ticks > 10_000) throw new Error('the engine asks for ticks without end');
      const deadline = this.gossip.deadline(this.at) ?? Infinity;
      if (deadline > end) break;
      this.#moveTo(Math.max(deadline, this.now.mono));
      await this.handle({ type: 'tick' });
    }
    this.#moveTo(end);
  }

  #moveTo(mono: number): void {
    this.now.wall += Math.round((mono - this.now.mono) * 1000);
    this.now.mono = mono;
  }

  /** Appends a text; the ticket. */
  async post(text: string, object = textObject(text)): Promise<number> {
    const ticket = ++this.#tickets;
    await this.handle({ type: 'append', ticket, group, draft: () => ({ object, local: [] }) });
    return ticket;
  }

  /** What a ticket was answered with; every answer, in order. */
  answers(ticket: number): (Entry | ErrorCode)[] {
    return this.effects.flatMap((effect): (Entry | ErrorCode)[] => {
      if (effect.type === 'appended' && effect.ticket === ticket) return [effect.entry];
      if (effect.type === 'append-failed' && effect.ticket === ticket) return [effect.code];
      return [];
    });
  }

  closes(): Extract<Effect, { type: 'close' }>[] {
    return this.effects.filter((effect) => effect.type === 'close');
  }

  dropped(reason: string): number {
    return this.gossip.overview.dropped()[reason] ?? 0;
  }

  seq(author: PublicKey, head = 0): number {
    return this.store.find({ group, author, head })?.head.seq ?? 0;
  }

  forkedAt(author: PublicKey, head = 0): number | undefined {
    return this.store.find({ group, author, head })?.forkedAt;
  }
}

export const emptyDigest = sha256(new Uint8Array());

/** The other end of a link, made by hand: it says what the test tells it to. */
export class Peer {
  readonly identity: Identity;
  readonly #rig: Rig;
  readonly #session: Session;
  readonly link: number;
  /** Segment bytes sent on the link. */
  bytes = 0;

  constructor(rig: Rig, identity: Identity, link = 1) {
    this.#rig = rig;
    this.identity = identity;
    this.link = link;
    this.#session = new Session({
      ...{ link, peer: rig.identity.publicKey, initiator: false, groups: [group], openedAt: 0 },
      handshakeHash: sha256(utf8(`handshake ${link}`)),
    });
  }

  async open(): Promise<this> {
    await this.#rig.handle({
      ...{ type: 'opened', link: this.link, peer: this.identity.publicKey, initiator: true },
      handshakeHash: sha256(utf8(`handshake ${this.link}`)),
    });
    return this;
  }

  async close(): Promise<void> {
    await this.#rig.handle({ type: 'closed', link: this.link });
  }

  async say(frame: Frame): Promise<Effect[]> {
    return this.sayRaw(encodeFrame(frame));
  }

  async sayRaw({ type, payload }: { type: number; payload: Uint8Array }): Promise<Effect[]> {
    return this.#rig.handle({ type: 'frame', link: this.link, frameType: type, payload });
  }

  helloFrame(changes: Partial<FrameOf<'hello'>> = {}, digest = emptyDigest): FrameOf<'hello'> {
    const fingerprint = this.#session.fingerprint(digest, true);
    const tag = this.#session.tag(group);
    const groups = [{ tag, fingerprint }];
    return {
      type: 'hello',
      version: protocolVersion,
      agent: 'peer',
      groups,
      window: 1 << 20,
      ...changes,
    };
  }

  fingerprint(digest: Uint8Array): Uint8Array {
    return this.#session.fingerprint(digest, true);
  }

  async hello(changes: Partial<FrameOf<'hello'>> = {}, digest = emptyDigest): Promise<Effect[]> {
    return this.say(this.helloFrame(changes, digest));
  }

  /** Claims roots of a feed; the count is one object a root unless given. */
  async have(
    author: PublicKey,
    seq: number,
    more: { head?: number; count?: number; root?: Uint8Array; covers?: Range } = {},
  ): Promise<Effect[]> {
    const { head = 0, count = seq, root = new Uint8Array(8), covers } = more;
    const feeds = [{ author, head, seq, count, rootPrefix: root.slice(0, 8) }];
    return this.say({ type: 'have', group: 0, feeds, covers });
  }

  async segment(
    author: PublicKey,
    from: number,
    bytes: Uint8Array,
    more: { head?: number; group?: number } = {},
  ): Promise<Effect[]> {
    this.bytes += bytes.length;
    const { head = 0, group: place = 0 } = more;
    const sent = this.bytes;
    return this.say({ type: 'segment', group: place, place: { author, head, from }, sent, bytes });
  }

  async want(author: PublicKey, from: number, head = 0): Promise<Effect[]> {
    return this.say({ type: 'want', group: 0, places: [{ author, head, from }] });
  }
}

/** A started engine (identity 0) with a greeted peer (identity 1). */
export async function linked(options: RigOptions = {}): Promise<{ rig: Rig; peer: Peer }> {
  const rig = await new Rig(testIdentity(0), options).start();
  const peer = await new Peer(rig, testIdentity(1)).open();
  await peer.hello();
  rig.sent();
  return { rig, peer };
}

/** Signed segments of one root each: the first `seq` roots of an author's feed. */
export function rootsOf(
  author: Identity,
  seq: number,
  time = startWall - 1_000_000,
  head = 0,
): { builder: FeedBuilder; segments: Uint8Array[] } {
  const builder = new FeedBuilder(author, group, head);
  const segments = Array.from({ length: seq }, (_, i) => {
    return builder.segment([textRoot(time + i, `root ${i + 1}`)]).bytes;
  });
  return { builder, segments };
}

/** Carries frames between linked engines until none is on its way; the number of frames. */
export class Wire {
  readonly #ends: readonly (readonly [Rig, Rig, number])[];
  /** Everything that was carried, and whose it was. */
  readonly carried: { readonly from: Rig; readonly frame: Frame }[] = [];

  constructor(pairs: readonly (readonly [Rig, Rig])[], firstLink = 1) {
    this.#ends = pairs.map(([a, b], i) => [a, b, firstLink + i] as const);
  }

  async open(): Promise<this> {
    for (const [a, b, link] of this.#ends) {
      const handshakeHash = sha256(utf8(`wire ${link}`));
      const opened = { type: 'opened', link, handshakeHash } as const;
      await a.handle({ ...opened, peer: b.identity.publicKey, initiator: true });
      await b.handle({ ...opened, peer: a.identity.publicKey, initiator: false });
    }
    return this;
  }

  async close(): Promise<void> {
    for (const [a, b, link] of this.#ends) {
      a.sent(link);
      b.sent(link);
      await a.handle({ type: 'closed', link });
      await b.handle({ type: 'closed', link });
    }
  }

  /** @param turns how often each side says what it has to say, at most */
  async run(turns = Infinity): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (let moved = true, turn = 0; moved && turn < turns; turn++) {
      moved = false;
      for (const [a, b, link] of this.#ends) {
        for (const [from, to] of [
          [a, b],
          [b, a],
        ] as const) {
          for (const frame of from.sent(link)) {
            moved = true;
            frames.push(frame);
            this.carried.push({ from, frame });
            if (frames.length > 20_000) throw new Error('the engines never come to rest');
            const { type, payload } = encodeFrame(frame);
            await to.handle({ type: 'frame', link, frameType: type, payload });
          }
        }
      }
    }
    return frames;
  }

  /** Runs, and lets time pass on all, until the engines have compared heads a few times. */
  async settle(rounds = 6): Promise<void> {
    await this.run();
    const rigs = new Set(this.#ends.flatMap(([a, b]) => [a, b]));
    for (let i = 0; i < rounds; i++) {
      for (const rig of rigs) await rig.pass(11_000);
      await this.run();
    }
  }
}
