// The groups that this node joins by an invite: which are joined, kept over restarts, and which links
// lead to a member. Knows nothing of rosters; each joining by itself is src/node/join.ts.
import { parseUtf8, utf8 } from '../bytes.ts';
import { parseInvite, type Invite } from '../chat/groups/invite.ts';
import type { JoinView } from '../chat/view.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { LocalChange, LocalRow } from '../cxo/store.ts';
import type { Clock, Random, Timers } from '../env.ts';
import { SkychatError } from '../errors.ts';
import type { PublicKey } from '../identity.ts';
import type { FailedDial } from '../net/peer.ts';
import type { Endpoint, Link, LinkHandler } from '../net/transport.ts';
import { doorFrames, parseAnswer } from './door-frames.ts';
import { joiningLimits } from './door-limits.ts';
import { Join, type JoinProgress } from './join.ts';

export const joinRowPrefix = 'join/';

export interface JoiningPorts {
  readonly self: PublicKey;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'unit'>;
  readonly timers: Timers;
  /** Dials the key once, at each endpoint until one answers; `tried` or a link follows. */
  dial(key: PublicKey, endpoints: readonly Endpoint[]): void;
  progress(group: GroupId): JoinProgress;
  /** Resolves when the rows are on disk. */
  writeLocal(changes: readonly LocalChange[]): Promise<void>;
  /** A joining has changed its state, or is over. */
  onChange(group: GroupId): void;
  /** Hands a link on to the gossip. */
  open(link: Link): LinkHandler;
}

export class Joining {
  readonly #ports: JoiningPorts;
  readonly #joins = new Map<GroupId, Join>();
  /** By the key of the other end. */
  readonly #links = new Map<PublicKey, Link>();

  constructor(ports: JoiningPorts) {
    this.#ports = ports;
  }

  /** Goes on with what was begun before a restart. Gives the invites, whose groups have to be known. */
  restore(rows: readonly LocalRow[]): readonly Invite[] {
    const invites: Invite[] = [];
    for (const { value } of rows) {
      const invite = parseInvite(parseUtf8(value) ?? '');
      if (invite === 'invite-altered' || this.#joins.size >= joiningLimits.joinsMax) continue;
      this.#joins.set(invite.group, this.#join(invite));
      invites.push(invite);
    }
    return invites;
  }

  /** To be called once links can be dialed. */
  resume(): void {
    for (const join of this.#joins.values()) join.start();
  }

  /**
   * Begins to join; an earlier joining of the same group gives way. Resolves when a restart would go
   * on with it.
   * @throws SkychatError `invite-altered`, `invite-expired`, `too-many-requests`
   */
  async begin(link: string): Promise<Invite> {
    const invite = this.read(link);
    const earlier = this.#joins.get(invite.group);
    if (earlier === undefined && this.#joins.size >= joiningLimits.joinsMax) {
      throw new SkychatError('too-many-requests', 'too many groups are being joined', {
        hint: 'Leave those that cannot be joined.',
      });
    }
    const value = utf8(link.trim());
    await this.#ports.writeLocal([{ key: joinRowPrefix + invite.group, value }]);
    this.#joins.get(invite.group)?.close();
    const join = this.#join(invite);
    this.#joins.set(invite.group, join);
    join.start();
    return invite;
  }

  /**
   * What an invite says, where it may be used.
   * @throws SkychatError `invite-altered`, `invite-expired`
   */
  read(link: string): Invite {
    const invite = parseInvite(link);
    if (invite === 'invite-altered') {
      throw new SkychatError('invite-altered', 'the invite is not as its admin signed it');
    }
    if (invite.expires !== null && invite.expires <= this.#ports.clock.now()) {
      throw new SkychatError('invite-expired', 'the invite has expired');
    }
    return invite;
  }

  /** Ends the joining of a group, where there is one. */
  async cancel(group: GroupId): Promise<void> {
    const join = this.#joins.get(group);
    if (join === undefined) return;
    join.close();
    this.#joins.delete(group);
    await this.#forget(group);
  }

  view(group: GroupId): JoinView | undefined {
    return this.#joins.get(group)?.view();
  }

  isJoining(group: GroupId): boolean {
    return this.#joins.get(group)?.isOver === false;
  }

  /** Whether the key is of a node that an invite names: it may have a link. */
  isSought(key: PublicKey): boolean {
    for (const join of this.#joins.values()) if (join.seeks(key)) return true;
    return false;
  }

  openLink(link: Link): LinkHandler {
    const handler = this.#ports.open(link);
    this.#links.set(link.peer, link);
    // The link's owner has to have its handler first; and the hello goes before the knock.
    queueMicrotask(() => {
      if (this.#links.get(link.peer) !== link) return;
      for (const join of this.#joins.values()) join.linked(link);
    });
    return {
      onFrame: (type, payload) => {
        if (type === doorFrames.answer) this.#answered(link, payload);
        else handler.onFrame(type, payload);
      },
      onDrain: () => {
        handler.onDrain();
      },
      onClose: (reason) => {
        if (this.#links.get(link.peer) === link) this.#links.delete(link.peer);
        for (const join of this.#joins.values()) join.unlinked(link, reason);
        handler.onClose(reason);
      },
    };
  }

  /** A dial has come to nothing. */
  tried(key: PublicKey, failed: readonly FailedDial[], refusal: string | undefined): void {
    for (const join of this.#joins.values()) join.tried(key, failed, refusal);
  }

  /** To be called when messages have arrived, or members have changed. */
  progressed(): void {
    for (const join of this.#joins.values()) join.look();
  }

  close(): void {
    for (const join of this.#joins.values()) join.close();
  }

  #answered(link: Link, payload: Uint8Array): void {
    const answer = parseAnswer(payload);
    // What nobody asked for is nobody's business.
    if (answer !== undefined) {
      for (const join of this.#joins.values()) join.answered(link, answer);
    }
  }

  #join(invite: Invite): Join {
    const { group } = invite;
    const join: Join = new Join(invite, {
      ...this.#ports,
      links: () => this.#links.values(),
      progress: () => this.#ports.progress(group),
      onChange: () => {
        if (this.#joins.get(group) === join) this.#changed(join);
      },
    });
    return join;
  }

  /**
   * One that is done is forgotten; one that failed is shown until it is cancelled or begun anew, and
   * is asked for once more after a restart.
   */
  #changed(join: Join): void {
    const { group } = join.invite;
    if (join.view().state === 'done') {
      this.#joins.delete(group);
      // Where it cannot be written, a restart finds out once more that it is done.
      this.#forget(group).catch(() => undefined);
    }
    this.#ports.onChange(group);
  }

  #forget(group: GroupId): Promise<void> {
    return this.#ports.writeLocal([{ key: joinRowPrefix + group, value: undefined }]);
  }
}
