// Characters that are not seen but change what is: control characters, those that turn the direction
// of text, and those of no width. They are shown by their number. Knows nothing of the document.

/** Joiners (U+200C, U+200D) stay: emoji and whole scripts are written with them. */
const unseen =
  /[\p{Cc}\p{Cs}\p{Bidi_Control}\u200b\u2028\u2029\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\uffff\u{e0000}-\u{e007f}]/u;
const unseenRuns = new RegExp(unseen.source, 'gu');

/** Line breaks and tabs are layout, and the tags behind a black flag make another flag. */
function isLayout(character: string, before: string): boolean {
  if (character === '\n' || character === '\t') return true;
  return /[\u{e0020}-\u{e007f}]/u.test(character) && /🏴[\u{e0020}-\u{e007f}]*$/u.test(before);
}

/** `U+202E` */
export function codePointName(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `U+${digits.padStart(4, '0')}`;
}

export interface Part {
  readonly text: string;
  /** Whether it is one character that is not seen by itself. */
  readonly isUnseen: boolean;
}

/** The text in parts: together they are the whole of it. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let start = 0;
  for (const { 0: character, index } of text.matchAll(unseenRuns)) {
    // Longer than any flag.
    if (isLayout(character, text.slice(Math.max(0, index - 32), index))) continue;
    if (index > start) parts.push({ text: text.slice(start, index), isUnseen: false });
    parts.push({ text: character, isUnseen: true });
    start = index + character.length;
  }
  if (start < text.length) parts.push({ text: text.slice(start), isUnseen: false });
  return parts;
}

/** For where there is nothing but text: a title, a label, a notification. One line. */
export function oneLine(text: string, lengthMax = Infinity): string {
  const shown = partsOf(text.slice(0, Math.min(text.length, lengthMax * 2)))
    .map((part) => (part.isUnseen ? `⟨${codePointName(part.text)}⟩` : part.text))
    .join('')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return shown.length > lengthMax ? `${shown.slice(0, lengthMax - 1).trimEnd()}…` : shown;
}
