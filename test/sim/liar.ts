// A member of the group that keeps to the handshake and to nothing else: garbage, claims without
// end, segments that nobody signed, branches of its own feed, wants for everything.
import { emptyHead, type FeedHead } from '../../src/cxo/feed.ts';
import { groupIdBytes, type GroupId } from '../../src/cxo/ids.ts';
import { buildObject } from '../../src/cxo/object.ts';
import type { Identity, PublicKey } from '../../src/identity.ts';
import type { Event } from '../../src/sync/events.ts';
import { encodeFrame, parseFrame } from '../../src/sync/frame-codec.ts';
import { frameTypes, protocolVersion, type Frame } from '../../src/sync/frames.ts';
import { buildOwnRun } from '../../src/sync/own-root.ts';
import { everything, type Range } from '../../src/sync/ranges.ts';
import { Session } from '../../src/sync/session.ts';
import type { Links, SimEnd } from './links.ts';
import type { SeededRandom } from './random.ts';
import { SimTimers, type VirtualTime } from './timeline.ts';

export interface LiarOptions {
  readonly name: string;
  readonly identity: Identity;
  readonly group: GroupId;
  readonly members: readonly PublicKey[];
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly links: () => Links;
}

type Segment = Extract<Frame, { type: 'segment' }>;

/** Its own roots behind each of which it may sign several others. */
const headsMax = 12;

export class Liar implements SimEnd {
  readonly options: LiarOptions;
  readonly links = new Set<number>();
  readonly running = true;
  readonly isHonest = false;
  readonly timers: SimTimers;
  /** Segments that were seen, to be sent again and out of place. */
  readonly #seen: Segment[] = [];
  readonly #heads: FeedHead[] = [emptyHead];
  #sent = 0;

  constructor(options: LiarOptions) {
    this.options = options;
    this.timers = new SimTimers(options.time);
  }

  get name(): string {
    return this.options.name;
  }

  get key(): PublicKey {
    return this.options.identity.publicKey;
  }

  get wall(): number {
    return 1_800_000_000_000_000 + Math.round(this.options.time.now * 1000);
  }

  handle(event: Event): void {
    if (event.type === 'opened') this.#greet(event);
    if (event.type !== 'frame' || event.frameType !== frameTypes.segment) return;
    const frame = parseSegment(event.payload);
    if (frame !== undefined) this.#seen.push(frame);
    if (this.#seen.length > 20) this.#seen.shift();
  }

  #greet(event: Extract<Event, { type: 'opened' }>): void {
    const { group } = this.options;
    const session = new Session({ ...event, groups: [group], openedAt: 0 });
    const fingerprint = session.fingerprint(groupIdBytes(group), true);
    this.#send(event.link, {
      ...{ type: 'hello', version: protocolVersion, agent: 'liar', window: 2 ** 50 },
      groups: [{ tag: session.tag(group), fingerprint }],
    });
    this.#lieSoon(event.link);
  }

  #lieSoon(link: number): void {
    const { time, random } = this.options;
    time.after(random.between(1, 800), () => {
      if (!this.links.has(link)) return;
      this.#lie(link);
      this.#lieSoon(link);
    });
  }

  #lie(link: number): void {
    const { random, members, links } = this.options;
    const author = members[random.below(members.length)] ?? this.key;
    const place = { author, head: random.below(2), from: 1 + random.below(40) };
    const places = Array.from({ length: 30 }, () => place);
    const lies: (() => void)[] = [
      () => {
        const types = Object.values(frameTypes);
        const type = types[random.below(types.length)] ?? 0x30;
        links().send(this, link, type, random.bytes(random.below(60)));
      },
      () => {
        this.#segment(link, place, random.bytes(random.below(300)));
      },
      () => {
        this.#misplace(link, place);
      },
      () => {
        this.#spoil(link);
      },
      () => {
        this.#branch(link);
      },
      () => {
        this.#send(link, { type: random.chance(0.5) ? 'want' : 'decline', group: 0, places });
      },
      () => {
        this.#send(link, { type: 'check', sent: random.below(2 ** 30), fingerprints: [] });
      },
      () => {
        const { lower, upper } = this.#range() ?? everything;
        const ranges = [{ upper, fingerprint: random.bytes(16), agreed: random.chance(0.2) }];
        this.#send(link, { type: 'compare', group: 0, lower, ranges });
      },
      () => {
        this.#claim(link, author, 1 + random.below(random.chance(0.5) ? 40 : 2 ** 31));
      },
    ];
    lies[random.below(lies.length)]?.();
  }

  /** A head that its author never had. */
  #claim(link: number, author: PublicKey, seq: number): void {
    const { random } = this.options;
    const head = random.below(2);
    const feeds = [{ author, head, seq, count: seq, rootPrefix: random.bytes(8) }];
    this.#send(link, { type: 'have', group: 0, feeds, covers: this.#range() });
  }

  #range(): Range | undefined {
    const { random } = this.options;
    if (random.chance(0.5)) return undefined;
    const lower = random.bytes(random.below(3));
    return { lower, upper: random.chance(0.5) ? everything.upper : Uint8Array.of(...lower, 9) };
  }

  /** A segment that was seen, in another place. */
  #misplace(link: number, place: Segment['place']): void {
    const seen = this.#seen[this.options.random.below(this.#seen.length)];
    if (seen !== undefined) this.#segment(link, place, seen.bytes);
  }

  /** A segment that was seen, with a bit turned: most often in an object or in the signature. */
  #spoil(link: number): void {
    const { random } = this.options;
    const seen = this.#seen[random.below(this.#seen.length)];
    if (seen === undefined) return;
    const bytes = seen.bytes.slice();
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    this.#segment(link, seen.place, bytes);
  }

  /** A root of its own, properly signed, behind any of those that it has signed before. */
  #branch(link: number): void {
    const { random, group, identity } = this.options;
    const behind = this.#heads[random.below(this.#heads.length)] ?? emptyHead;
    const object = buildObject({ kind: 'text', text: 'forked' }, random.bytes(16));
    const feed = { group, author: this.key, head: 0 };
    const time = Math.max(behind.time, this.wall);
    const made = buildOwnRun(identity, feed, behind, time, [{ object }]);
    if (this.#heads.length < headsMax) this.#heads.push(made.head);
    this.#segment(link, { author: this.key, head: 0, from: made.from }, made.bytes);
  }

  #segment(link: number, place: Segment['place'], bytes: Uint8Array): void {
    this.#sent += bytes.length;
    this.#send(link, { type: 'segment', group: 0, place, sent: this.#sent, bytes });
  }

  #send(link: number, frame: Frame): void {
    const { type, payload } = encodeFrame(frame);
    this.options.links().send(this, link, type, payload);
  }
}

function parseSegment(payload: Uint8Array): Segment | undefined {
  const frame = parseFrame(frameTypes.segment, payload);
  return typeof frame === 'object' && frame.type === 'segment' ? frame : undefined;
}
