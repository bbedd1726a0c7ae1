// What a check finds, and the form of all checks. Knows nothing of how findings are shown.
import type { Patient } from './patient.ts';

/** In the order in which they are shown: what comes first explains what comes later. */
export const checkNames = [
  'daemon',
  'key',
  'disk',
  'store',
  'ports',
  'nobody',
  'peers',
  'refused',
  'clock',
  'limits',
  'version',
] as const;

export type CheckName = (typeof checkNames)[number];

export interface Finding {
  /** What is wrong, in a sentence. */
  readonly what: string;
  /** What to do, in a sentence. */
  readonly fix: string;
  /** To be pasted; null where nothing on this machine helps. */
  readonly command: string | null;
}

export type Check = (patient: Patient) => readonly Finding[] | Promise<readonly Finding[]>;
