// An index over the texts of messages, in memory alone: what is added, changed and taken out, and the
// newest messages that a query means. Knows nothing of where messages come from.
import type { Entry } from '../../cxo/archive.ts';
import { Documents, type DocumentFilter } from './documents.ts';
import { matchDocuments, type Clause } from './matcher.ts';
import { placesMax, Postings } from './postings.ts';
import { fold, wordsOf } from './words.ts';

export class MessageIndex {
  readonly #postings = new Postings();
  readonly #documents = new Documents();

  get size(): number {
    return this.#documents.size;
  }

  /** Messages, with those that were taken out or changed, whose words are still in memory. */
  get count(): number {
    return this.#documents.count;
  }

  /** Approximate. */
  get bytes(): number {
    return this.#postings.bytes + this.#documents.bytes;
  }

  /** With the text as it stands by now, in place of an earlier one; undefined takes it out. */
  put(entry: Entry, text: string | undefined): void {
    this.#documents.remove(entry.arrival);
    if (text === undefined || text === '') return;
    const document = this.#documents.add(entry);
    for (const word of wordsOf(fold(text))) {
      if (word.at >= placesMax) break;
      this.#postings.add(word.text, document, word.at);
    }
  }

  /** Arrival numbers, in the order of the timeline, the newest first. */
  find(
    clauses: readonly Clause[],
    filter: DocumentFilter,
    before: Entry | undefined,
    limit: number,
  ): number[] {
    const marks = matchDocuments(this.#postings, clauses, this.#documents.count);
    return this.#documents.newest(marks, filter, before, limit);
  }
}
