// What is done with groups: made, described, joined and left, members let in and removed. Each is
// checked against the roster as it is here, and written as an operation that says what was seen.
import { saltBytes } from '../../cxo/limits.ts';
import type { FeedState } from '../../cxo/feed.ts';
import { parseGroupId, type GroupId } from '../../cxo/ids.ts';
import type { Store } from '../../cxo/store.ts';
import type { Clock, Random } from '../../env.ts';
import { SkychatError, type ErrorCode } from '../../errors.ts';
import {
  identityOfSeed,
  parsePublicKey,
  publicKeyBytes,
  type Identity,
  type PublicKey,
} from '../../identity.ts';
import type { GroupActions } from './group-actions.ts';
import type { GroupBook } from './group-book.ts';
import { readNamedGroup, type NamedGroup } from './group-names.ts';
import type { Group } from './group.ts';
import { buildInvite, type Invite } from './invite.ts';
import { findInviteNodes } from './invite-nodes.ts';
import { rosterLimits } from '../limits.ts';
import { parseName } from '../people/names.ts';
import { Offering } from './offering.ts';
import type { Writer } from '../ports.ts';
import type { Room } from '../room.ts';
import { buildGenesis, directGenesis, parseGenesis } from '../roster/genesis.ts';
import { buildOperation, type RosterChange } from '../roster/operation.ts';
import { isoOfTime } from '../time-text.ts';
import type { GroupView, InviteTermsView, InviteView, NewInviteView } from '../view.ts';
import type { Writing } from '../writing.ts';

/** Who joins groups by invites. */
export interface Joiner {
  /** @throws SkychatError `invite-altered`, `invite-expired` */
  read(link: string): Invite;
  /** Resolves when a restart would go on with it. */
  begin(link: string): Promise<Invite>;
  cancel(group: GroupId): Promise<void>;
  /** Whether it is on its way into the group. */
  isJoining(group: GroupId): boolean;
}

export interface GroupsOptions {
  readonly identity: Identity;
  readonly room: Room;
  readonly isInRoom: (key: PublicKey) => boolean;
  readonly book: GroupBook;
  readonly store: Pick<Store, 'feeds'>;
  readonly writer: Writer;
  readonly writing: Writing;
  readonly joiner: () => Joiner;
  /** `host:port` where a node can be dialed at present, this one among them. */
  readonly addressesOf: (key: PublicKey) => readonly string[];
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'bytes'>;
  /** Groups or their members are others than before. */
  readonly onChange: () => void;
  /** This node is in a group from now on: what is there counts as read. */
  readonly onEntered: (group: GroupId) => Promise<void>;
  readonly view: (group: GroupId) => Promise<GroupView>;
}

const checkTexts: Partial<Record<ErrorCode, string>> = {
  'not-a-member': 'this node is not a member of the group',
  'not-an-admin': 'this node is not an admin of the group',
  'founder-stays': 'the founder cannot be removed or demoted',
  'senior-admin': 'that admin is senior to this node',
  'unknown-member': 'that key is not a member of the group',
  'already-member': 'that key is a member of the group already',
  'unknown-invite': 'the group has no such invite',
};

export class Groups implements GroupActions {
  readonly #options: GroupsOptions;
  readonly #self: PublicKey;
  readonly #offering: Offering;

  constructor(options: GroupsOptions) {
    this.#options = options;
    this.#self = options.identity.publicKey;
    this.#offering = new Offering(options);
  }

  async create(draft: {
    readonly name: string;
    readonly encrypted: boolean;
    readonly members: readonly PublicKey[];
  }): Promise<GroupView> {
    const name = parseName(draft.name);
    const { encrypted } = draft;
    const founder = this.#self;
    const named = { name: encrypted ? '' : name, encrypted, founder };
    const group = await this.#enter(buildGenesis(named, this.#salt()).bytes);
    if (encrypted) await this.#describe(group, { name });
    const members = [...new Set(draft.members)].filter((key) => key !== founder);
    for (const key of members) await this.#issue(group, { op: 'add', key, history: false });
    await this.#offering.offer(group, members);
    return this.#options.view(group.id);
  }

  async describe(
    idOrName: string,
    changes: { readonly name?: string; readonly topic?: string },
  ): Promise<GroupView> {
    const group = this.#read(idOrName);
    const { name, topic } = changes;
    if (topic !== undefined && topic.length > rosterLimits.topicCharactersMax) {
      throw new SkychatError(
        'bad-field',
        `a topic has at most ${rosterLimits.topicCharactersMax} characters`,
      );
    }
    await this.#describe(group, {
      ...(name !== undefined && { name: parseName(name) }),
      ...(topic !== undefined && { topic }),
    });
    return this.#options.view(group.id);
  }

  async invite(
    idOrName: string,
    terms: {
      readonly expiresInS: number | null;
      readonly uses: number | null;
      readonly history: boolean;
    },
  ): Promise<NewInviteView> {
    const { identity, clock, random } = this.#options;
    const group = this.#read(idOrName);
    const { uses, history, expiresInS } = terms;
    const expires = expiresInS === null ? null : clock.now() + expiresInS * 1_000_000;
    const seed = random.bytes(32);
    const id = identityOfSeed(seed).publicKey;
    const change = { op: 'invite', invite: publicKeyBytes(id), expires, uses, history } as const;
    this.#check(group, change);
    const nodes = findInviteNodes(group.roster, this.#self, this.#options.addressesOf);
    await this.#issue(group, change);
    const { bytes: genesis, encrypted } = group.genesis;
    const name = encrypted ? group.name : undefined;
    const invite = buildInvite(identity, { genesis, nodes, expires, uses, history, seed, name });
    return { ...termsView(id, change), invite };
  }

  invites(idOrName: string): Promise<readonly InviteView[]> {
    const now = this.#options.clock.now();
    const { roster } = this.#read(idOrName);
    const views = [...roster.invites()].map(([id, invite]): InviteView => {
      const isExpired = invite.expires !== null && invite.expires <= now;
      return {
        ...termsView(id as PublicKey, invite),
        by: invite.by,
        used: invite.used,
        state: invite.state === 'open' && isExpired ? 'expired' : invite.state,
      };
    });
    return Promise.resolve(views);
  }

  async revoke(idOrName: string, invite: PublicKey): Promise<GroupView> {
    return this.#change(idOrName, { op: 'revoke', invite: publicKeyBytes(invite) });
  }

  async join(link: string): Promise<GroupView> {
    const { genesis, name } = this.#options.joiner().read(link);
    const group = await this.#enter(genesis, name);
    if (group.standing === 'active') {
      throw new SkychatError('already-member', 'this node is in that group already');
    }
    const { joiner, onChange, view } = this.#options;
    await joiner().begin(link);
    // A group that was left is named to others from now on.
    onChange();
    return view(group.id);
  }

  async add(
    idOrName: string,
    key: PublicKey,
    { history }: { readonly history: boolean },
  ): Promise<GroupView> {
    const view = await this.#change(idOrName, { op: 'add', key, history });
    await this.#offering.offer(this.#read(idOrName), [key]);
    return view;
  }

  async remove(idOrName: string, key: PublicKey): Promise<GroupView> {
    return this.#change(idOrName, { op: 'remove', key });
  }

  async promote(idOrName: string, key: PublicKey): Promise<GroupView> {
    const isNew = !this.#read(idOrName).roster.isMember(key);
    const view = await this.#change(idOrName, { op: 'promote', key });
    if (isNew) await this.#offering.offer(this.#read(idOrName), [key]);
    return view;
  }

  async demote(idOrName: string, key: PublicKey): Promise<GroupView> {
    return this.#change(idOrName, { op: 'demote', key });
  }

  async leave(idOrName: string): Promise<GroupView> {
    const { joiner, book, writer, onChange, view } = this.#options;
    const group = this.#read(idOrName);
    const { standing } = group;
    await joiner().cancel(group.id);
    if (standing === 'joining') {
      // Afterwards it is shown no more.
      const left: GroupView = { ...(await view(group.id)), state: 'left', join: null };
      await writer.writeLocal([book.unwant(group)]);
      onChange();
      return left;
    }
    return this.#change(group.id, { op: 'leave' });
  }

  async retain(
    idOrName: string,
    { ageS, bytes }: { readonly ageS: number | null; readonly bytes: number | null },
  ): Promise<GroupView> {
    return this.#change(idOrName, { op: 'retain', age_s: ageS, bytes });
  }

  /** Lets in who came with an invite; resolves when it is on disk. */
  async admit(
    id: GroupId,
    invite: PublicKey,
    key: PublicKey,
    signature: Uint8Array,
  ): Promise<void> {
    await this.#issue(this.#read(id), {
      ...{ op: 'admit', key, signature, invite: publicKeyBytes(invite) },
    });
  }

  /** The group of this node and one other, which is made where there is none. */
  async direct(text: string): Promise<GroupId> {
    const key = parsePublicKey(text);
    if (key === undefined || key === this.#self) {
      throw new SkychatError('bad-field', 'to is the public key of another node');
    }
    const genesis = directGenesis(this.#self, key);
    const known = this.#options.book.find(genesis.id);
    if (known?.isWanted === true) return known.id;
    if (this.#offering.sharedGroup(key) === undefined) {
      throw new SkychatError('unknown-member', 'that key is in no group of this node', {
        hint: 'Add it as a peer first, or join a group that it is in.',
      });
    }
    const group = await this.#enter(genesis.bytes);
    await this.#offering.offer(group, [key]);
    return group.id;
  }

  /**
   * The group that a request names, where this node can write.
   * @throws SkychatError `unknown-group`, `group-left`, `not-a-member`
   */
  readWritable(idOrName: string): GroupId {
    const { room, book } = this.#options;
    const id = this.#idOf(idOrName);
    if (id === room.id) return id;
    const standing = book.find(id)?.standing;
    if (standing === 'active') return id;
    if (standing === 'left') throw new SkychatError('group-left', 'this node has left the group');
    throw new SkychatError('not-a-member', 'this node is not a member of the group');
  }

  /** A name is looked for among all groups; an id, which a bot has, is known at once. */
  #idOf(idOrName: string): GroupId {
    const id = parseGroupId(idOrName);
    const isKnown = id !== undefined && this.#options.book.find(id)?.isShown === true;
    return isKnown ? id : readNamedGroup(idOrName, this.named());
  }

  /** Every group that a request can name: the room first. */
  named(): NamedGroup[] {
    const { room, book } = this.#options;
    const named: NamedGroup[] = [room];
    for (const { id, name, isShown } of book.groups()) {
      if (isShown) named.push({ id, name: name ?? id });
    }
    return named;
  }

  async #change(idOrName: string, change: RosterChange): Promise<GroupView> {
    const group = this.#read(idOrName);
    await this.#issue(group, change);
    return this.#options.view(group.id);
  }

  #read(idOrName: string): Group {
    const group = this.#options.book.find(this.#idOf(idOrName));
    if (group !== undefined) return group;
    throw new SkychatError('bad-field', 'the room has no roster: its members trust each other', {
      hint: 'POST /peers adds a peer to the room; POST /groups makes a group with members of its own.',
    });
  }

  async #enter(genesisBytes: Uint8Array, called?: string): Promise<Group> {
    const { book, writer, onChange, onEntered } = this.#options;
    const genesis = parseGenesis(genesisBytes);
    if (genesis === undefined) {
      throw new SkychatError('invite-altered', 'the invite names no group');
    }
    const taken = book.take(genesis, true, called);
    if (taken === undefined) {
      throw new SkychatError('too-many-requests', 'this node has as many groups as it can have');
    }
    if (taken.local.length > 0) await writer.writeLocal(taken.local);
    onChange();
    await onEntered(genesis.id);
    return taken.group;
  }

  #check(group: Group, change: RosterChange): void {
    const { clock } = this.#options;
    if (group.genesis.kind === 'direct') {
      throw new SkychatError('bad-field', 'a conversation of two has no roster');
    }
    const code = group.roster.check(change, this.#self, clock.now());
    if (code !== undefined) throw new SkychatError(code, checkTexts[code] ?? 'not allowed');
  }

  /** What was seen is said as of the moment when the operation gets its place. */
  async #issue(group: Group, change: RosterChange): Promise<void> {
    this.#check(group, change);
    const salt = this.#salt();
    await this.#options.writer.append(group.id, () => ({
      object: buildOperation({ ...change, seen: this.#seen(group, change) }, salt),
      local: [],
    }));
  }

  /** Seals the name and the topic once more, for those who could not read it. */
  async describeAgain(group: Group): Promise<void> {
    const { name, topic } = group.describe();
    await this.#describe(group, {
      ...(name !== undefined && { name }),
      ...(topic !== undefined && { topic }),
    });
  }

  async #describe(
    group: Group,
    said: { readonly name?: string; readonly topic?: string },
  ): Promise<void> {
    if (group.keys === undefined) return this.#issue(group, { op: 'describe', ...said });
    const change = { op: 'describe', sealed: new Uint8Array() } as const;
    this.#check(group, change);
    const [salt, inner] = [this.#salt(), this.#salt()];
    await this.#options.writing.appendSealed(group.id, (seal) => (place) => {
      const sealed = seal({ kind: 'describe', ...said, salt: inner }, place);
      const seen = this.#seen(group, change);
      return { object: buildOperation({ ...change, sealed, seen }, salt), local: [] };
    });
  }

  #seen(group: Group, change: RosterChange): Uint8Array {
    const own = this.#options.store.feeds().filter(({ feed }) => feed.group === group.id);
    const headsOf = (key: PublicKey) => own.filter(({ feed }) => feed.author === key).map(headOf);
    return group.roster.seenNow(headsOf, this.#self, 'key' in change ? change.key : undefined);
  }

  #salt(): Uint8Array {
    return this.#options.random.bytes(saltBytes);
  }
}

function headOf({ feed, head, tail }: FeedState): { head: number; seq: number } {
  return { head: feed.head, seq: (tail?.head ?? head).seq };
}

function termsView(
  id: PublicKey,
  {
    expires,
    uses,
    history,
  }: { readonly expires: number | null; readonly uses: number | null; readonly history: boolean },
): InviteTermsView {
  return { id, expires: expires === null ? null : isoOfTime(expires), uses, history };
}
