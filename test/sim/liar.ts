// A member of the group that keeps to the handshake and to nothing else: garbage, claims without
// end, segments that nobody signed, wants for everything.
import { groupIdBytes, type GroupId } from '../../src/cxo/ids.ts';
import type { Identity, PublicKey } from '../../src/identity.ts';
import type { Event } from '../../src/sync/events.ts';
import { encodeFrame, frameTypes, protocolVersion, type Frame } from '../../src/sync/frames.ts';
import { Session } from '../../src/sync/session.ts';
import type { SimEnd, SimNetwork } from './network.ts';
import type { SeededRandom } from './random.ts';
import type { VirtualTime } from './timeline.ts';

export interface LiarOptions {
  readonly identity: Identity;
  readonly group: GroupId;
  readonly members: readonly PublicKey[];
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly network: () => SimNetwork;
}

export class Liar implements SimEnd {
  readonly #options: LiarOptions;
  readonly links = new Set<number>();
  readonly running = true;
  /** Segments that were seen, to be sent again and out of place. */
  readonly #seen: Uint8Array[] = [];
  #sent = 0;

  constructor(options: LiarOptions) {
    this.#options = options;
  }

  get key(): PublicKey {
    return this.#options.identity.publicKey;
  }

  handle(event: Event): void {
    if (event.type === 'opened') this.#greet(event);
    if (event.type !== 'frame' || event.frameType !== frameTypes.segment) return;
    this.#seen.push(event.payload);
    if (this.#seen.length > 20) this.#seen.shift();
  }

  #greet(event: Extract<Event, { type: 'opened' }>): void {
    const { group } = this.#options;
    const session = new Session({ ...event, groups: [group], openedAt: 0 });
    const fingerprint = session.fingerprint(groupIdBytes(group), true);
    this.#send(event.link, {
      ...{ type: 'hello', version: protocolVersion, agent: 'liar', window: 2 ** 50 },
      groups: [{ tag: session.tag(group), fingerprint }],
    });
    this.#lieSoon(event.link);
  }

  #lieSoon(link: number): void {
    const { time, random } = this.#options;
    time.after(random.between(1, 800), () => {
      if (!this.links.has(link)) return;
      this.#lie(link);
      this.#lieSoon(link);
    });
  }

  #lie(link: number): void {
    const { random, members, network } = this.#options;
    const author = members[random.below(members.length)] ?? this.key;
    const place = { author, head: random.below(2), from: 1 + random.below(40) };
    const kind = random.below(7);
    if (kind === 0) {
      const types = Object.values(frameTypes);
      const type = types[random.below(types.length)] ?? 0x30;
      network().send(this, link, type, random.bytes(random.below(60)));
    } else if (kind === 1) {
      this.#segment(link, place, random.bytes(random.below(300)));
    } else if (kind === 2) {
      const seen = this.#seen[random.below(this.#seen.length)];
      if (seen !== undefined) this.#segment(link, place, seen.slice(37));
    } else if (kind === 3) {
      this.#send(link, { type: 'want', group: 0, places: Array.from({ length: 30 }, () => place) });
    } else if (kind === 4) {
      this.#send(link, { type: 'check', sent: random.below(2 ** 30), fingerprints: [] });
    } else {
      const seq = 1 + random.below(kind === 5 ? 40 : 2 ** 31);
      const rootPrefix = random.bytes(8);
      const feeds = [{ author, head: place.head, seq, count: seq, rootPrefix }];
      this.#send(link, { type: 'have', group: 0, feeds, complete: random.chance(0.3) });
    }
  }

  #segment(
    link: number,
    place: Extract<Frame, { type: 'segment' }>['place'],
    bytes: Uint8Array,
  ): void {
    this.#sent += bytes.length;
    this.#send(link, { type: 'segment', group: 0, place, sent: this.#sent, bytes });
  }

  #send(link: number, frame: Frame): void {
    const { type, payload } = encodeFrame(frame);
    this.#options.network().send(this, link, type, payload);
  }
}
