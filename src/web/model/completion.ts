// Which names the word at the cursor can become, where it begins with an `@`.
export interface Completion {
  /** Of the word, its `@` included. */
  readonly start: number;
  readonly end: number;
  readonly names: readonly {
    readonly pk: string;
    readonly label: string;
    readonly insert: string;
  }[];
  /** Index of the one that is chosen. */
  readonly at: number;
}

interface Named {
  readonly pk: string;
  readonly name: string | null;
}

const namesMax = 8;

/** Null where there is nothing to complete. */
export function completionsOf(
  text: string,
  at: number,
  members: readonly Named[],
): Completion | null {
  const before = text.slice(Math.max(0, at - 70), at);
  const [, word] = /(?:^|[^\p{L}\p{N}_])@([^\s@]*)$/u.exec(before) ?? [];
  if (word === undefined) return null;
  const folded = word.toLowerCase();
  const fits = ({ pk, name }: Named): boolean =>
    name?.toLowerCase().startsWith(folded) === true || pk.startsWith(folded);
  // Two members can have one name: then the key says who is meant.
  const names = members
    .filter(fits)
    .slice(0, namesMax)
    .map(({ pk, name }) => ({
      pk,
      label: name ?? pk.slice(0, 8),
      insert: isAlone(name, members) ? (name ?? '') : pk.slice(0, 8),
    }));
  const start = at - word.length - 1;
  const [only] = names;
  if (names.length === 0 || (names.length === 1 && only?.insert === word)) return null;
  return { start, end: at, names, at: 0 };
}

function isAlone(name: string | null, members: readonly Named[]): boolean {
  if (name === null) return false;
  const folded = name.toLowerCase();
  return members.filter((each) => each.name?.toLowerCase() === folded).length === 1;
}
