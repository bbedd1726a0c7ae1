// What entries say, found out once for each: the one place where objects are parsed for the
// conversation, and where those are opened that are sealed for the members of a group.
import type { Entry } from '../cxo/archive.ts';
import { parseContent, type Content } from './message.ts';

export interface Contents {
  of(entry: Entry): Content;
}

/** Contents of groups whose objects anybody can read. */
export class PlainContents implements Contents {
  /** Live readers are all shown the same entries. */
  readonly #known = new WeakMap<Entry, Content>();

  of(entry: Entry): Content {
    const known = this.#known.get(entry);
    if (known !== undefined) return known;
    const content = parseContent(entry.object);
    this.#known.set(entry, content);
    return content;
  }
}
