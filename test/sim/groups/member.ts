// One simulated node with the whole conversation: the production runner, chat and entrance over the
// simulated disk and links, opened as src/node.ts opens them. Without HTTP, without dialing.
import { nameless } from '../../../src/chat/people/directory.ts';
import { Chat } from '../../../src/chat/chat.ts';
import { labelOf } from '../../../src/chat/content/labels.ts';

import { Archive } from '../../../src/cxo/archive.ts';
import type { Draft } from '../../../src/cxo/draft.ts';
import type { GroupId } from '../../../src/cxo/ids.ts';
import { openStoreOn } from '../../../src/cxo/level-store.ts';
import type { Store } from '../../../src/cxo/store.ts';
import { silentLogger, type Clock, type Logger } from '../../../src/env.ts';
import { SkychatError } from '../../../src/errors.ts';
import type { Identity, PublicKey } from '../../../src/identity.ts';
import type { Network } from '../../../src/net/network.ts';
import type { PeerState } from '../../../src/net/peer.ts';
import type { Link, LinkHandler } from '../../../src/net/transport.ts';
import { Announcer } from '../../../src/node/announcer.ts';
import { doorFrames } from '../../../src/node/door-frames.ts';
import { Entrance } from '../../../src/node/entrance.ts';
import { GroupLinks } from '../../../src/node/group-links.ts';
import { groupRules } from '../../../src/node/group-rules.ts';
import { joinRowPrefix } from '../../../src/node/joining.ts';
import { buildGroupLinksPorts } from '../../../src/node/mesh-ports.ts';
import { knowsOwnFeed } from '../../../src/node/own-feed.ts';
import { removalRowPrefix } from '../../../src/node/removals.ts';
import type { Event } from '../../../src/sync/events.ts';
import { forkRowPrefix, parseForkRow } from '../../../src/sync/forks.ts';
import type { GossipOptions } from '../../../src/sync/gossip.ts';
import type { Groups } from '../../../src/sync/groups.ts';
import { Runner } from '../../../src/sync/runner.ts';
import { SimDatabase, SimDisk, SimOwnHead } from '../disk.ts';
import type { Links, SimEnd } from '../links.ts';
import type { SeededRandom } from '../random.ts';
import { SimTimers, type VirtualTime } from '../timeline.ts';

export interface MemberOptions {
  readonly name: string;
  readonly identity: Identity;
  readonly room: string;
  /** All keys of the room. */
  readonly configured: readonly PublicKey[];
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  /** Milliseconds that a commit takes to the disk, and as many back; at most. */
  readonly commitMsMax: number;
  readonly links: () => Links;
  readonly verify: GossipOptions['verify'];
  /** Microseconds that all clocks have jumped by. */
  readonly jumped: () => number;
  /** What the engine is told of groups: a node that keeps to no rules bends it. */
  readonly bend: (rules: Groups) => Groups;
  /** Told of each own object as it gets its place: what the node knows then is what it acts upon. */
  readonly onBuilt: (member: Member, group: GroupId, draft: Draft) => Draft;
  /** Links this node with another one for good, if it is not yet. */
  readonly dial: (from: Member, to: PublicKey) => void;
  /** Groups or their members may be others than before. */
  readonly onChange: (member: Member) => void;
  /** The node is down since a moment ago. */
  readonly onCrash: (member: Member) => void;
}

/** What a node is between a start and a crash. */
export interface Life {
  readonly timers: SimTimers;
  readonly store: Store;
  readonly archive: Archive;
  readonly chat: Chat;
  readonly runner: Runner;
  readonly entrance: Entrance;
}

const isOfDoor = new Set<number>(Object.values(doorFrames));

/** A node that could not be started is tried again. */
const restartMs = 700;

export class Member implements SimEnd {
  readonly options: MemberOptions;
  readonly isHonest = true;
  readonly links = new Set<number>();
  /** What should not have happened, in words. */
  readonly faults: string[] = [];
  /** Microseconds that its clock is wrong by. */
  clockError = 0;
  life: Life | undefined;
  readonly #disk = new SimDisk();
  readonly #handlers = new Map<number, LinkHandler>();
  /** By link. */
  readonly #peers = new Map<number, PublicKey>();
  /** Grows with each start: what an earlier life planned must not happen in this one. */
  #number = 0;
  #timers: SimTimers;
  #crashDisk: () => void = () => undefined;
  #isUsed = false;
  #groupLinks: GroupLinks | undefined;
  /** After so many more frames the node crashes. */
  #framesLeft = Infinity;

  constructor(options: MemberOptions) {
    this.options = options;
    this.#timers = new SimTimers(options.time);
  }

  get name(): string {
    return this.options.name;
  }

  get key(): PublicKey {
    return this.options.identity.publicKey;
  }

  get running(): boolean {
    return this.life !== undefined;
  }

  get timers(): SimTimers {
    return this.#timers;
  }

  get wall(): number {
    const { time, jumped } = this.options;
    return 1_800_000_000_000_000 + Math.round(time.now * 1000) + this.clockError + jumped();
  }

  /** Of a node that runs. */
  get alive(): Life {
    if (this.life === undefined) throw new Error('a node that is down does nothing');
    return this.life;
  }

  /** Begins a life; the node runs as soon as it is open. */
  start(): void {
    const { time, links } = this.options;
    const number = ++this.#number;
    this.#timers = new SimTimers(time);
    this.#framesLeft = Infinity;
    time.touch();
    this.#open(number).then(
      (life) => {
        if (number !== this.#number || life === undefined) return;
        this.life = life;
        links().up(this);
        this.options.onChange(this);
      },
      (error: unknown) => {
        if (number !== this.#number) return;
        this.faults.push(`${this.name} does not start: ${String(error)}`);
        this.#crashDisk();
        time.after(restartMs, () => {
          if (number === this.#number) this.start();
        });
      },
    );
  }

  async #open(number: number): Promise<Life | undefined> {
    const { identity, time, random, commitMsMax, room, configured } = this.options;
    const timers = this.#timers;
    const disk = { disk: this.#disk, time, random, commitMsMax };
    const database = new SimDatabase(disk);
    const ownHead = new SimOwnHead(disk);
    this.#crashDisk = () => {
      database.crash();
      ownHead.crash();
    };
    const onDamage = ({ what }: { readonly what: string }) => {
      this.faults.push(`${this.name} met damage: ${what}`);
    };
    const store = await openStoreOn(database, { random, onDamage });
    const signs = { self: this.key, unusedKey: !this.#isUsed, hasPeers: true };
    const ownFeedsKnown = await knowsOwnFeed(store, ownHead, labelOf, signs);
    const archive = new Archive(store);
    const clock: Clock = { now: () => this.wall, monotonic: () => time.now };
    const logger = this.#logger();
    // As in src/node.ts, what is opened later is looked up when it is used.
    const parts: { runner?: Runner } = {};
    const runnerOf = () => parts.runner as Runner;
    const ports = { identity, store, archive, clock, random, timers, logger };
    const entrance = this.#openEntrance(ports, () => chat, runnerOf);
    const chat: Chat = await Chat.open({
      ...{ ...ports, room, configured },
      joiner: () => entrance.joining,
      ownAddresses: () => [`${this.name}.example:7000`],
      isExpired: () => false,
      writer: {
        append: async (group, draft) => {
          const entry = await runnerOf().append(group, this.options.onBuilt(this, group, draft));
          this.#isUsed = true;
          return entry;
        },
        writeLocal: (local) => runnerOf().writeLocal(local),
      },
      delivery: {
        storedBy: (feed, seq) => runnerOf().overview.storedBy(feed, seq),
        onStored: () => () => undefined,
      },
    });
    if (number !== this.#number) return undefined;
    const forkRows = await store.local(forkRowPrefix);
    const joinRows = await store.local(joinRowPrefix);
    const removalRows = await store.local(removalRowPrefix);
    if (number !== this.#number) return undefined;
    parts.runner = new Runner({
      ...{ ...ports, ownHead, ownFeedsKnown },
      ...(this.options.verify !== undefined && { verify: this.options.verify }),
      labelOf: (kind, object, place) => chat.book.labelOf(kind, object, place),
      agent: `simulation/${this.name}`,
      soon: (run) => timers.after(0, run),
      forkProofs: forkRows.map(parseForkRow).filter((proof) => proof !== undefined),
      groups: this.options.bend(groupRules(() => chat)),
      headMin: 0,
      onArrived: (entries) => {
        if (number !== this.#number) return;
        chat.arrived(entries);
        entrance.joining.progressed();
        this.options.onChange(this);
      },
      onWithdrawn: () => {
        chat.forgetRecent();
      },
      onDelivered: () => undefined,
      onBan: (_, reason) => this.faults.push(`${this.name} bans somebody: ${reason}`),
    });
    const announcer = new Announcer({
      ...{ timers, logger, chat, profile: { ...nameless, name: this.name } },
      addresses: () => [`${this.name}.example:7000`],
      onAnnounced: () => undefined,
    });
    chat.onGroups(() => {
      if (number !== this.#number) return;
      entrance.membersChanged();
      runnerOf().membersChanged();
      announcer.announce();
      this.options.onChange(this);
    });
    entrance.restore(joinRows);
    entrance.restoreRemovals(removalRows);
    entrance.joining.resume();
    announcer.announce();
    this.#groupLinks = this.#openGroupLinks(timers, chat);
    this.#groupLinks.start();
    return { timers, store, archive, chat, runner: runnerOf(), entrance };
  }

  #openEntrance(
    ports: {
      readonly archive: Archive;
      readonly clock: Clock;
      readonly timers: SimTimers;
      readonly logger: Logger;
    },
    chat: () => Chat,
    runner: () => Runner,
  ): Entrance {
    const { random } = this.options;
    const entrance: Entrance = new Entrance({
      ...{ ...ports, random, chat, self: this.key, isOpen: true },
      onRosterChanged: () => {
        chat().groupsChanged();
      },
      network: () => ({
        // All who can be linked are linked already, or will be.
        tryPeer: (key) => {
          ports.timers.after(50, () => {
            entrance.onTried(key, [], undefined);
          });
        },
        recheck: () => undefined,
      }),
      feeds: () => runner().overview.feeds(),
      isShared: (peer, group) => runner().overview.shares(peer, group),
      writeLocal: (changes) => runner().writeLocal(changes),
      open: (link) => runner().openLink(link),
    });
    return entrance;
  }

  /** Dials nobody any more for the sake of a group. */
  settle(): void {
    this.#groupLinks?.close();
  }

  #openGroupLinks(timers: SimTimers, chat: Chat): GroupLinks {
    const { random, dial } = this.options;
    const network: Pick<Network, 'peers' | 'tryPeer'> = {
      peers: () => [...this.#peers.values()].map((pk) => ({ pk, state: 'connected' }) as PeerState),
      tryPeer: (key) => {
        dial(this, key);
      },
    };
    const clock: Clock = { now: () => this.wall, monotonic: () => this.options.time.now };
    return new GroupLinks(buildGroupLinksPorts({ chat, network, clock, random, timers }));
  }

  /** At once; also a node that is about to start. */
  crash(): void {
    this.#number++;
    this.life = undefined;
    this.#crashDisk();
    this.#timers.end();
    this.#handlers.clear();
    this.#peers.clear();
    this.links.clear();
    this.options.onCrash(this);
  }

  /** In the midst of what it sends next. */
  crashMidway(frames: number): void {
    this.#framesLeft = frames;
  }

  handle(event: Event): void {
    const life = this.life;
    if (life === undefined) return;
    this.options.time.touch();
    if (event.type === 'opened') {
      this.#peers.set(event.link, event.peer);
      this.#handlers.set(event.link, life.entrance.openLink(this.#linkOf(event)));
    } else if (event.type === 'frame') {
      this.#handlers.get(event.link)?.onFrame(event.frameType, event.payload);
    } else if (event.type === 'closed') {
      this.#handlers.get(event.link)?.onClose('broken');
      this.#handlers.delete(event.link);
      this.#peers.delete(event.link);
    }
  }

  #linkOf(event: Extract<Event, { type: 'opened' }>): Link {
    const { link: id, peer, initiator, handshakeHash } = event;
    const number = this.#number;
    const { links } = this.options;
    return {
      ...{ peer, initiator, handshakeHash, address: 'somewhere.example:7000' },
      send: (type, payload) => {
        if (number !== this.#number) return false;
        if (this.#framesLeft-- <= 0) this.crash();
        else this.#send(id, type, payload.slice());
        return true;
      },
      close: (reason) => {
        if (number === this.#number) links().close(this, id, reason, false);
      },
      stats: () => ({
        ...{ bytesIn: 0, bytesOut: 0, framesIn: 0, framesOut: 0, queuedBytes: 0 },
        ...{ rttMs: undefined, lastInbound: 0 },
      }),
    };
  }

  /** Gossip bears the loss of frames; at the door it is left to the stream below, which loses none. */
  #send(link: number, type: number, payload: Uint8Array): void {
    const links = this.options.links();
    const { faults } = links;
    if (isOfDoor.has(type)) links.faults = { ...faults, loss: 0 };
    links.send(this, link, type, payload);
    links.faults = faults;
  }

  /** Errors are logged where nobody waits: none of them is expected here. */
  #logger(): Logger {
    return {
      ...silentLogger,
      error: (fields, message) => {
        this.faults.push(`${this.name}: ${message} ${JSON.stringify(fields)}`);
      },
    };
  }
}

/** Whether it is an answer to who asked: anything else is a bug. */
export function isRefusal(error: unknown): error is SkychatError {
  return error instanceof SkychatError;
}
