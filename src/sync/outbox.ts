// Gathers the effects of one event, and counts what was refused or dropped and why.
import type { PublicKey } from '../identity.ts';
import type { Effect } from './events.ts';
import { encodeFrame } from './frame-codec.ts';
import type { Frame } from './frames.ts';
import type { Session } from './session.ts';

/** Everything that the gossip refuses or drops has one of these names. */
export const dropReasons = [
  'bad-frame',
  'bad-segment',
  'bad-object',
  'bad-receipt',
  'bad-root',
  'bad-signature',
  'bad-fork-proof',
  'compare-excess',
  'duplicate',
  'gap',
  'forked',
  'held-full',
  'not-a-member',
  'removed',
  'too-many-groups',
  'not-greeted',
  'object-missing',
  'old-receipt',
  'pending-full',
  'stalled',
  'too-many-feeds',
  'too-many-heads',
  'too-many-receipts',
  'unknown-frame',
  'unknown-group',
  'unread',
  'window-exceeded',
] as const;
export type DropReason = (typeof dropReasons)[number];

export class Outbox {
  #effects: Effect[] = [];
  readonly #counters = new Map<DropReason, number>();

  add(effect: Effect): void {
    this.#effects.push(effect);
  }

  send(session: Session, frame: Frame): void {
    this.add({ type: 'send', link: session.link, frame: encodeFrame(frame) });
  }

  warn(message: string, fields: Readonly<Record<string, string | number>>): void {
    this.add({ type: 'log', level: 'warn', message, fields });
  }

  count(reason: DropReason): void {
    this.#counters.set(reason, (this.#counters.get(reason) ?? 0) + 1);
  }

  /** Counts, names and bounds what a peer does against the protocol. */
  offence(session: Session, reason: DropReason, now: number, fatal = false): void {
    this.count(reason);
    this.charge(session, reason, now, fatal);
  }

  charge(session: Session, reason: DropReason, now: number, fatal = false): void {
    this.warn('a peer broke the protocol', { peer: session.peer, reason });
    if (!session.offend(now) && !fatal) return;
    session.banned = true;
    this.close(session.link, session.peer, reason, true);
  }

  close(link: number, peer: PublicKey, reason: string, ban: boolean): void {
    this.add({ type: 'close', link, peer, reason, ban });
  }

  take(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  counters(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counters);
  }
}
