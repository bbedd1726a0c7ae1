// Damage that has shown itself: to the running daemon, or to whoever opens the store.
import type { Check, Finding } from './finding.ts';

export const checkStore: Check = (patient) => {
  const { daemon, store, storeFailure } = patient;
  const damaged = daemon?.status.store.damaged ?? 0;
  const findings: Finding[] = [];
  const repair = patient.command('repair');
  if (damaged > 0) {
    findings.push({
      what: `the daemon could not read its store in ${damaged} places since it started`,
      fix: 'Stop it, look at the disk, then rebuild the store; peers give again what is lost.',
      command: `${patient.command('verify')} || ${repair}`,
    });
  }
  if (store !== undefined && store.damage.length > 0) {
    findings.push({
      what: `the store is damaged: ${store.damage.slice(0, 3).join('; ')}`,
      fix: 'Rebuild it; the old one is kept beside it, and peers give again what is lost.',
      command: repair,
    });
  }
  if (storeFailure !== undefined && ['store-damaged', 'store-failed'].includes(storeFailure.code)) {
    findings.push({
      what: storeFailure.message,
      fix: 'Rebuild it; the old one is kept beside it, and peers give again what is lost.',
      command: repair,
    });
  }
  return findings;
};
