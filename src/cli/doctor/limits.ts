// Bounds that were met of late, and counters that stand at 0 in a healthy mesh.
import type { Check, Finding } from './finding.ts';

type Advice = readonly [what: string, fix: string];

const ofRefused: Readonly<Record<string, Advice>> = {
  banned: ['a peer that broke the protocol was banned', 'Its log and this one say what it sent.'],
  'own-key': [
    "another node uses this node's key, or it dialed itself",
    'Stop one of the two before either posts: the feed of the key would be frozen.',
  ],
  'too-many-connections': [
    'too many unknown connections came at once',
    'A firewall can hold them off.',
  ],
  'too-many-connections-of-address': [
    'too many unknown connections came from one address',
    'See in the log which one; a firewall can hold it off.',
  ],
  'too-many-links': [
    'there were more links than a node keeps',
    'Add nodes; each keeps 512 at most.',
  ],
  'too-many-requests': [
    'HTTP callers were put off',
    'See which of them opens streams without closing them; 512 are kept.',
  ],
  'guests-full': ['too many joined at once', 'They try again by themselves.'],
};

const ofDropped: Readonly<Record<string, Advice>> = {
  'pending-full': [
    'history came faster than the disk takes it',
    'It is asked for again; look at the disk.',
  ],
  'held-full': ['too many messages came from clocks that are ahead', 'Set those clocks right.'],
  'too-many-feeds': ['a peer announced more feeds than are kept', 'See in the log which peer.'],
  'too-many-heads': [
    'a key began more feeds than are kept',
    'Its node starts over again and again.',
  ],
  'too-many-groups': ['a peer named more groups than are kept', 'See in the log which peer.'],
  'window-exceeded': [
    'a peer sent more than it was allowed',
    'See in the log which peer; it is banned.',
  ],
  'bad-signature': ['a peer sent what does not verify', 'See in the log which peer; it is banned.'],
  'bad-root': ['a peer sent what does not verify', 'See in the log which peer; it is banned.'],
  'bad-object': ['a peer sent what does not verify', 'See in the log which peer; it is banned.'],
  'bad-segment': ['a peer sent what does not verify', 'See in the log which peer; it is banned.'],
};

export const checkLimits: Check = (patient) => {
  if (patient.daemon === undefined) return [];
  const { counters } = patient.daemon.status;
  // A daemon of an older version has none.
  const recent = counters.recent as typeof counters.recent | undefined;
  const { refused, dropped } = recent ?? counters;
  const span = recent === undefined ? 'since the start' : `in the last ${recent.minutes} minutes`;
  const command = patient.command('status');
  const findings: Finding[] = [
    ...advise(refused, ofRefused, command, span),
    ...advise(dropped, ofDropped, command, span),
  ];
  const { forks } = counters;
  if (forks > 0) {
    findings.push({
      what: `${forks} feeds are frozen: their keys signed two histories`,
      fix: 'One key runs on two machines, or an old backup was posted on. Their authors go on in new feeds.',
      command: patient.command('history --json'),
    });
  }
  return findings;
};

function advise(
  counts: Readonly<Record<string, number>>,
  table: Readonly<Record<string, Advice>>,
  command: string,
  span: string,
): Finding[] {
  return Object.entries(counts).flatMap(([reason, count]) => {
    const advice = count > 0 ? table[reason] : undefined;
    if (advice === undefined) return [];
    const [what, fix] = advice;
    return [{ what: `${what} (${reason}: ${count} ${span})`, fix, command }];
  });
}
