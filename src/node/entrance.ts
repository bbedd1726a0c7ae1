// How keys come into groups by invites, on both sides: the door of the groups that this node is in,
// and its own joinings, joined to the parts of the node. Holds no rules of its own.
import type { GroupBook } from '../chat/groups/group-book.ts';
import type { Group } from '../chat/groups/group.ts';
import type { Groups } from '../chat/groups/groups.ts';
import type { Invite } from '../chat/groups/invite.ts';
import type { News } from '../chat/news/news.ts';
import type { People } from '../chat/people/people.ts';
import {
  evidenceAgainst,
  evidenceOfMembership,
  evidenceOfRemoval,
  hadEnded,
} from '../chat/roster/evidence.ts';
import type { Roster } from '../chat/roster/roster.ts';
import { equal } from '../bytes.ts';
import type { Archive } from '../cxo/archive.ts';
import type { Entry } from '../cxo/entry.ts';
import { objectIdOf, type GroupId } from '../cxo/ids.ts';
import { publicKeyBytes, type PublicKey } from '../identity.ts';
import type { LocalChange, LocalRow } from '../cxo/store.ts';
import type { Clock, Logger, Random, Timers } from '../env.ts';
import type { ErrorCode } from '../errors.ts';
import type { Network } from '../net/network.ts';
import type { LinkWatcher } from '../net/peer.ts';
import type { Link, LinkHandler } from '../net/transport.ts';
import type { FeedOverview } from '../sync/overview.ts';
import { Door, type InviteVerdict } from './door.ts';
import type { WordProof } from './door-frames.ts';
import { doorLimits, joiningLimits, wordLimits } from './door-limits.ts';
import type { JoinProgress } from './join.ts';
import { Joining } from './joining.ts';
import { Removals } from './removals.ts';
import type { Due } from './words.ts';

export interface EntranceParts {
  readonly self: PublicKey;
  readonly clock: Clock;
  readonly random: Pick<Random, 'unit'>;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Whether every key may link itself. */
  readonly isOpen: boolean;
  // Each is asked for when it is needed: they are opened one after the other.
  readonly chat: () => {
    readonly book: Pick<GroupBook, 'groups' | 'find'>;
    readonly groups: Pick<Groups, 'admit'>;
    readonly people: Pick<People, 'isKnown'>;
    readonly news: Pick<News, 'groupsChanged'>;
  };
  readonly archive: Pick<Archive, 'proof'>;
  /** A roster has changed by what is in no feed of the store. */
  readonly onRosterChanged: () => void;
  readonly network: () => Pick<Network, 'tryPeer' | 'recheck'>;
  readonly feeds: () => readonly FeedOverview[];
  /** Whether the link with a peer has the group in common: both ends have named it. */
  readonly isShared: (peer: PublicKey, group: GroupId) => boolean;
  readonly writeLocal: (changes: readonly LocalChange[]) => Promise<void>;
  /** Hands a link on to the gossip. */
  readonly open: (link: Link) => LinkHandler;
}

export class Entrance {
  readonly joining: Joining;
  readonly #door: Door;
  readonly #parts: EntranceParts;
  /** Operations that words have brought. */
  readonly #learned = new Map<GroupId, number>();
  readonly #removals: Removals;
  #counted: (JoinProgress & { readonly group: GroupId; readonly until: number }) | undefined;

  constructor(parts: EntranceParts) {
    const { self, clock, random, timers, logger } = parts;
    this.#parts = parts;
    this.#removals = new Removals({ self, logger, writeLocal: parts.writeLocal });
    this.#door = new Door({
      ...{ clock, timers, logger },
      groups: () => this.#own().map(({ id }) => id),
      hasInvites: () => this.#own().some(({ roster }) => roster.invites().size > 0),
      check: (...knock) => this.#check(...knock),
      admit: (...knock) => this.#admit(...knock),
      hasWordFor: (key) => this.#hasWordFor(key),
      words: {
        known: () => this.#known().map(({ id }) => id),
        due: (...asked) => this.#due(...asked),
        prove: (...asked) => this.#prove(...asked),
        take: (...heard) => this.#take(...heard),
      },
      isKnown: (key) => this.#isKnown(key),
      open: (link) => this.joining.openLink(link),
    });
    this.joining = new Joining({
      ...{ self, clock, random, timers },
      dial: (key, endpoints) => {
        parts.network().tryPeer(key, endpoints);
      },
      progress: (group) => this.#progress(group),
      writeLocal: parts.writeLocal,
      // Nodes that were dialed for a joining alone lose their links with it.
      onChange: () => {
        parts.network().recheck();
        parts.chat().news.groupsChanged();
      },
      open: parts.open,
    });
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.#door.counters };
  }

  /** Takes up again what was joined before the start; the groups are those that have to be known. */
  restore(rows: readonly LocalRow[]): readonly Invite[] {
    return this.joining.restore(rows);
  }

  /** What this node was told of its own part in groups, and is in no feed of its store. */
  restoreRemovals(rows: readonly LocalRow[]): void {
    const { chat, onRosterChanged } = this.#parts;
    if (this.#removals.restore(rows, (id) => chat().book.find(id)?.roster)) onRosterChanged();
  }

  /** Whether the key may have a link. */
  isAllowed(key: PublicKey): boolean {
    return this.#isKnown(key) || this.#door.mayEnter(key);
  }

  openLink(link: Link): LinkHandler {
    return this.#door.openLink(link);
  }

  /** To be called when groups or their members may be others than before. */
  membersChanged(): void {
    this.#door.membersChanged();
    this.joining.progressed();
  }

  readonly onTried: LinkWatcher['onTried'] = (key, failed, refusal) => {
    this.joining.tried(key, failed, refusal);
  };

  close(): void {
    this.joining.close();
  }

  #isKnown(key: PublicKey): boolean {
    const { isOpen, chat } = this.#parts;
    return isOpen || chat().people.isKnown(key) || this.joining.isSought(key);
  }

  /** Groups that can be joined by an invite, and that this node can let others into. */
  #own(): Group[] {
    const groups = [...this.#parts.chat().book.groups()];
    return groups.filter(
      ({ genesis, standing }) => standing === 'active' && genesis.kind !== 'direct',
    );
  }

  #check(id: GroupId, invite: PublicKey, joiner: PublicKey, signature: Uint8Array): InviteVerdict {
    const { chat, self, clock } = this.#parts;
    const roster = chat().book.find(id)?.roster;
    const change = { op: 'admit', key: joiner, invite: publicKeyBytes(invite), signature } as const;
    const code = roster?.check(change, self, clock.now());
    return code === undefined ? 'open' : (verdicts[code] ?? 'unknown-invite');
  }

  /** The next one who comes by the invite is not let in before the roster has this one. */
  async #admit(
    id: GroupId,
    invite: PublicKey,
    joiner: PublicKey,
    signature: Uint8Array,
  ): Promise<void> {
    const { chat, timers } = this.#parts;
    const { groups, book } = chat();
    await groups.admit(id, invite, joiner, signature);
    const roster = book.find(id)?.roster;
    if (roster === undefined || roster.isMember(joiner)) return;
    await new Promise<void>((resolve) => {
      const stop = (): void => {
        stopListening();
        stopTimer();
        resolve();
      };
      const stopListening = roster.onChange(() => {
        if (roster.isMember(joiner)) stop();
      });
      // Somebody else may have revoked the invite meanwhile: the joiner finds out, and asks again.
      const stopTimer = timers.after(doorLimits.rosterMs, stop);
    });
  }

  /** Groups with operations of their own, whatever this node is to them. */
  #known(): Group[] {
    return [...this.#parts.chat().book.groups()].filter(({ genesis }) => genesis.kind !== 'direct');
  }

  /** One that was removed; or a member of what this node was removed from, and may be in again. */
  #hasWordFor(key: PublicKey): boolean {
    return this.#known().some(({ standing, roster }) =>
      standing === 'active'
        ? isRemoved(roster, key)
        : standing === 'removed' && roster.isMember(key),
    );
  }

  #due(peer: PublicKey, isSettled: boolean): Due[] {
    return this.#own().flatMap((group) =>
      this.#wordsFor(group, peer, isSettled)
        .filter(({ length }) => length > 0)
        .map((entries) => ({ group: group.id, entries })),
    );
  }

  /**
   * That it was removed, or let in by somebody who had no say; that it is in again; and, where the link
   * does not have the group in common though both ends are members, how they came to be: one of the two
   * does not know it.
   */
  #wordsFor(
    { id, roster }: Group,
    peer: PublicKey,
    isSettled: boolean,
  ): readonly (readonly Entry[])[] {
    const { self, isShared } = this.#parts;
    const { proofsMax } = wordLimits;
    if (roster.isMember(peer)) {
      const isUnaware = hadEnded(roster, peer) || (isSettled && !isShared(peer, id));
      return isUnaware ? [evidenceOfMembership(roster, [peer, self], proofsMax)] : [];
    }
    if (isRemoved(roster, peer)) return [evidenceOfRemoval(roster, peer, proofsMax)];
    return evidenceAgainst(roster, roster.voidGrantsOf(peer), proofsMax);
  }

  /** What is in no feed of the store has come with a word. */
  async #prove(id: GroupId, entries: readonly Entry[]): Promise<readonly WordProof[]> {
    const heard = this.#removals.proofs(id);
    const proofs: WordProof[] = [];
    for (const { id: message, objectId } of entries) {
      const proof =
        (await this.#parts.archive.proof(message)) ??
        heard.find(({ object }) => equal(objectIdOf(object), objectId));
      if (proof === undefined) return [];
      proofs.push(proof);
    }
    return proofs;
  }

  #take(id: GroupId, entries: readonly Entry[], word: Uint8Array): readonly (readonly Entry[])[] {
    const { chat, self, logger, onRosterChanged } = this.#parts;
    const roster = chat().book.find(id)?.roster;
    const learned = this.#learned.get(id) ?? 0;
    if (roster === undefined || learned + entries.length > wordLimits.operationsMax) return [];
    const wasMember = roster.isMember(self);
    if (roster.apply(entries)) {
      this.#learned.set(id, learned + entries.length);
      if (!roster.isMember(self)) {
        if (wasMember) logger.info({ group: id }, 'this node is not in a group any more');
        this.#removals.keep(roster, word);
      }
      onRosterChanged();
    }
    const { proofsMax } = wordLimits;
    const against = evidenceAgainst(roster, entries, proofsMax);
    // Who takes this node for a member may know that its removal has no effect.
    return isRemoved(roster, self)
      ? [...against, evidenceOfRemoval(roster, self, proofsMax)]
      : against;
  }

  /** Counting takes a look at every feed there is: arrivals come more often than that is worth. */
  #progress(id: GroupId): JoinProgress {
    const { chat, feeds, clock } = this.#parts;
    const now = clock.monotonic();
    const isMember = chat().book.find(id)?.standing === 'active';
    const known = this.#counted;
    if (known?.group === id && known.isMember === isMember && now < known.until) return known;
    let [have, behind] = [0, 0];
    for (const feed of feeds()) {
      if (feed.feed.group !== id) continue;
      have += feed.count;
      behind += feed.behind;
    }
    const progress = { isMember, isInSync: behind === 0, have, of: have + behind };
    this.#counted = { ...progress, group: id, until: now + joiningLimits.countedMs };
    return progress;
  }
}

function isRemoved(roster: Roster, key: PublicKey): boolean {
  const remover = roster.removedBy(key);
  return remover !== undefined && remover !== key;
}

const verdicts: Partial<Record<ErrorCode, InviteVerdict>> = {
  'already-member': 'already-member',
  'invite-expired': 'invite-expired',
  'invite-used': 'invite-used',
  'invite-revoked': 'invite-revoked',
  // The only admission that an admin alone may make.
  'not-an-admin': 'removed',
};
