// What of a message's text is code, a quotation, bold, a link or somebody's name. Nothing is taken
// away: the sources of all pieces together are the text. Knows nothing of how it is drawn.

export type Piece =
  | { readonly kind: 'text' | 'code' | 'mention'; readonly source: string; readonly text: string }
  | { readonly kind: 'link'; readonly source: string; readonly href: string }
  | { readonly kind: 'block'; readonly source: string; readonly text: string }
  | {
      readonly kind: 'bold' | 'quote';
      readonly source: string;
      readonly pieces: readonly Piece[];
    };

const fence = '```';

/** @param names of those that the text mentions, each behind an `@` in it */
export function parseText(text: string, names: readonly string[] = []): Piece[] {
  const lines = text.split(/(?<=\n)/);
  const pieces: Piece[] = [];
  let plain = '';
  const endPlain = (): void => {
    pieces.push(...parseInline(plain, names));
    plain = '';
  };
  const fences = lines.flatMap((line, i) => (line.startsWith(fence) ? [i] : []));
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? '';
    if (at === fences[0] && fences[1] !== undefined) {
      endPlain();
      const [open, close] = fences.splice(0, 2);
      pieces.push(blockOf(lines.slice(open, (close ?? at) + 1)));
      at = (close ?? at) + 1;
    } else if (line.startsWith('>')) {
      endPlain();
      const end = lines.findIndex((each, i) => i > at && !each.startsWith('>'));
      const quoted = lines.slice(at, end < 0 ? lines.length : end);
      pieces.push(quoteOf(quoted, names));
      while (fences[0] !== undefined && fences[0] < at + quoted.length) fences.shift();
      at += quoted.length;
    } else {
      plain += line;
      at++;
    }
  }
  endPlain();
  return pieces;
}

function blockOf(lines: readonly string[]): Piece {
  const text = lines.slice(1, -1).join('').replace(/\n$/, '');
  return { kind: 'block', source: lines.join(''), text };
}

function quoteOf(lines: readonly string[], names: readonly string[]): Piece {
  const text = lines.map((line) => line.replace(/^> ?/, '')).join('');
  return {
    kind: 'quote',
    source: lines.join(''),
    pieces: parseInline(text.replace(/\n$/, ''), names),
  };
}

/** Each alternative ends at the next of its own signs, so that no text is looked through twice. */
const marks = /`[^`\n]+`|\*\*(?=[^\s*])[^*\n]*[^\s*]\*\*|(?<![\p{L}\p{N}])https?:\/\/|@/giu;

function parseInline(text: string, names: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  const pattern = new RegExp(marks);
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    const piece = pieceAt(text, found, names);
    if (piece === undefined) continue;
    if (found.index > start) pieces.push(plainPiece(text.slice(start, found.index)));
    pieces.push(piece);
    start = found.index + piece.source.length;
    pattern.lastIndex = start;
  }
  if (start < text.length) pieces.push(plainPiece(text.slice(start)));
  return pieces;
}

function plainPiece(source: string): Piece {
  return { kind: 'text', source, text: source };
}

function pieceAt(
  text: string,
  { 0: found, index }: RegExpExecArray,
  names: readonly string[],
): Piece | undefined {
  if (found.startsWith('`')) return { kind: 'code', source: found, text: found.slice(1, -1) };
  if (found.startsWith('**')) {
    return { kind: 'bold', source: found, pieces: parseInline(found.slice(2, -2), names) };
  }
  return found === '@' ? mentionAt(text, index, names) : linkAt(text, index);
}

function mentionAt(text: string, at: number, names: readonly string[]): Piece | undefined {
  const rest = text.slice(at + 1, at + 80).toLowerCase();
  let length = 0;
  for (const name of names) {
    const isNamed = rest.startsWith(name.toLowerCase());
    if (isNamed && !/^[\p{L}\p{N}_]/u.test(rest.slice(name.length))) {
      length = Math.max(length, name.length);
    }
  }
  if (length === 0) return undefined;
  const source = text.slice(at, at + 1 + length);
  return { kind: 'mention', source, text: source };
}

/** Ends at spaces, quotes and whatever is not seen. */
const linkEnd = /[\s<>"`\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/u;

/** Longer ones are nothing that a person follows. */
const linkCharsMax = 2048;

function linkAt(text: string, at: number): Piece | undefined {
  const rest = text.slice(at, at + linkCharsMax);
  const end = rest.search(linkEnd);
  let source = end < 0 ? rest : rest.slice(0, end);
  source = source.replace(/[.,:;!?'*_]+$/, '');
  // A closing bracket belongs to the link only where the link has opened it.
  while (/[)\]}]$/.test(source) && isUnopened(source)) source = source.slice(0, -1);
  source = source.replace(/[.,:;!?'*_]+$/, '');
  const url = URL.canParse(source) ? new URL(source) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '') return undefined;
  return { kind: 'link', source, href: url.href };
}

function isUnopened(source: string): boolean {
  const close = source.slice(-1);
  const open = { ')': '(', ']': '[', '}': '{' }[close] ?? '';
  return source.split(close).length > source.split(open).length;
}
