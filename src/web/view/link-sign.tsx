// Whether the node is there, and whether it has what the others have: in words.
import { useEffect, useState } from 'preact/hooks';
import { after, now } from '../env.ts';
import { clockTime, span } from '../model/times.ts';
import { link, status } from '../state/node.ts';
import { retry } from '../state/live.ts';
import { outbox } from '../state/outbox.ts';

/** Counts on, so that what says "for 4 s" stays true. */
function useSeconds(isRunning: boolean): void {
  const [, setTick] = useState(0);
  useEffect(() => {
    if (!isRunning) return undefined;
    let cancel = (): void => undefined;
    const tick = (): void => {
      cancel = after(1000, () => {
        setTick(now());
        tick();
      });
    };
    tick();
    return () => {
      cancel();
    };
  }, [isRunning]);
}

export function LinkSign() {
  const state = link.value;
  useSeconds(state.kind === 'unreachable');
  const waiting = outbox.value.filter(({ refusal }) => refusal === null).length;
  if (state.kind === 'unreachable') {
    const since = new Date(state.since).toISOString();
    return (
      <div class="link-sign away" role="status">
        <b>{`Node not reachable since ${clockTime(since)}`}</b>
        <span>
          {`${span(now() - state.since)} · comes back by itself`}
          {waiting > 0 && ` · ${waiting} waiting to be sent`}
        </span>
        <button type="button" class="small" onClick={retry}>
          Try now
        </button>
      </div>
    );
  }
  if (state.kind === 'connecting') {
    return (
      <div class="link-sign" role="status">
        <b>Connecting…</b>
      </div>
    );
  }
  const sync = status.value?.sync;
  if (sync === undefined || sync.behind === 0) return <div class="hidden" role="status" />;
  const rate = sync.per_s > 0 ? ` · ${Math.round(sync.per_s)}/s` : '';
  const left = sync.eta_s === null ? '' : ` · ${span(sync.eta_s * 1000)} left`;
  return (
    <div class="link-sign behind" role="status">
      <b>{`Behind by ${sync.behind.toLocaleString()} ${sync.behind === 1 ? 'message' : 'messages'}`}</b>
      <span>{sync.reason ?? `catching up${rate}${left}`}</span>
      <progress value={sync.have} max={sync.of} aria-label="Messages that are here" />
    </div>
  );
}
