// The texts of messages: 200 random printable characters. Those whose way is timed begin with when
// they were posted, by a clock that all processes of the machine share.
import { randomBytes } from 'node:crypto';
import { printable } from '../../support/statistics.ts';

export const textLength = 200;

/** Nanoseconds, and the number of the post. */
const mark = /^@(\d+) (\d+) /;

export function markedText(number: number): string {
  const rest = printable(randomBytes((textLength * 3) / 4));
  return `@${process.hrtime.bigint()} ${number} ${rest}`.slice(0, textLength);
}

export function parseMark(
  text: string,
): { readonly postedAt: bigint; readonly number: number } | undefined {
  const [, postedAt, number] = mark.exec(text) ?? [];
  if (postedAt === undefined) return undefined;
  return { postedAt: BigInt(postedAt), number: Number(number) };
}
