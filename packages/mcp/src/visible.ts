// Makes what others wrote fit to be read by a model: whatever is drawn as nothing, or changes how the
// rest is drawn, is written out. Hidden instructions travel in such characters. Knows nothing of
// messages.

/** Line feeds and tabs are read as what they are; all other control and invisible characters are not. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** They join letters and pick the form of an emoji: harmless alone, and a cipher in a row. */
const joiners = '\u200c\u200d\ufe0e\ufe0f';

/** The text with `\u{…}` in place of each hidden character. */
export function makeVisible(text: string): string {
  return text.replaceAll(hidden, (char, at: number) => {
    if (char === '\n' || char === '\t') return char;
    if (joiners.includes(char) && !followsHidden(text, at)) return char;
    return written(char);
  });
}

/** On one line, cut, and within quotes that it cannot end. */
export function quote(text: string, charsMax: number): string {
  const { part, isCut } = cut(makeVisible(text), charsMax);
  return JSON.stringify(part + (isCut ? '…' : ''));
}

/** At most so many characters from an offset on; never half of one. */
export function cut(
  text: string,
  charsMax: number,
  offset = 0,
): { readonly part: string; readonly end: number; readonly isCut: boolean } {
  const start = isMiddle(text, offset) ? offset - 1 : offset;
  let end = Math.min(text.length, start + charsMax);
  if (isMiddle(text, end)) end--;
  return { part: text.slice(start, end), end, isCut: end < text.length };
}

/** An emoji's form followed by a joiner is how families and hearts are spelled. */
function followsHidden(text: string, at: number): boolean {
  const before = text[at - 1] ?? '';
  if (before === '\ufe0f' && text[at] === '\u200d') return followsHidden(text, at - 1);
  const last = isMiddle(text, at - 1) ? text.slice(at - 2, at) : before;
  return last !== '\n' && last !== '\t' && last.search(hidden) >= 0;
}

function written(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

function isMiddle(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  return unit >= 0xdc00 && unit <= 0xdfff && before >= 0xd800 && before <= 0xdbff;
}
