// How many columns of a terminal a text takes, and cutting it to a number of columns. An estimate by
// Unicode's classes, on the safe side. Knows nothing of what is shown.

/** What sets a colour takes no place. */
const colour = /\u001b\[[\d;]*m/g;
const wide = new RegExp(
  String.raw`\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F|[` +
    String.raw`\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF` +
    String.raw`\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1B000}-\u{1B2FF}\u{1F200}-\u{1F2FF}` +
    String.raw`\u{20000}-\u{3FFFD}]`,
  'u',
);
const invisible = /^[\p{M}\p{Cf}]+$/u;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export function cellsOf(text: string): number {
  const plain = text.replaceAll(colour, '');
  if (/^[\u0020-\u007e]*$/.test(plain)) return plain.length;
  let cells = 0;
  for (const { segment } of segmenter.segment(plain)) cells += cellsOfOne(segment);
  return cells;
}

function cellsOfOne(grapheme: string): number {
  if (wide.test(grapheme)) return 2;
  return invisible.test(grapheme) ? 0 : 1;
}

/** The text without colours, cut to so many columns; what was cut ends with the mark. */
export function clip(text: string, cells: number, mark: string): string {
  if (cellsOf(text) <= cells) return text;
  const room = cells - cellsOf(mark);
  if (room < 0) return '';
  let clipped = '';
  let taken = 0;
  for (const { segment } of segmenter.segment(text)) {
    taken += cellsOfOne(segment);
    if (taken > room) break;
    clipped += segment;
  }
  return clipped + mark;
}

export function padEnd(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - cellsOf(text)));
}
