// What a message can be answered with in one sign. Knows nothing of who reacts to what.
import { utf8 } from '../../bytes.ts';
import { SkychatError } from '../../errors.ts';
import { contentLimits } from '../limits.ts';

/** Controls, unpaired surrogates and white space; and what is invisible but for joiners and tags. */
const forbidden = /[\p{Cc}\p{Cs}\p{Z}\s]|(?![\u200D\u{E0020}-\u{E007F}])\p{Cf}/u;
const visible = /[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

/** Whether it is one as it stands, composed (NFC): two spellings of one emoji would be two of them. */
export function isEmoji(text: string): boolean {
  const { emojiBytesMax, emojiPointsMax } = contentLimits;
  // UTF-8 has no fewer bytes than UTF-16 has units.
  if (text.length > emojiBytesMax || utf8(text).length > emojiBytesMax) return false;
  if (Array.from(text).length > emojiPointsMax || text.normalize('NFC') !== text) return false;
  return visible.test(text) && !forbidden.test(text);
}

/** @throws SkychatError `bad-field` */
export function parseEmoji(text: string): string {
  const { emojiBytesMax, emojiPointsMax } = contentLimits;
  // What is far too long is not composed.
  const emoji = text.length > emojiBytesMax * 4 ? text : text.normalize('NFC');
  if (isEmoji(emoji)) return emoji;
  throw new SkychatError('bad-field', 'not an emoji', {
    hint: `A reaction has 1 to ${emojiPointsMax} code points, at most ${emojiBytesMax} bytes of UTF-8, no white space and no control characters.`,
  });
}
