// One group of this node: what it is, who is in it, what it is called, and its keys where it is
// encrypted. Knows nothing of pages, posts or links.
import type { Entry } from '../../cxo/entry.ts';
import type { GroupId } from '../../cxo/ids.ts';
import type { FeedId } from '../../cxo/root.ts';
import type { PublicKey } from '../../identity.ts';
import { Addresses } from '../people/addresses.ts';
import type { Content } from '../content/message.ts';
import { Directory } from '../people/directory.ts';
import { cleanName } from '../people/names.ts';
import type { Genesis } from '../roster/genesis.ts';
import { Roster } from '../roster/roster.ts';
import type { GroupKeys } from '../sealing/group-keys.ts';

export interface GroupOptions {
  readonly genesis: Genesis;
  readonly self: PublicKey;
  readonly contentOf: (entry: Entry) => Content;
  /** Of an encrypted group. */
  readonly keysOf: (roster: Roster) => GroupKeys;
  /** Whether this node has asked to be in it. */
  readonly isWanted: boolean;
  /** Whether this node is on its way into it by an invite: it may have left before. */
  readonly isJoining: () => boolean;
  /** What the invite called it, until its members' word can be read. */
  readonly called?: string | undefined;
}

/** What this node is to a group; `carried`: it passes on what it cannot read. */
export type Standing = 'active' | 'joining' | 'left' | 'removed' | 'carried';

export interface Description {
  readonly name: string | undefined;
  readonly topic: string | undefined;
}

/** A group with a roster: of members who were let in one by one, or of two keys. */
export class Group {
  readonly genesis: Genesis;
  readonly roster: Roster;
  readonly keys: GroupKeys | undefined;
  readonly directory: Directory;
  readonly addresses: Addresses;
  readonly #options: GroupOptions;
  #description: { readonly version: number; readonly of: Description } | undefined;
  #latecomers: { readonly version: number; readonly since: number } | undefined;
  isWanted: boolean;
  called: string | undefined;
  /** Whether members of the room pass it on. */
  isOffered = false;

  constructor(options: GroupOptions) {
    const { genesis, self, contentOf } = options;
    const names = { group: genesis.id, self, contentOf };
    this.#options = options;
    this.genesis = genesis;
    this.roster = new Roster(genesis);
    this.keys = genesis.encrypted ? options.keysOf(this.roster) : undefined;
    this.directory = new Directory(names);
    this.addresses = new Addresses(names);
    this.isWanted = options.isWanted;
    this.called = options.called;
  }

  get id(): GroupId {
    return this.genesis.id;
  }

  get standing(): Standing {
    const { self, isJoining } = this.#options;
    if (this.roster.isMember(self)) return 'active';
    if (this.roster.removedBy(self) !== undefined) return 'removed';
    if (this.#wasMember && !isJoining()) return 'left';
    return this.isWanted ? 'joining' : 'carried';
  }

  get #wasMember(): boolean {
    return (this.roster.personOf(this.#options.self)?.grants.length ?? 0) > 0;
  }

  /** When this node first came into it, microseconds: what was said before is no news to it. */
  get since(): number {
    const grants = this.roster.personOf(this.#options.self)?.grants ?? [];
    return Math.min(...grants.map(({ act }) => act?.entry.time ?? 0));
  }

  /** Whether this node is, or was, of the group: then it is shown. */
  get isShown(): boolean {
    return this.standing !== 'carried';
  }

  /** The name that is shown: of a direct group there is none. */
  get name(): string | undefined {
    const { genesis } = this;
    if (genesis.kind === 'direct') return undefined;
    const name = this.describe().name ?? (genesis.name === '' ? this.called : genesis.name);
    return name === '' ? undefined : name;
  }

  get topic(): string | undefined {
    return this.describe().topic;
  }

  /** Whom a direct group is with; undefined of others, and where this node only carries it. */
  get partner(): PublicKey | undefined {
    const { genesis } = this;
    if (genesis.kind !== 'direct') return undefined;
    const [a, b] = genesis.members;
    const { self } = this.#options;
    return a === self ? b : b === self ? a : undefined;
  }

  /** What of a feed counts: written by a member while it was one. */
  allows(feed: FeedId, seq: number): boolean {
    return this.roster.allows(feed, seq);
  }

  /** When the last member came that cannot read what was sealed before it; 0 where everybody can. */
  get latecomersSince(): number {
    if (!this.genesis.encrypted) return 0;
    const { version } = this.roster;
    if (this.#latecomers?.version === version) return this.#latecomers.since;
    let since = 0;
    for (const member of this.roster.members().values()) {
      if (!member.history && member.since !== null) since = Math.max(since, member.since);
    }
    this.#latecomers = { version, since };
    return since;
  }

  /** Whether somebody has come since the name and the topic were last sealed. */
  get isDescriptionMissed(): boolean {
    const last = this.roster.describes().at(-1);
    return (
      last !== undefined && 'sealed' in last.operation && last.entry.time <= this.latecomersSince
    );
  }

  /** To be called when keys have come, which open descriptions that were locked. */
  keysChanged(): void {
    this.#description = undefined;
  }

  /** The latest name and the latest topic, each by itself. */
  describe(): Description {
    const { version } = this.roster;
    if (this.#description?.version === version) return this.#description.of;
    let name: string | undefined;
    let topic: string | undefined;
    for (const { entry, operation } of this.roster.describes()) {
      const said = 'sealed' in operation ? this.#open(entry, operation.sealed) : operation;
      if (typeof said?.['name'] === 'string') name = cleanName(said['name']);
      if (typeof said?.['topic'] === 'string') topic = said['topic'];
    }
    this.#description = { version, of: { name, topic } };
    return this.#description.of;
  }

  #open(entry: Entry, sealed: Uint8Array): Record<string, unknown> | undefined {
    const opened = this.keys?.open(sealed, placeIn(entry));
    return opened?.state === 'open' && opened.fields.kind === 'describe'
      ? opened.fields
      : undefined;
  }
}

/** The place that what is sealed in an entry is bound to. */
export function placeIn({ feed, seq, index }: Pick<Entry, 'feed' | 'seq' | 'index'>): {
  readonly author: PublicKey;
  readonly head: number;
  readonly seq: number;
  readonly index: number;
} {
  return { author: feed.author, head: feed.head, seq, index };
}
