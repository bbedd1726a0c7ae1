// Words that can be pasted into a shell as they are.

/** As one word, whatever is in it. */
export function quote(word: string): string {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
