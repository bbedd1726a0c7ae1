// Which peers were asked for a part of a feed and do not send it. Knows nothing of what becomes of it.
import { syncLimits } from './limits.ts';
import type { Replica } from './replica.ts';
import type { Session } from './session.ts';
import type { Stretch, Stretches } from './stretches.ts';

export interface Stalled {
  readonly stretch: Stretch;
  /** Undefined where the link is gone. */
  readonly session: Session | undefined;
}

/** Those that are due and have no excuse; the others are looked at again later. */
export function takeStalled(
  stretches: Stretches,
  sessions: ReadonlyMap<number, Session>,
  replica: Replica,
  now: number,
): Stalled[] {
  const stalled: Stalled[] = [];
  for (const stretch of stretches.due(now)) {
    const session = sessions.get(stretch.link);
    const early = stretches.earlyCredit(stretch.link);
    if (session !== undefined && isExcused(stretch, session, early, replica, now)) {
      stretches.touch(stretch, now);
    } else stalled.push({ stretch, session });
  }
  return stalled;
}

/** What waits for this node's own disk is not the peer's fault; feeds also wait for each other. */
function isExcused(
  { key, progressAt }: Stretch,
  session: Session,
  early: number,
  replica: Replica,
  now: number,
): boolean {
  const feed = replica.findByKey(key);
  if (session.pending > early) return true;
  if (feed !== undefined && feed.tip !== feed.stored) return true;
  return !isSilent(session, now) && progressAt + syncLimits.turnMsMax > now;
}

export function isSilent(session: Session, now: number): boolean {
  return session.progressAt + syncLimits.stallMs <= now;
}
