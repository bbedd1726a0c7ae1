// Which documents have which words, and where: for each word a list of bytes that only grows, in
// slices of a few large pages, since a million arrays would cost more than what is in them. Knows
// nothing of texts.

/**
 * A slice begins with the address of the next one, 4 bytes. Each is twice as long as the one before
 * it up to the longest, so that rare words cost little and common ones are read in few pieces.
 */
const linkBytes = 4;
const sliceBytesMin = 12;
const sliceBytesMax = 3072;
/** No slice crosses the end of a page. */
const pageBytes = 1 << 18;
/** Of a word: its text and its place in the table of words, as measured. */
const termOverheadBytes = 100;

/** A place is below this: a text of 64 KiB has fewer words. */
export const placesMax = 1 << 16;

/** Columns over the terms. */
interface Columns {
  readonly first: Uint32Array;
  /** Where the next byte goes, and where the slice ends. */
  readonly at: Uint32Array;
  readonly end: Uint32Array;
  readonly sliceBytes: Uint16Array;
  readonly document: Uint32Array;
  readonly place: Uint16Array;
  readonly count: Uint32Array;
}

export class Postings {
  readonly #ids = new Map<string, number>();
  readonly #texts: string[] = [];
  /** Terms by how they begin. */
  readonly #beginnings = new Map<string, number[]>();
  readonly #pages: Uint8Array[] = [];
  #pageAt = pageBytes;
  #columns: Columns = newColumns(1024);

  /** Approximate, with the words themselves. */
  get bytes(): number {
    return this.#pages.length * pageBytes + this.#texts.length * termOverheadBytes;
  }

  /** Notes that the word stands in the document. In the order of documents, and of places in each. */
  add(word: string, document: number, place: number): void {
    const term = this.#ids.get(word) ?? this.#newTerm(word);
    const columns = this.#columns;
    const count = columns.count[term] ?? 0;
    const last = columns.document[term] ?? 0;
    const step = count === 0 ? document + 1 : document - last;
    this.#write(term, step);
    this.#write(term, step === 0 ? place - (columns.place[term] ?? 0) : place);
    columns.document[term] = document;
    columns.place[term] = place;
    columns.count[term] = count + 1;
  }

  find(word: string): number | undefined {
    return this.#ids.get(word);
  }

  /** Terms that begin with the text, which is not empty. */
  beginning(prefix: string): number[] {
    const isShort = prefix.length === 1 && prefix < '\u0080';
    const found: number[] = [];
    const bins = isShort ? this.#bins(prefix) : [this.#beginnings.get(beginningOf(prefix)) ?? []];
    for (const terms of bins) {
      for (const term of terms) if (this.#texts[term]?.startsWith(prefix)) found.push(term);
    }
    return found;
  }

  /** How often the term stands anywhere. */
  count(term: number): number {
    return this.#columns.count[term] ?? 0;
  }

  /** Calls back with each document and place of the term, in order. */
  forEach(term: number, visit: (document: number, place: number) => void): void {
    const bytes = this.#read(term);
    let document = -1;
    let place = 0;
    for (let at = 0; at < bytes.length;) {
      let step = bytes[at++] ?? 0;
      if (step >= 128) {
        step &= 127;
        for (let shift = 7, isOn = true; isOn; shift += 7) {
          const byte = bytes[at++] ?? 0;
          step |= (byte & 127) << shift;
          isOn = byte >= 128;
        }
      }
      let value = bytes[at++] ?? 0;
      if (value >= 128) {
        value &= 127;
        for (let shift = 7, isOn = true; isOn; shift += 7) {
          const byte = bytes[at++] ?? 0;
          value |= (byte & 127) << shift;
          isOn = byte >= 128;
        }
      }
      document += step;
      place = step === 0 ? place + value : value;
      visit(document, place);
    }
  }

  *#bins(prefix: string): Iterable<readonly number[]> {
    for (const [key, terms] of this.#beginnings) if (key.startsWith(prefix)) yield terms;
  }

  #newTerm(word: string): number {
    const term = this.#texts.length;
    // A piece of a text would keep all of it in memory: the engine copies only what is shorter.
    const text = word.length < 13 ? word : word.split('').join('');
    this.#ids.set(text, term);
    this.#texts.push(text);
    const key = beginningOf(text);
    const others = this.#beginnings.get(key);
    if (others === undefined) this.#beginnings.set(key, [term]);
    else others.push(term);
    if (term >= this.#columns.at.length) this.#columns = grown(this.#columns);
    const first = this.#newSlice(sliceBytesMin);
    const { at, end, sliceBytes } = this.#columns;
    this.#columns.first[term] = first;
    at[term] = first + linkBytes;
    end[term] = first + sliceBytesMin;
    sliceBytes[term] = sliceBytesMin;
    return term;
  }

  #newSlice(bytes: number): number {
    if (this.#pageAt + bytes > pageBytes) {
      this.#pages.push(new Uint8Array(pageBytes));
      this.#pageAt = 0;
    }
    const address = (this.#pages.length - 1) * pageBytes + this.#pageAt;
    this.#pageAt += bytes;
    return address;
  }

  /** As a varint (LEB128). */
  #write(term: number, value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#writeByte(term, (rest & 127) | 128);
      rest >>>= 7;
    }
    this.#writeByte(term, rest);
  }

  #writeByte(term: number, byte: number): void {
    const { at, end, sliceBytes } = this.#columns;
    let address = at[term] ?? 0;
    if (address === end[term]) {
      const bytes = Math.min(2 * (sliceBytes[term] ?? 0), sliceBytesMax);
      const next = this.#newSlice(bytes);
      this.#link(address - (sliceBytes[term] ?? 0), next);
      sliceBytes[term] = bytes;
      end[term] = next + bytes;
      address = next + linkBytes;
    }
    const page = this.#pages[Math.floor(address / pageBytes)];
    if (page !== undefined) page[address % pageBytes] = byte;
    at[term] = address + 1;
  }

  #link(slice: number, next: number): void {
    const page = this.#pages[Math.floor(slice / pageBytes)] as Uint8Array;
    new DataView(page.buffer).setUint32(slice % pageBytes, next);
  }

  /** The bytes of the term, in one piece. */
  #read(term: number): Uint8Array {
    const { first, at, end } = this.#columns;
    const pieces: Uint8Array[] = [];
    let length = 0;
    let slice = first[term] ?? 0;
    for (let bytes = sliceBytesMin; ; bytes = Math.min(2 * bytes, sliceBytesMax)) {
      const page = this.#pages[Math.floor(slice / pageBytes)] as Uint8Array;
      const start = slice % pageBytes;
      const isLast = slice + bytes === end[term];
      const used = isLast ? (at[term] ?? 0) - slice : bytes;
      const piece = page.subarray(start + linkBytes, start + used);
      pieces.push(piece);
      length += piece.length;
      if (isLast) break;
      slice = new DataView(page.buffer).getUint32(start);
    }
    if (pieces.length === 1) return pieces[0] as Uint8Array;
    const whole = new Uint8Array(length);
    let offset = 0;
    for (const piece of pieces) {
      whole.set(piece, offset);
      offset += piece.length;
    }
    return whole;
  }
}

/** Two characters of ASCII, or one of any other script, of which there are more. */
function beginningOf(word: string): string {
  return word.slice(0, word < '\u0080' ? 2 : 1);
}

function newColumns(length: number): Columns {
  return {
    first: new Uint32Array(length),
    at: new Uint32Array(length),
    end: new Uint32Array(length),
    sliceBytes: new Uint16Array(length),
    document: new Uint32Array(length),
    place: new Uint16Array(length),
    count: new Uint32Array(length),
  };
}

function grown(columns: Columns): Columns {
  const larger = newColumns(2 * columns.at.length);
  for (const name of Object.keys(columns) as (keyof Columns)[]) larger[name].set(columns[name]);
  return larger;
}
