// Whether there is anybody to talk to, and whether anybody could come.
import type { Check, Finding } from './finding.ts';
import type { Daemon, Patient } from './patient.ts';

export const checkNobody: Check = (patient) => {
  const { daemon, config } = patient;
  if (daemon === undefined || daemon.status.peers.connected > 0) return [];
  const { listen } = daemon.status;
  const findings: Finding[] = [];
  if (daemon.peers.length === 0 && !config.open) findings.push(noPeers(patient, daemon));
  if (listen === null && daemon.peers.length === 0) {
    findings.push({
      what: 'the node only dials, and knows nobody to dial',
      fix: 'Start it without --no-listen, or give it a peer that listens.',
      command: patient.command('peers add PK@HOST:PORT'),
    });
  }
  if (listen !== null && isLoopback(listen)) {
    findings.push({
      what: `the node listens on ${listen}, which other machines cannot reach`,
      fix: 'Start it with --listen 0.0.0.0:8870, or with an address of the network.',
      command: null,
    });
  }
  return findings;
};

function noPeers(patient: Patient, { status }: Daemon): Finding {
  return {
    what: 'nobody is connected, and the node knows no peers',
    fix: `Name the key of the other side here and ${status.pk} there; one of the two has to be dialed.`,
    command: patient.command('peers add PK@HOST:PORT'),
  };
}

function isLoopback(listen: string): boolean {
  return /^(127\.|localhost:|\[::1\])/.test(listen);
}
