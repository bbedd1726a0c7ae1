// Which groups the two ends of a link have in common: told in the hello, and as groups, or members
// of them, come and go while the link is open.
import type { GroupId } from '../cxo/ids.ts';
import type { Comparison } from './comparison.ts';
import type { Event, Now } from './events.ts';
import { protocolVersion, type Frame, type GroupTag } from './frames.ts';
import type { Groups } from './groups.ts';
import { syncLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import { Session } from './session.ts';

export interface IntroductionsParts {
  /** Named to peers, for the people who look into a mixed mesh. */
  readonly agent: string;
  readonly groups: Groups;
  readonly comparison: Comparison;
  readonly outbox: Outbox;
}

export class Introductions {
  readonly #parts: IntroductionsParts;

  constructor(parts: IntroductionsParts) {
    this.#parts = parts;
  }

  /** A new link: its session, and the hello. */
  open(event: Extract<Event, { type: 'opened' }>, now: Now): Session {
    const { outbox, agent } = this.#parts;
    const groups = this.#groupsFor(event.peer).slice(0, syncLimits.groupsMax);
    const session = new Session({ ...event, groups, openedAt: now.mono });
    outbox.send(session, {
      type: 'hello',
      version: protocolVersion,
      agent,
      groups: this.#tagsOf(session, groups),
      window: syncLimits.windowBytes,
    });
    return session;
  }

  greet(session: Session, frame: Extract<Frame, { type: 'hello' }>, now: Now): void {
    const { outbox, comparison } = this.#parts;
    if (frame.version !== protocolVersion) {
      outbox.close(session.link, session.peer, 'version-mismatch', false);
      return;
    }
    if (session.greeted) return;
    session.greet(frame.window, frame.agent);
    comparison.greeted(session, frame.groups, session.hear(frame.groups), now);
  }

  /** The peer names further groups. */
  heard(session: Session, { groups }: Extract<Frame, { type: 'groups' }>, now: Now): void {
    const { outbox, comparison } = this.#parts;
    if (session.heard + groups.length > syncLimits.groupsMax) outbox.count('too-many-groups');
    else comparison.greeted(session, groups, session.hear(groups), now);
  }

  /** Other groups, or other members: what each peer may be told of is told, or told no more. */
  review(session: Session, now: Now): void {
    const { outbox, comparison } = this.#parts;
    const wanted = this.#groupsFor(session.peer);
    const isWanted = new Set(wanted);
    for (const group of session.named()) if (!isWanted.has(group)) session.withdraw(group);
    const room = syncLimits.groupsMax - session.namedCount;
    const { named, shared } = session.name(wanted, room);
    if (named.length > 0) {
      outbox.send(session, { type: 'groups', groups: this.#tagsOf(session, named) });
    }
    for (const group of shared) comparison.begin(session, group, now);
  }

  #groupsFor(peer: Session['peer']): GroupId[] {
    const { groups } = this.#parts;
    return groups.all().filter((group) => groups.shares(group, peer));
  }

  #tagsOf(session: Session, groups: readonly GroupId[]): GroupTag[] {
    const { comparison } = this.#parts;
    return groups.map((group) => ({
      tag: session.tag(group),
      fingerprint: comparison.fingerprint(session, group),
    }));
  }
}
