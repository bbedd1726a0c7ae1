// Contents of groups whose objects anybody can read.
import type { Contents } from '../../src/chat/content/contents.ts';
import { parseContent, type Content } from '../../src/chat/content/message.ts';
import type { Entry } from '../../src/cxo/archive.ts';

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
