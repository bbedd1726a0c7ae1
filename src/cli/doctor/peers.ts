// Peers without a link: those that cannot be reached, and those that refuse.
import type { PeerView } from '../../chat/view.ts';
import { oneLine } from '../output.ts';
import type { Check, Finding } from './finding.ts';
import type { Patient } from './patient.ts';

/** Codes of /peers with which there is nothing to mend: the node dials again by itself. */
const passing = new Set(['surplus', 'peer-surplus', 'closing', 'peer-closing', 'replaced']);

/** Said by the peers themselves, or found out about who answers. */
const refusals = new Set([
  'peer-not-allowed',
  'peer-banned',
  'peer-own-key',
  'wrong-key',
  'banned',
]);

function without(patient: Patient, isWanted: (code: string) => boolean): readonly PeerView[] {
  const peers = patient.daemon?.peers ?? [];
  return peers.filter(({ state, reason_code: code }) => {
    return state !== 'connected' && typeof code === 'string' && isWanted(code);
  });
}

function nameOf({ name, pk, address }: PeerView): string {
  return `${oneLine(name ?? pk.slice(0, 8))} (${address ?? pk})`;
}

export const checkPeers: Check = (patient) => {
  const isReach = (code: string): boolean =>
    !passing.has(code) && !refusals.has(code) && !code.endsWith('version-mismatch');
  return without(patient, isReach).map((peer) => {
    const [host = '', port = ''] = /^(.*):(\d+)$/.exec(peer.address ?? '')?.slice(1) ?? [];
    return {
      what: `${nameOf(peer)} cannot be reached: ${oneLine(peer.reason ?? 'no reason is known')}`,
      fix: 'See whether the node runs there, and whether a firewall lets its port through.',
      command: host === '' ? null : `nc -vz ${host.replace(/^\[(.*)\]$/, '$1')} ${port}`,
    };
  });
};

export const checkRefused: Check = (patient) => [
  ...without(patient, (code) => refusals.has(code)).map((peer) => refusalOf(peer, patient)),
  ...strangers(patient),
];

function refusalOf(peer: PeerView, patient: Patient): Finding {
  const what = `${nameOf(peer)}: ${oneLine(peer.reason ?? 'refused')}`;
  switch (peer.reason_code ?? '') {
    case 'peer-not-allowed':
      return {
        what,
        fix: 'On the machine of the peer, name this node; then it is let in within a minute.',
        command: addressCommand(patient),
      };
    case 'wrong-key':
      return {
        what,
        fix: 'Ask the peer for its address (skychat-node id), and put it in the place of this one.',
        command: `${patient.command(`peers rm ${peer.pk}`)}; ${patient.command('peers add PK@HOST:PORT')}`,
      };
    case 'peer-own-key':
      return {
        what,
        fix: 'Two nodes have the same key: give one of them a new one before either posts.',
        command: 'skychat-node keygen NEW.key',
      };
    default:
      return {
        what,
        fix: 'It passes by itself; the logs of both nodes say what broke the protocol.',
        command: null,
      };
  }
}

/** For the other machine. */
function addressCommand({ addresses, daemon }: Patient): string {
  const [address] = addresses;
  if (address !== undefined) return `skychat-node peers add ${address}`;
  return `skychat-node run --allow ${daemon?.status.pk ?? 'PK'}`;
}

/** Keys that dial this node and that nobody here allows. */
function strangers({ daemon, command }: Patient): Finding[] {
  return (daemon?.status.strangers ?? []).map(({ pk, address }) => ({
    what: `this node refuses ${pk}, which dials it from ${address}: its key is not allowed`,
    fix: 'If it is a friend, name it here with the address of its listener, or with --allow.',
    command: command(`peers add ${pk}@HOST:PORT`),
  }));
}
