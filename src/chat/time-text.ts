// A time as the outer contract writes it: ISO 8601 in UTC with milliseconds. Pure, without Date,
// which this layer does not have.

const dayMs = 86_400_000;

/** Microseconds since 1970, not negative, as `2026-11-22T05:10:00.123Z`; what is below 1 ms is cut. */
export function isoOfTime(time: number): string {
  const milliseconds = Math.floor(time / 1000);
  const days = Math.floor(milliseconds / dayMs);
  const ofDay = milliseconds - days * dayMs;
  const { year, month, day } = civilOfDays(days);
  const hour = Math.floor(ofDay / 3_600_000);
  const minute = Math.floor(ofDay / 60_000) % 60;
  const second = Math.floor(ofDay / 1000) % 60;
  const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  return `${date}T${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}.${pad(ofDay % 1000, 3)}Z`;
}

/**
 * The date of a day since 1970 in the proleptic Gregorian calendar, in eras of 400 years that begin
 * in March, so that the day that leap years add is the last (Hinnant, "chrono-Compatible Low-Level
 * Date Algorithms").
 */
function civilOfDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day };
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
