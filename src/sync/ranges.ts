// Ranges of a group's feeds in the order of their authors: bounds, digests, how they are split, and
// what a side answers to one that shows digests of its own. Pure; knows nothing of links or salts.
import { compare } from '../bytes.ts';
import { sha256 } from '../cxo/ids.ts';

/** Of a row: author (32), head number, seq, fork (8 each), root id (32). Rows are sorted bytewise. */
export const rowBytes = 32 + 8 + 8 + 8 + 32;
/** A bound is a prefix of an author's key: the feeds of one author are never parted. */
export const boundBytesMax = 32;

/** The authors from `lower` on and below `upper`; an empty upper bound is the end of all. */
export interface Range {
  readonly lower: Uint8Array;
  readonly upper: Uint8Array;
}

export const everything: Range = { lower: new Uint8Array(), upper: new Uint8Array() };

/** A range, and the places of its rows: from `first` on and before `end`. */
export interface Section extends Range {
  readonly first: number;
  readonly end: number;
}

/** A range as one side shows it to the other; it begins where the one before it ends. */
export interface ShownRange {
  readonly upper: Uint8Array;
  /** Undefined where the range is no part of the question. */
  readonly fingerprint: Uint8Array | undefined;
  /** The sender has found the same there: nobody asks for an answer. */
  readonly agreed: boolean;
}

/** Whether an upper bound lies behind a lower one. */
export function isBehind(upper: Uint8Array, lower: Uint8Array): boolean {
  return upper.length === 0 || compare(upper, lower) > 0;
}

export function holds({ lower, upper }: Range, author: Uint8Array): boolean {
  return compare(author, lower) >= 0 && (upper.length === 0 || compare(author, upper) < 0);
}

export function sectionOf(rows: Uint8Array, { lower, upper }: Range): Section {
  const first = placeOf(rows, lower);
  const end = upper.length === 0 ? rows.length / rowBytes : placeOf(rows, upper);
  return { lower, upper, first, end };
}

/** The first row whose author is not below the bound. */
function placeOf(rows: Uint8Array, bound: Uint8Array): number {
  let [low, high] = [0, rows.length / rowBytes];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(authorAt(rows, middle), bound) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function authorAt(rows: Uint8Array, place: number): Uint8Array {
  return rows.subarray(place * rowBytes, place * rowBytes + boundBytesMax);
}

export function digestOf(rows: Uint8Array, { first, end }: Section): Uint8Array {
  return sha256(rows.subarray(first * rowBytes, end * rowBytes));
}

/** Splits into at most so many parts of about equal counts; one where all is of one author. */
export function split(rows: Uint8Array, section: Section, parts: number): Section[] {
  const { first, end } = section;
  const sections: Section[] = [];
  let [lower, from] = [section.lower, first];
  for (let part = 1; part < parts; part++) {
    let cut = first + Math.floor(((end - first) * part) / parts);
    while (cut > from && cut < end && isOneAuthor(rows, cut)) cut++;
    if (cut <= from || cut >= end) continue;
    const upper = boundAt(rows, cut);
    sections.push({ lower, upper, first: from, end: cut });
    [lower, from] = [upper, cut];
  }
  sections.push({ lower, upper: section.upper, first: from, end });
  return sections;
}

/** What begins at a place, of a section; the place must not part an author's feeds. */
export function restFrom(rows: Uint8Array, section: Section, place: number): Section {
  return { ...section, lower: boundAt(rows, place), first: place };
}

export function isOneAuthor(rows: Uint8Array, place: number): boolean {
  return compare(authorAt(rows, place - 1), authorAt(rows, place)) === 0;
}

/** The shortest bound between a row and the one before it, which is of another author. */
function boundAt(rows: Uint8Array, place: number): Uint8Array {
  const [before, author] = [authorAt(rows, place - 1), authorAt(rows, place)];
  let length = 1;
  while (before[length - 1] === author[length - 1]) length++;
  return author.slice(0, length);
}

/** A section as it is to be shown: with a question, as agreed, or only as what lies between. */
export interface Showing extends Section {
  readonly as: 'question' | 'agreed' | 'between';
}

export interface Answer {
  /** Where both sides have the same. */
  readonly equal: readonly Section[];
  /** Where the peer is to be told of all feeds. */
  readonly listed: readonly Section[];
  /** Consecutive; empty where nothing is to be shown. */
  readonly shown: readonly Showing[];
}

export interface AnswerOptions {
  /** Feeds of a range that is listed rather than split. */
  readonly listedMax: number;
  readonly parts: number;
  readonly agrees: (digest: Uint8Array, fingerprint: Uint8Array) => boolean;
}

/** The answer depends on nothing but the rows and the question: any of them may be lost. */
export function answerTo(
  rows: Uint8Array,
  lower: Uint8Array,
  ranges: readonly ShownRange[],
  { listedMax, parts, agrees }: AnswerOptions,
): Answer {
  const [equal, listed]: [Section[], Section[]] = [[], []];
  const shown: Showing[] = [];
  let from = lower;
  for (const { upper, fingerprint, agreed } of ranges) {
    const section = sectionOf(rows, { lower: from, upper });
    from = upper;
    const isEqual = fingerprint !== undefined && agrees(digestOf(rows, section), fingerprint);
    if (isEqual) equal.push(section);
    if (fingerprint === undefined || agreed) show(shown, section, 'between');
    else if (isEqual) show(shown, section, 'agreed');
    else {
      const sections = section.end - section.first <= listedMax ? [] : split(rows, section, parts);
      if (sections.length > 1) for (const part of sections) shown.push({ ...part, as: 'question' });
      else {
        joinTo(listed, section);
        show(shown, section, 'between');
      }
    }
  }
  return { equal, listed, shown: trim(shown) };
}

function show(shown: Showing[], section: Section, as: 'agreed' | 'between'): void {
  const last = shown.at(-1);
  if (last?.as === as) shown[shown.length - 1] = { ...join(last, section), as };
  else shown.push({ ...section, as });
}

/** Appends a section, in one piece with the last one where it lies directly behind that. */
function joinTo(sections: Section[], section: Section): void {
  const last = sections.at(-1);
  if (last?.upper === section.lower) sections[sections.length - 1] = join(last, section);
  else sections.push(section);
}

function join({ lower, first }: Section, { upper, end }: Section): Section {
  return { lower, upper, first, end };
}

function trim(shown: readonly Showing[]): readonly Showing[] {
  const isShown = ({ as }: Showing): boolean => as !== 'between';
  return shown.slice(Math.max(0, shown.findIndex(isShown)), shown.findLastIndex(isShown) + 1);
}
