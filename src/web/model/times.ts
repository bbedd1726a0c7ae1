// Times as people read them, in the zone and the language of the browser.

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayFormat = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
});
const yearFormat = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
});
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const shortDayFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

export function clockTime(iso: string): string {
  return clockFormat.format(new Date(iso));
}

export function fullTime(iso: string): string {
  return fullFormat.format(new Date(iso));
}

/** Two times of one day have the same. */
export function dayKey(iso: string): string {
  return new Date(iso).toDateString();
}

/** @param now milliseconds */
export function dayTitle(iso: string, now: number): string {
  const day = new Date(iso);
  if (day.toDateString() === new Date(now).toDateString()) return 'Today';
  if (day.toDateString() === new Date(now - 86_400_000).toDateString()) return 'Yesterday';
  const isThisYear = day.getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? dayFormat : yearFormat).format(day);
}

/** For a list: the time where it is of today, otherwise the day. */
export function briefTime(iso: string, now: number): string {
  const day = new Date(iso);
  const isToday = day.toDateString() === new Date(now).toDateString();
  return isToday ? clockFormat.format(day) : shortDayFormat.format(day);
}

/** `4 s`, `3 min`, `2 h`, `5 d` */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export function byteCount(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
