// Whether a daemon runs at all, and is ready.
import { SkychatError } from '../../errors.ts';
import { Problem } from '../failures.ts';
import { isAlive } from '../runtime-file.ts';
import type { Check, Finding } from './finding.ts';

export const checkDaemon: Check = (patient) => {
  const { daemon, absence, runtime, storeFailure, config } = patient;
  if (daemon !== undefined) {
    if (daemon.notReady === undefined) return [];
    return [
      {
        what: `the daemon is not ready: ${daemon.notReady}`,
        fix: 'Wait while it starts or closes; its log says what holds it up.',
        command: patient.command('status'),
      },
    ];
  }
  if (absence instanceof Problem) return [refused(patient.command('status'), absence)];
  if (storeFailure?.code === 'data-locked') {
    return [
      {
        what: `another process holds ${config.data}, and does not answer`,
        fix: 'Find it and end it; it may be hung, or be another command of this program.',
        command: `fuser -v ${config.data}/lock`,
      },
    ];
  }
  if (runtime !== undefined && !isAlive(runtime)) {
    return [
      {
        what: `the daemon of ${config.data} is gone: process ${runtime.pid} ended without closing`,
        fix: 'Start it again; the end of its log says why it ended. Nothing acknowledged is lost.',
        command: patient.command('run'),
      },
    ];
  }
  const hint = absence instanceof SkychatError ? absence.message : 'no daemon answers';
  return [
    {
      what: hint,
      fix: 'Start one, or name it with --data or --http.',
      command: patient.command('run'),
    },
  ];
};

function refused(command: string, { message, status }: Problem): Finding {
  const fix =
    status === 401
      ? 'Give --http-token-file with the file of the token.'
      : 'Call it by a name that it knows: localhost, its address, or one of --allow-host.';
  return { what: `the daemon refuses this program: ${message}`, fix, command };
}
