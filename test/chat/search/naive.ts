// What a search means, said once more in the plainest way: over the characters and words of a text.
import { fold } from '../../../src/chat/search/words.ts';

interface Unit {
  readonly text: string;
  /** A character of a script without spaces, in the same run as the one before it. */
  readonly isJoined: boolean;
  readonly isDense: boolean;
}

const dense = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const letter = /[\p{L}\p{N}\p{M}_]/u;

function unitsOf(text: string): Unit[] {
  const units: Unit[] = [];
  let before = '';
  for (const character of fold(text)) {
    const isDense = dense.test(character);
    const last = units.at(-1);
    if (isDense) units.push({ text: character, isJoined: dense.test(before), isDense });
    else if (letter.test(character)) {
      const goesOn = last !== undefined && !last.isDense && letter.test(before);
      if (goesOn) units[units.length - 1] = { ...last, text: last.text + character };
      else units.push({ text: character, isJoined: false, isDense });
    }
    before = character;
  }
  return units;
}

/** Whether the phrase stands in the text; `isOpen`: its last word may be the beginning of one. */
export function hasPhrase(text: string, phrase: string, isOpen: boolean): boolean {
  const units = unitsOf(text);
  const wanted = unitsOf(phrase);
  return units.some((_, start) =>
    wanted.every((each, i) => {
      const unit = units[start + i];
      if (unit === undefined || unit.isDense !== each.isDense) return false;
      if (each.isJoined && !unit.isJoined) return false;
      const isLast = i === wanted.length - 1;
      return isOpen && isLast ? unit.text.startsWith(each.text) : unit.text === each.text;
    }),
  );
}

export function hasWord(phrase: string): boolean {
  return unitsOf(phrase).length > 0;
}
