// Programs that do not understand each other: this one, the daemon's, and those of the peers.
import { version } from '../../version.ts';
import { oneLine } from '../output.ts';
import type { Check, Finding } from './finding.ts';
import type { Patient } from './patient.ts';

export const checkVersions: Check = (patient) => [
  ...ofDaemon(patient),
  ...ofStore(patient),
  ...ofPeers(patient),
  ...ofProtocol(patient),
];

/** Before 1.0 every second number may be another protocol. */
function lineOf(text: string): string | undefined {
  return /^(?:skychat-node\/)?(\d+\.\d+)\./.exec(text)?.[1];
}

function ofDaemon({ daemon }: Patient): Finding[] {
  const running = daemon?.status.version ?? version;
  if (running === version) return [];
  return [
    {
      what: `the daemon is version ${running}, and this program is ${version}`,
      fix: 'Start the daemon again after an upgrade.',
      command: 'systemctl restart skychat-node',
    },
  ];
}

function ofStore({ storeFailure }: Patient): Finding[] {
  if (storeFailure?.code !== 'store-newer') return [];
  const fix = 'Run the version that wrote it, or a later one.';
  return [{ what: storeFailure.message, fix, command: null }];
}

function ofPeers({ daemon }: Patient): Finding[] {
  return (daemon?.peers ?? []).flatMap(({ pk, name, agent }) => {
    if (typeof agent !== 'string' || lineOf(agent) === lineOf(version)) return [];
    return [
      {
        what: `${oneLine(name ?? pk.slice(0, 8))} runs ${oneLine(agent)}, and this node ${version}`,
        fix: 'Upgrade the older of the two.',
        command: null,
      },
    ];
  });
}

function ofProtocol({ daemon }: Patient): Finding[] {
  const codes = ['version-mismatch', 'peer-version-mismatch'];
  return (daemon?.peers ?? [])
    .filter(({ reason_code: code }) => codes.includes(code ?? ''))
    .map(({ pk, name, address }) => ({
      what: `${oneLine(name ?? pk.slice(0, 8))} (${address ?? pk}) speaks another version of the protocol`,
      fix: 'Upgrade the older of the two.',
      command: null,
    }));
}
