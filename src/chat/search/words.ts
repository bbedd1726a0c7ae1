// The words of a text as a search compares them: folded, so that case and accents do not matter, and
// each with its place. Scripts that do not put spaces between words give overlapping pairs of
// characters. Knows nothing of queries and indexes.

export interface Word {
  readonly text: string;
  /** Place among the words of the text, from 0. */
  readonly at: number;
  /**
   * Set for the single character that ends a run without spaces: whether it is all of it, or stands
   * behind others, which the pair before it has.
   */
  readonly end?: 'alone' | 'behind';
}

/** Longer ones are told apart by their beginning alone: they are data, not words. */
const wordCharsMax = 64;

const ascii = /^[\0-\x7f]*$/;
/** Latin, Greek and Cyrillic accents; Hebrew points; Arabic vowels. Marks of other scripts are letters. */
const accents =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]/g;

/** The same for texts that differ in case, accents, width or composition alone. */
export function fold(text: string): string {
  if (ascii.test(text)) return text.toLowerCase();
  const bare = text.normalize('NFKD').replace(accents, '');
  // By way of capitals, so that ß is ss and a final sigma a sigma.
  return bare.toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFC');
}

/** Han, Japanese, Korean, Thai, Lao, Khmer and Burmese. */
const dense =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}' +
  '\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
const word = new RegExp(
  `([${dense}][${dense}\\p{M}ー]*)|[[\\p{L}\\p{N}\\p{M}_]--[${dense}]]+|\\p{Extended_Pictographic}`,
  'gv',
);
const asciiWord = /[0-9a-z_]+/g;

/** The words of a folded text in their order. */
export function wordsOf(folded: string): Word[] {
  const words: Word[] = [];
  const isAscii = ascii.test(folded);
  for (const match of folded.matchAll(isAscii ? asciiWord : word)) {
    const [text] = match;
    if (match[1] === undefined) words.push({ text: text.slice(0, wordCharsMax), at: words.length });
    else pushPairs(words, text);
  }
  return words;
}

/** Each character with the one behind it; the last one alone, so that every character begins a word. */
function pushPairs(words: Word[], run: string): void {
  const characters = Array.from(run);
  for (const [i, character] of characters.entries()) {
    const next = characters[i + 1];
    const at = words.length;
    if (next !== undefined) words.push({ text: character + next, at });
    else words.push({ text: character, at, end: i === 0 ? 'alone' : 'behind' });
  }
}
