// The messages that the chat has shown: the number of each, by which commands name it, and who goes by
// which name. Pure state, bounded.
import type { MessageView } from '../../chat/view.ts';
import { chatRefsMax } from '../limits.ts';

export class Seen {
  readonly #refs = new Map<string, number>();
  readonly #messages = new Map<number, MessageView>();
  readonly #keysByName = new Map<string, Set<string>>();
  #last = 0;

  /** The number of a message, which it keeps; what is known of it is as it is now. */
  note(message: MessageView): number {
    const ref = this.#refs.get(message.id) ?? ++this.#last;
    this.#refs.set(message.id, ref);
    this.#messages.set(ref, message);
    const oldest = this.#messages.keys().next();
    if (this.#messages.size > chatRefsMax && oldest.done !== true) {
      this.#refs.delete(this.#messages.get(oldest.value)?.id ?? '');
      this.#messages.delete(oldest.value);
    }
    if (message.name !== null) this.#noteName(message.name, message.author);
    return ref;
  }

  refOf(id: string): number | undefined {
    return this.#refs.get(id);
  }

  /** By its number; or the latest of a group that passes. */
  find(
    ref: number | undefined,
    group: string,
    passes: (message: MessageView) => boolean,
  ): MessageView | undefined {
    if (ref !== undefined) return this.#messages.get(ref);
    const ofGroup = [...this.#messages.values()].filter((each) => each.group === group);
    return ofGroup.findLast(passes);
  }

  isAmbiguous({ name }: MessageView): boolean {
    return name !== null && (this.#keysByName.get(name.toLowerCase())?.size ?? 0) > 1;
  }

  #noteName(name: string, key: string): void {
    const keys = this.#keysByName.get(name.toLowerCase()) ?? new Set();
    // Two are enough to know; as many names as messages.
    if (keys.size < 2) keys.add(key);
    if (this.#keysByName.size < chatRefsMax) this.#keysByName.set(name.toLowerCase(), keys);
  }
}
