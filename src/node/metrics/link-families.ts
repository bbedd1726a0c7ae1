// Metrics of peers and of the links to them.
import type { PeerState, PeerStatus } from '../../net/peer.ts';
import { peersShownMax } from './limits.ts';
import { counter, counters, gauge, type Family, type Sample, type Snapshot } from './family.ts';

const states: readonly PeerStatus[] = ['connected', 'dialing', 'waiting', 'refused'];

/** Peers that have series of their own: those with a link first, then in the order of their keys. */
function shown({ peers }: Snapshot): readonly PeerState[] {
  const rank = ({ state }: PeerState): number => (state === 'connected' ? 0 : 1);
  return [...peers]
    .sort((a, b) => rank(a) - rank(b) || (a.pk < b.pk ? -1 : 1))
    .slice(0, peersShownMax);
}

/** A sample for each peer of which there is a value. */
function ofPeers(
  name: string,
  help: string,
  read: (peer: PeerState, snapshot: Snapshot) => number | undefined,
): Family {
  return {
    ...{ name, help, type: 'gauge', labels: ['peer'] },
    read: (at) =>
      shown(at).flatMap((peer): Sample[] => {
        const value = read(peer, at);
        return value === undefined ? [] : [{ value, labels: { peer: peer.pk } }];
      }),
  };
}

const peerFamilies: readonly Family[] = [
  {
    ...{ name: 'skychat_peers', help: 'Known peers by the state of their link.' },
    ...{ type: 'gauge', labels: ['state'] },
    read: ({ peers }) =>
      states.map((state) => ({
        value: peers.filter((peer) => peer.state === state).length,
        labels: { state },
      })),
  },
  gauge(
    'skychat_peers_unlisted',
    `Known peers beyond the ${peersShownMax} that have series of their own.`,
    ({ peers }) => Math.max(0, peers.length - peersShownMax),
  ),
  ofPeers('skychat_peer_connected', 'Whether there is a link to the peer: 1 or 0.', ({ state }) =>
    state === 'connected' ? 1 : 0,
  ),
  ofPeers(
    'skychat_peer_rtt_seconds',
    'Round trip of the latest keepalive, at most 15 s old.',
    ({ link }) => {
      const rttMs = link?.stats().rttMs;
      return rttMs === undefined ? undefined : rttMs / 1000;
    },
  ),
  ofPeers(
    'skychat_peer_last_inbound_timestamp_seconds',
    'Time of the latest frame from the peer, while there is a link.',
    ({ link }) => (link === undefined ? undefined : link.stats().lastInbound / 1e6),
  ),
  ofPeers(
    'skychat_peer_behind_messages',
    'Messages that the peer has and this node has not.',
    ({ pk }, { lagOf }) => lagOf(pk).behind,
  ),
  ofPeers(
    'skychat_peer_ahead_messages',
    'Messages that this node has and the peer is not known to have.',
    ({ pk }, { lagOf }) => lagOf(pk).ahead,
  ),
  ofPeers(
    'skychat_peer_send_queue_bytes',
    'Bytes that wait for the peer to take them; at 4 MiB the link ends.',
    ({ link }) => link?.stats().queuedBytes,
  ),
];

export const linkFamilies: readonly Family[] = [
  ...peerFamilies,
  counter(
    'skychat_links_opened_total',
    'Links made, dialed and accepted; many of them mean that links break.',
    ({ network }) => network.linksOpened,
  ),
  counter(
    'skychat_link_received_bytes_total',
    'Bytes received over all links, encrypted.',
    ({ network }) => network.bytesIn,
  ),
  counter(
    'skychat_link_sent_bytes_total',
    'Bytes sent over all links, encrypted.',
    ({ network }) => network.bytesOut,
  ),
  counter(
    'skychat_link_received_frames_total',
    'Frames received over all links.',
    ({ network }) => network.framesIn,
  ),
  counter(
    'skychat_link_sent_frames_total',
    'Frames sent over all links.',
    ({ network }) => network.framesOut,
  ),
  gauge(
    'skychat_link_send_queue_bytes',
    'Bytes that wait on all links for peers to take them.',
    ({ network }) => network.queuedBytes,
  ),
  gauge(
    'skychat_handshakes_in_progress',
    'Inbound connections that have not proved a key yet; at most 64.',
    ({ network }) => network.handshakes,
  ),
  counters(
    'skychat_link_faults_total',
    'What went wrong with dials, handshakes and links, by reason.',
    'reason',
    ({ faults }) => Object.entries(faults),
  ),
  counter(
    'skychat_bans_total',
    'Bans of peers that broke the protocol.',
    ({ network }) => network.bansGiven,
  ),
  gauge('skychat_banned_keys', 'Keys that are banned now.', ({ network }) => network.banned),
  counters(
    'skychat_door_refused_total',
    'What was refused of those who ask to be let into a group, by reason.',
    'reason',
    ({ door }) => Object.entries(door),
  ),
];
