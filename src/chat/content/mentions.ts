// Whom a text names: `@` and a key, the beginning of a member's key, or a member's name. Computed
// when a message is shown, since names change. Knows nothing of where names come from.
import { parsePublicKey, type PublicKey } from '../../identity.ts';
import { mentionLimits } from '../limits.ts';

/** Fewer digits of a key are too likely to be a word, or somebody else. */
const keyDigitsMin = 8;

/** The members' keys and names, prepared for the search. */
export class MentionIndex {
  readonly #keys: readonly PublicKey[];
  readonly #named = new Map<string, PublicKey[]>();
  /** Lengths that names have, longest first. */
  readonly #lengths: readonly number[];

  /** @param members in the order of the keys */
  constructor(members: readonly PublicKey[], nameOf: (member: PublicKey) => string | undefined) {
    this.#keys = members;
    const lengths = new Set<number>();
    for (const member of members) {
      const name = nameOf(member);
      if (name === undefined) continue;
      lengths.add(name.length);
      const folded = name.toLowerCase();
      const others = this.#named.get(folded);
      if (others === undefined) this.#named.set(folded, [member]);
      else others.push(member);
    }
    this.#lengths = [...lengths].sort((a, b) => b - a);
  }

  /** Keys that the text names, each once, in order of their first mention. */
  find(text: string): PublicKey[] {
    const found = new Set<PublicKey>();
    let signs = 0;
    for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
      if (++signs > mentionLimits.signsMax) break;
      if (isWordBefore(text, at)) continue;
      for (const key of this.#namedAt(text, at + 1)) {
        if (found.size < mentionLimits.mentionsMax) found.add(key);
      }
    }
    return [...found];
  }

  /** A key comes before a name, so that nobody is hidden by a name that looks like a key. */
  #namedAt(text: string, start: number): readonly PublicKey[] {
    const digits = hexRun(text, start);
    if (digits.length >= keyDigitsMin && !isWordAt(text, start + digits.length)) {
      const key = parsePublicKey(digits) ?? this.#keyOfPrefix(digits.toLowerCase());
      if (key !== undefined) return [key];
    }
    for (const length of this.#lengths) {
      const end = start + length;
      if (end > text.length || isWordAt(text, end)) continue;
      const members = this.#named.get(text.slice(start, end).toLowerCase());
      // Members that share a name are all named: leaving one out could miss the one that was meant.
      if (members !== undefined) return members;
    }
    return [];
  }

  #keyOfPrefix(prefix: string): PublicKey | undefined {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < prefix) low = middle + 1;
      else high = middle;
    }
    const first = this.#keys[low];
    if (first?.startsWith(prefix) !== true) return undefined;
    return this.#keys[low + 1]?.startsWith(prefix) === true ? undefined : first;
  }
}

const hexDigits = /[0-9a-fA-F]{0,65}/y;
const wordCharacter = /[\p{L}\p{N}\p{M}_]/uy;
const wordEnd = /[\p{L}\p{N}\p{M}_]$/u;

/** One digit more than a key has, so that a longer run is seen not to be one. */
function hexRun(text: string, start: number): string {
  hexDigits.lastIndex = start;
  return hexDigits.exec(text)?.[0] ?? '';
}

function isWordAt(text: string, at: number): boolean {
  wordCharacter.lastIndex = at;
  return wordCharacter.test(text);
}

/** So that `user@host` names nobody. */
function isWordBefore(text: string, at: number): boolean {
  return wordEnd.test(text.slice(Math.max(0, at - 2), at));
}
