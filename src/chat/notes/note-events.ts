// Which entries are news about a message: notes that count, about a message that was here before them.
// Knows nothing of pages or streams.
import type { Entry } from '../../cxo/archive.ts';
import type { Contents } from '../content/contents.ts';
import type { Notes } from './notes.ts';
import type { MessageSource } from '../ports.ts';
import type { NoteEvent } from '../view.ts';

export interface NoteEventsOptions {
  readonly contents: Contents;
  readonly notes: Pick<Notes, 'isValid'>;
  readonly archive: Pick<MessageSource, 'find'>;
}

const names: readonly NoteEvent[] = ['edit', 'delete', 'reaction', 'ack', 'pin', 'hide'];

export class NoteEvents {
  readonly #options: NoteEventsOptions;
  /** Live readers are all told of the same notes. */
  readonly #targets = new WeakMap<Entry, Promise<Entry | undefined>>();

  constructor(options: NoteEventsOptions) {
    this.#options = options;
  }

  /** What the entry is called as an event; undefined where it is no note about a message. */
  nameOf(entry: Entry): NoteEvent | undefined {
    const { type } = this.#options.contents.of(entry);
    return names.find((name) => name === type);
  }

  /**
   * The message that the note is about. Undefined where the note counts for nothing, or the message
   * came after it, and so was shown with it: the same for each reader at any time.
   */
  async findTarget(note: Entry): Promise<Entry | undefined> {
    const content = this.#options.contents.of(note);
    if (!('target' in content)) return undefined;
    let finding = this.#targets.get(note);
    if (finding === undefined) {
      finding = this.#options.archive.find(content.target);
      this.#targets.set(note, finding);
      finding.catch(() => this.#targets.delete(note));
    }
    const target = await finding;
    const isHere = target !== undefined && target.arrival > 0 && target.arrival < note.arrival;
    return isHere && this.#options.notes.isValid(note, target) ? target : undefined;
  }
}
