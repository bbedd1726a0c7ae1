// How the catching up of history is shown: the engine's progress in the fields of /status, and in
// words why nothing comes. Pure; knows nothing of HTTP or links.
import { isoOfTime } from '../chat/time-text.ts';
import type { SyncView } from '../chat/view.ts';
import type { ErrorCode } from '../errors.ts';
import type { PublicKey } from '../identity.ts';
import type { ProgressView } from '../sync/progress.ts';

/** What is asked only where it is needed. */
export interface SyncContext {
  readonly nameOf: (peer: PublicKey) => string | null;
  readonly connected: () => number;
  /** Of what is missing, the messages that linked peers have. */
  readonly behindOfLinked: () => number;
  /** Why the latest commit failed. */
  readonly writeFailure: ErrorCode | undefined;
}

/** Sources shown; the fastest of them. */
const sourcesMax = 16;

const nobody = 'no peer is connected';

export function buildSyncView(progress: ProgressView, context: SyncContext): SyncView {
  const { have, total, behind, ratePerS, etaS, sources, since, stalled } = progress;
  const shown = sources.slice(0, sourcesMax);
  return {
    state: behind === 0 ? 'in-sync' : stalled ? 'waiting' : 'syncing',
    reason: stalled ? reasonOf(context) : behind === 0 ? doubtOf(context) : null,
    ...{ have, of: total, behind },
    per_s: oneDecimal(ratePerS),
    eta_s: etaS === undefined ? null : Math.ceil(etaS * 10) / 10,
    sources: shown.map(({ peer, ratePerS: rate, messages }) => ({
      ...{ pk: peer, name: context.nameOf(peer), per_s: oneDecimal(rate), messages },
    })),
    since: since === undefined ? null : isoOfTime(since),
  };
}

/** Nothing is known to be missing where nobody is there to tell. */
function doubtOf({ connected }: SyncContext): string | null {
  return connected() === 0 ? nobody : null;
}

function reasonOf({ connected, behindOfLinked, writeFailure }: SyncContext): string {
  if (writeFailure === 'disk-full') return 'the disk is full';
  if (writeFailure !== undefined) return 'the store cannot be written';
  if (connected() === 0) return nobody;
  if (behindOfLinked() === 0) return 'no connected peer has what is missing';
  return 'the connected peers that have it have sent nothing that could be kept';
}

function oneDecimal(value: number): number {
  return Math.round(value * 10) / 10;
}
