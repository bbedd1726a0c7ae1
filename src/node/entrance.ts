// How keys come into groups by invites, on both sides: the door of the groups that this node is in,
// and its own joinings, joined to the parts of the node. Holds no rules of its own.
import type { GroupBook } from '../chat/group-book.ts';
import type { Group } from '../chat/group.ts';
import type { Groups } from '../chat/groups.ts';
import type { Invite } from '../chat/invite.ts';
import type { News } from '../chat/news.ts';
import type { People } from '../chat/people.ts';
import type { Act } from '../chat/roster/act.ts';
import type { Roster } from '../chat/roster/roster.ts';
import type { Archive, Proof } from '../cxo/archive.ts';
import type { Entry } from '../cxo/entry.ts';
import type { GroupId } from '../cxo/ids.ts';
import { verifyProof } from '../cxo/proof.ts';
import { publicKeyBytes, type PublicKey } from '../identity.ts';
import type { LocalChange, LocalRow } from '../cxo/store.ts';
import type { Clock, Logger, Random, Timers } from '../env.ts';
import type { ErrorCode } from '../errors.ts';
import type { Network } from '../net/network.ts';
import type { LinkWatcher } from '../net/peer.ts';
import type { Link, LinkHandler } from '../net/transport.ts';
import type { FeedOverview } from '../sync/overview.ts';
import { Door, type InviteVerdict } from './door.ts';
import { parseRemoval } from './door-frames.ts';
import { doorLimits, joiningLimits, removalLimits } from './door-limits.ts';
import type { JoinProgress } from './join.ts';
import { Joining } from './joining.ts';

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
  readonly writeLocal: (changes: readonly LocalChange[]) => Promise<void>;
  /** Hands a link on to the gossip. */
  readonly open: (link: Link) => LinkHandler;
}

export class Entrance {
  readonly joining: Joining;
  readonly #door: Door;
  readonly #parts: EntranceParts;
  #counted: (JoinProgress & { readonly group: GroupId; readonly until: number }) | undefined;

  constructor(parts: EntranceParts) {
    const { self, clock, random, timers, logger } = parts;
    this.#parts = parts;
    this.#door = new Door({
      ...{ clock, timers, logger },
      groups: () => this.#own().map(({ id }) => id),
      hasInvites: () => this.#own().some(({ roster }) => roster.invites().size > 0),
      check: (...knock) => this.#check(...knock),
      admit: (...knock) => this.#admit(...knock),
      removedFrom: (key) =>
        this.#own().flatMap(({ id, roster }) => (isRemoved(roster, key) ? [id] : [])),
      proveRemoval: (group, key) => this.#proveRemoval(group, key),
      takeRemoval: (...heard) => this.#takeRemoval(...heard),
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

  /** What this node was told of its own removals, and is in no feed of its store. */
  restoreRemovals(rows: readonly LocalRow[]): void {
    for (const { key, value } of rows) {
      const group = this.#parts.chat().book.find(key.slice(removalRowPrefix.length) as GroupId);
      const entries = parseRemoval(value)?.proofs.map(verifyProof) ?? [];
      group?.roster.apply(entries.filter((entry) => entry !== undefined));
    }
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

  /** The removal, and how its author came to be an admin, from one promotion to the other. */
  async #proveRemoval(id: GroupId, key: PublicKey): Promise<readonly Omit<Proof, 'author'>[]> {
    const { chat, archive } = this.#parts;
    const roster = chat().book.find(id)?.roster;
    const entries = roster === undefined ? [] : removalOf(roster, key);
    const proofs: Proof[] = [];
    for (const entry of entries) {
      const proof = await archive.proof(entry.id);
      if (proof === undefined) return [];
      proofs.push(proof);
    }
    return proofs;
  }

  #takeRemoval(id: GroupId, entries: readonly Entry[], word: Uint8Array): PublicKey[] {
    const { chat, self, logger, writeLocal, onRosterChanged } = this.#parts;
    const group = chat().book.find(id);
    if (group === undefined) return [];
    const { roster } = group;
    const isNew = roster.apply(entries);
    if (!isRemoved(roster, self)) {
      if (isNew) onRosterChanged();
      const removers = new Set(entries.map(({ feed }) => feed.author));
      return [...removers].filter((key) => isRemoved(roster, key));
    }
    if (!isNew) return [];
    logger.info({ group: id }, 'this node was removed from a group');
    writeLocal([{ key: removalRowPrefix + id, value: word }]).catch((error: unknown) => {
      logger.warn({ cause: String(error) }, 'the word on a removal could not be kept');
    });
    onRosterChanged();
    return [];
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

export const removalRowPrefix = 'removal/';

function isRemoved(roster: Roster, key: PublicKey): boolean {
  const remover = roster.removedBy(key);
  return remover !== undefined && remover !== key;
}

/**
 * The last removal by each who removed it, the most senior first: whom it has removed itself may have no
 * say in its own view. Each with how its author came to be an admin.
 */
function removalOf(roster: Roster, key: PublicKey): readonly Entry[] {
  const removals = new Map<PublicKey, Act>();
  for (const { act, isRemoval } of roster.personOf(key)?.ends ?? []) {
    if (isRemoval) removals.set(act.author, act);
  }
  const entries = new Set<Entry>();
  for (const author of roster.admins()) {
    const removal = removals.get(author);
    const proved = removal === undefined ? [] : provedBy(roster, removal);
    const more = proved.filter((entry) => !entries.has(entry));
    if (entries.size + more.length > removalLimits.proofsMax) break;
    for (const entry of more) entries.add(entry);
  }
  return [...entries];
}

/** The operation, and every promotion that its author's power stands on. */
function provedBy(roster: Roster, removal: Act): readonly Entry[] {
  const entries = new Set<Entry>();
  const open = [removal];
  for (let act = open.shift(); act !== undefined; act = open.shift()) {
    if (entries.has(act.entry)) continue;
    entries.add(act.entry);
    for (const { grant } of roster.personOf(act.author)?.stints ?? []) {
      if (grant !== undefined) open.push(grant);
    }
  }
  return [...entries];
}

const verdicts: Partial<Record<ErrorCode, InviteVerdict>> = {
  'already-member': 'already-member',
  'invite-expired': 'invite-expired',
  'invite-used': 'invite-used',
  'invite-revoked': 'invite-revoked',
  // The only admission that an admin alone may make.
  'not-an-admin': 'removed',
};
