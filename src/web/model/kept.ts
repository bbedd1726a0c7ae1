// How long, and how much of, what is said in a group is kept: as people write it and read it.
import type { RetentionView } from '../../chat/view.ts';

const units = [
  ['w', 'week', 604_800],
  ['d', 'day', 86_400],
  ['h', 'hour', 3600],
  ['m', 'minute', 60],
] as const;
const megabyte = 1_000_000;

/** As the node reads it: `30d`, in the largest unit that says it; empty for no bound. */
export function spanOf(seconds: number | null): string {
  if (seconds === null) return '';
  const unit = units.find(([, , length]) => seconds % length === 0);
  return unit === undefined ? `${seconds}s` : `${seconds / unit[2]}${unit[0]}`;
}

export function megabytesOf(bytes: number | null): string {
  return bytes === null ? '' : String(bytes / megabyte);
}

/** What was typed, as it is asked for; undefined where it is no bound. */
export function parseKept(age: string, megabytes: string): object | undefined {
  const span = age.trim().toLowerCase();
  const size = megabytes.trim().replace(',', '.');
  const bytes = Math.round(Number(size) * megabyte);
  if (span !== '' && !/^\d+[smhdw]$/.test(span)) return undefined;
  if (size !== '' && !(Number.isSafeInteger(bytes) && bytes > 0)) return undefined;
  return { age: span === '' ? null : span, bytes: size === '' ? null : bytes };
}

export function keptWords({ age_s: age, bytes }: RetentionView): string {
  const unit = units.find(([, , length]) => age !== null && age % length === 0);
  const [, name, length] = unit ?? ['s', 'second', 1];
  const count = (age ?? 0) / length;
  const bounds = [
    ...(age === null ? [] : [`for ${count} ${name}${count === 1 ? '' : 's'}`]),
    ...(bytes === null ? [] : [`up to ${megabytesOf(bytes)} MB`]),
  ];
  return bounds.length === 0 ? 'for good' : bounds.join(' and ');
}
