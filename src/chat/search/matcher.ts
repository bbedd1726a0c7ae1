// Which documents have what is asked for: words, beginnings of words and phrases, each wanted or not.
// Knows nothing of what documents are.
import { placesMax, type Postings } from './postings.ts';

/** A word of a phrase. */
export interface Element {
  readonly text: string;
  /** Its place, from that of the first. */
  readonly at: number;
  /** Whether longer words that begin so are meant as well. */
  readonly isPrefix: boolean;
}

/** Words one behind the other: a single one, or a phrase. */
export interface Clause {
  readonly elements: readonly Element[];
  readonly isNegated: boolean;
}

/** Above any number of clauses that a document can have met: a line has fewer parts. */
const excluded = 255;

/**
 * For each document 1 where every clause holds, else something else.
 * @param count of the documents
 */
export function matchDocuments(
  postings: Postings,
  clauses: readonly Clause[],
  count: number,
): Uint8Array {
  const met = new Uint8Array(count);
  // What is seldom comes first: the rest is then compared with few.
  const wanted = clauses.filter(({ isNegated }) => !isNegated);
  for (const [round, clause] of wanted.entries()) {
    forEachMatch(postings, clause, (document) => {
      if (met[document] === round) met[document] = round + 1;
    });
  }
  for (const clause of clauses.filter(({ isNegated }) => isNegated)) {
    forEachMatch(postings, clause, (document) => {
      met[document] = excluded;
    });
  }
  const all = wanted.length;
  for (let document = 0; document < count; document++) {
    met[document] = met[document] === all ? 1 : 0;
  }
  return met;
}

/** Documents may come several times. */
function forEachMatch(
  postings: Postings,
  { elements }: Clause,
  visit: (document: number) => void,
): void {
  const [only, second] = elements;
  if (only === undefined) return;
  if (second === undefined) {
    for (const term of termsOf(postings, only)) postings.forEach(term, visit);
    return;
  }
  for (const start of startsOf(postings, elements)) visit(Math.floor(start / placesMax));
}

/** Where the phrase begins: document and place as one number each, ascending. */
function startsOf(postings: Postings, elements: readonly Element[]): Float64Array {
  const steps = elements
    .map((element) => {
      const terms = termsOf(postings, element);
      const count = terms.reduce((sum, term) => sum + postings.count(term), 0);
      return { terms, count, at: element.at };
    })
    .sort((a, b) => a.count - b.count);
  let starts: Float64Array | undefined;
  for (const { terms, count, at } of steps) {
    starts =
      starts === undefined
        ? collect(postings, terms, count, at)
        : keep(postings, starts, terms, at);
  }
  return starts ?? new Float64Array();
}

function collect(
  postings: Postings,
  terms: readonly number[],
  count: number,
  at: number,
): Float64Array {
  const starts = new Float64Array(count);
  let length = 0;
  for (const term of terms) {
    postings.forEach(term, (document, place) => {
      if (place >= at) starts[length++] = document * placesMax + place - at;
    });
  }
  const found = starts.subarray(0, length);
  return terms.length > 1 ? found.sort() : found;
}

/** Those of the starts that have one of the terms at the place as well. */
function keep(
  postings: Postings,
  starts: Float64Array,
  terms: readonly number[],
  at: number,
): Float64Array {
  const isKept = new Uint8Array(starts.length);
  for (const term of terms) {
    let next = 0;
    postings.forEach(term, (document, place) => {
      const start = document * placesMax + place - at;
      next = firstFrom(starts, start, next);
      if (starts[next] === start) isKept[next] = 1;
    });
  }
  return starts.filter((_, i) => isKept[i] === 1);
}

/** Index of the first start that is not below the wanted one: near the last one, or looked for. */
function firstFrom(starts: Float64Array, wanted: number, from: number): number {
  let step = 1;
  let low = from;
  let high = from;
  while (high < starts.length && (starts[high] ?? 0) < wanted) {
    low = high + 1;
    high += step;
    step *= 2;
  }
  high = Math.min(high, starts.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function termsOf(postings: Postings, { text, isPrefix }: Element): number[] {
  if (isPrefix) return postings.beginning(text);
  const term = postings.find(text);
  return term === undefined ? [] : [term];
}
