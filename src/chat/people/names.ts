// What a name may look like: of a person, of a room. Knows nothing of who has it.
import { SkychatError } from '../../errors.ts';
import { contentLimits } from '../limits.ts';

/**
 * What a name must not carry, since it is shown in terminals and beside other names: controls,
 * unpaired surrogates, line separators, bidirectional controls (Unicode, UAX #9), invisible spaces.
 * Joiners stay: words and emoji of many scripts need them.
 */
const hidden =
  /[\p{Cc}\p{Cs}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\u200B\u2060\uFEFF]/gu;

/**
 * A name as it is shown: composed (NFC), without hidden characters, trimmed, cut to its greatest
 * length in code points. Empty where nothing is left.
 */
export function cleanName(name: string): string {
  return cleanLine(name, contentLimits.nameCharactersMax);
}

/** The same of any line that is shown beside others. */
export function cleanLine(text: string, charactersMax: number): string {
  // Cut first: what comes from a peer can be as long as an object.
  const start = text.slice(0, 8 * charactersMax);
  const visible = start.replace(/\s+/gu, ' ').replace(hidden, '').replace(/ +/gu, ' ');
  const points = Array.from(visible.normalize('NFC').trim());
  return points.slice(0, charactersMax).join('').trim();
}

/**
 * A name that an operator gave, which has to be clean as it stands.
 * @throws SkychatError `bad-field`
 */
export function parseName(name: string): string {
  const composed = name.normalize('NFC');
  if (composed !== '' && cleanName(composed) === composed) return composed;
  throw new SkychatError('bad-field', 'not a name', {
    hint: `A name has 1 to ${contentLimits.nameCharactersMax} characters, no control characters, and no spaces around it.`,
  });
}
