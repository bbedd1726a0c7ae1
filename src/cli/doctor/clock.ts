// The clock of this machine against everything that shows another's. A clock that is behind shows
// nowhere for certain: what its node writes could as well be old.
import { oneLine } from '../output.ts';
import { clockSkewMs } from '../limits.ts';
import type { Check, Finding } from './finding.ts';
import type { Patient } from './patient.ts';

const setIt = 'Set the clocks by the network (NTP), on this machine and on the other.';
const command = 'timedatectl status';

export const checkClock: Check = (patient) => {
  const findings = [...ofDaemon(patient), ...ofMembers(patient), ...ofThisNode(patient)];
  const held = patient.daemon?.status.counters.held ?? 0;
  if (held === 0 || findings.length > 0) return findings;
  const what = `${held} messages are kept back: they were written by a clock that is minutes ahead`;
  return [{ what, fix: setIt, command }];
};

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

function ofDaemon({ daemon }: Patient): Finding[] {
  const ms = daemon?.clockAheadMs ?? 0;
  if (Math.abs(ms) < clockSkewMs) return [];
  const where = ms > 0 ? 'ahead of' : 'behind';
  return [
    {
      what: `the daemon's clock is ${seconds(Math.abs(ms))} ${where} this one`,
      fix: setIt,
      command,
    },
  ];
}

/** Nobody writes in the future: who seems to has a clock that is ahead, or this one is behind. */
function ofMembers({ daemon, now }: Patient): Finding[] {
  const ahead = new Map<string, number>();
  for (const { author, time, last_inbound: inbound } of daemon?.feeds ?? []) {
    if (author === daemon?.status.pk || typeof time !== 'string') continue;
    const ms = Date.parse(time) - (inbound === null ? now / 1000 : Date.parse(inbound));
    if (ms >= clockSkewMs) ahead.set(author, Math.max(ms, ahead.get(author) ?? 0));
  }
  const [first] = ahead;
  if (first === undefined) return [];
  const most = seconds(Math.max(...ahead.values()));
  if (ahead.size > 1) {
    const what = `the clocks of ${ahead.size} members are up to ${most} ahead of this one: it is behind`;
    return [{ what, fix: setIt, command }];
  }
  const [author] = first;
  const name = daemon?.peers.find(({ pk }) => pk === author)?.name ?? author.slice(0, 8);
  const what = `the clock of ${oneLine(name)} is ${most} ahead of this one: one of the two is wrong`;
  return [{ what, fix: setIt, command }];
}

function ofThisNode({ daemon, store, now }: Patient): Finding[] {
  const own = daemon?.feeds.filter(({ author }) => author === daemon.status.pk) ?? [];
  const times = own.flatMap(({ time }) => (typeof time === 'string' ? Date.parse(time) : []));
  const latest = Math.max(...times, (store?.latestOwn ?? 0) / 1000);
  const ms = latest - now / 1000;
  if (ms < clockSkewMs) return [];
  const what = `this machine's clock is ${seconds(ms)} before this node's own latest message`;
  const fix = 'The clock was set back, or was ahead before. Set it by the network (NTP).';
  return [{ what, fix, command }];
}
