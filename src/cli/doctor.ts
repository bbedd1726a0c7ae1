// `doctor`: looks for the faults that a node most often has, and says of each what to do.
import { Command } from 'commander';
import type { Act, Call } from './call.ts';
import { checkClock } from './doctor/clock.ts';
import { checkDaemon } from './doctor/daemon.ts';
import { checkDisk } from './doctor/disk.ts';
import { checkNames, type Check, type CheckName, type Finding } from './doctor/finding.ts';
import { checkKey } from './doctor/key.ts';
import { checkLimits } from './doctor/limits.ts';
import { checkNobody } from './doctor/nobody.ts';
import { findPatient, type Patient } from './doctor/patient.ts';
import { checkPeers, checkRefused } from './doctor/peers.ts';
import { checkPorts } from './doctor/ports.ts';
import { checkStore } from './doctor/store.ts';
import { checkVersions } from './doctor/versions.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { addExamples, addRunOptions } from './options.ts';

const checks: Readonly<Record<CheckName, Check>> = {
  daemon: checkDaemon,
  key: checkKey,
  disk: checkDisk,
  store: checkStore,
  ports: checkPorts,
  nobody: checkNobody,
  peers: checkPeers,
  refused: checkRefused,
  clock: checkClock,
  limits: checkLimits,
  version: checkVersions,
};

/** What each check found to be in order, in words. */
const fine: Readonly<Record<CheckName, string>> = {
  daemon: 'it runs and is ready',
  key: 'it is there, and its owner alone can read it',
  disk: 'there is room, and leave to write',
  store: 'no damage has shown itself',
  ports: 'they answer, or are free',
  nobody: 'somebody is there, or can come',
  peers: 'all can be reached',
  refused: 'nobody refuses anybody',
  clock: 'no other clock contradicts it',
  limits: 'none was met',
  version: 'all understand each other',
};

export function doctorCommand(act: Act): Command {
  const command = new Command('doctor')
    .description('look for the most likely faults, and say what to do')
    .action(act(doctor));
  return addExamples(
    addRunOptions(command),
    'skychat-node doctor',
    'skychat-node doctor --data /var/lib/skychat-node --json',
  );
}

interface Checked {
  readonly check: CheckName;
  readonly findings: readonly Finding[];
}

async function doctor(call: Call): Promise<ExitCode> {
  const patient = await findPatient(call);
  const checked: Checked[] = [];
  for (const check of checkNames) {
    checked.push({ check, findings: await checks[check](patient) });
  }
  await (call.flag('json')
    ? call.out.json(viewOf(patient, checked))
    : printAll(call, patient, checked));
  const isHealthy = checked.every(({ findings }) => findings.length === 0);
  return isHealthy ? exitCodes.done : exitCodes.failed;
}

/** What only a daemon can tell is not looked at without one. */
function isLookedAt({ daemon }: Patient, check: CheckName): boolean {
  return daemon !== undefined || !['nobody', 'peers', 'refused', 'limits'].includes(check);
}

function viewOf(patient: Patient, checked: readonly Checked[]): object {
  const okOf = ({ check, findings }: Checked): boolean | null =>
    isLookedAt(patient, check) ? findings.length === 0 : null;
  return {
    healthy: checked.every(({ findings }) => findings.length === 0),
    checks: checked.map((each) => ({ check: each.check, ok: okOf(each) })),
    findings: checked.flatMap(({ check, findings }) =>
      findings.map((each) => ({ check, ...each })),
    ),
  };
}

const width = Math.max(...checkNames.map(({ length }) => length)) + 2;

async function printAll(
  { out }: Call,
  patient: Patient,
  checked: readonly Checked[],
): Promise<void> {
  const indent = ' '.repeat(5 + width);
  for (const { check, findings } of checked) {
    const [mark, words] = isLookedAt(patient, check)
      ? ['ok', fine[check]]
      : ['--', 'asked of the daemon alone'];
    if (findings.length === 0) await out.line(`${mark}   ${check.padEnd(width)}${words}`);
    for (const { what, fix, command } of findings) {
      await out.line(`BAD  ${check.padEnd(width)}${what}`);
      await out.line(`${indent}${fix}`);
      if (command !== null) await out.line(`${indent}$ ${command}`);
    }
  }
}
