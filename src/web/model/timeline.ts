// The messages of one group that the page has, in order, each in its latest known state: the same
// whatever the order in which pages and events came, and however often. Knows nothing of requests.
import type { MessageView } from '../../chat/view.ts';
import { comparePlaces, findPlace } from './order.ts';

interface Known {
  readonly message: MessageView;
  /** Cursor of the latest event that the state is known to contain. */
  readonly version: string;
}

export class Timeline {
  readonly #known = new Map<string, Known>();
  /** Of the known messages those between two places, without a gap. */
  #shown: MessageView[] = [];
  /** Time of the oldest page's first message: what is older has not been asked for. */
  #floor: string | undefined;
  /** Time of the newest page's last message, where that is not the newest of all. */
  #ceiling: string | undefined;
  #isWhole = false;

  /** Oldest first. */
  get messages(): readonly MessageView[] {
    return this.#shown;
  }

  /** Whether there is nothing older to ask for. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether what is shown goes on to the newest. */
  get isAtNewest(): boolean {
    return this.#ceiling === undefined;
  }

  find(id: string): MessageView | undefined {
    return this.#known.get(id)?.message;
  }

  /** Index among the shown messages; -1 where it is not shown. */
  indexOf(id: string): number {
    const message = this.find(id);
    if (message === undefined) return -1;
    const at = findPlace(this.#shown, message);
    return this.#shown[at]?.id === id ? at : -1;
  }

  /**
   * Takes in messages as they were when everything up to the cursor `version` had arrived; a state
   * that is older than the known one is left. True where something changed.
   */
  put(messages: readonly MessageView[], version: string): boolean {
    const added: MessageView[] = [];
    let isChanged = false;
    for (const message of messages) {
      const known = this.#known.get(message.id);
      if (known !== undefined && known.version > version) continue;
      this.#known.set(message.id, { message, version });
      isChanged = true;
      if (known === undefined) {
        if (this.#isInRange(message)) added.push(message);
        continue;
      }
      const at = findPlace(this.#shown, message);
      if (this.#shown[at]?.id === message.id) this.#shown[at] = message;
    }
    this.#merge(added);
    return isChanged;
  }

  /**
   * Takes in a page: the newest messages, those before the oldest shown, or more, up to what is shown.
   * @param more whether there are older ones
   */
  putPage(messages: readonly MessageView[], version: string, more: boolean): void {
    const [first] = messages;
    this.#isWhole = !more;
    if (first !== undefined && (this.#floor === undefined || first.time < this.#floor)) {
      this.#floor = first.time;
    }
    this.put(messages, version);
    this.#merge(this.#unshown());
  }

  /**
   * Takes in the page behind the newest shown.
   * @param more whether there are newer ones
   */
  putNewer(messages: readonly MessageView[], version: string, more: boolean): void {
    this.#ceiling = more ? (messages.at(-1)?.time ?? this.#ceiling) : undefined;
    this.put(messages, version);
    this.#merge(this.#unshown());
  }

  /**
   * Shows other messages than before, which follow each other without a gap.
   * @param more whether there are older ones, and newer ones
   */
  moveTo(
    messages: readonly MessageView[],
    version: string,
    more: { readonly older: boolean; readonly newer: boolean },
  ): void {
    this.#shown = [];
    this.#floor = undefined;
    this.#ceiling = more.newer ? messages.at(-1)?.time : undefined;
    this.putPage(messages, version, more.older);
    this.#forgetUnshown();
  }

  /** The same message as this node shows it now, where no event tells of the change. */
  refresh(message: MessageView): boolean {
    const version = this.#known.get(message.id)?.version;
    return version === undefined ? false : this.put([message], version);
  }

  /** Forgets what is older than so many of the newest. */
  trim(count: number): void {
    const first = this.#shown.at(-count);
    if (first === undefined || this.#shown.length === count) return;
    this.#shown = this.#shown.slice(-count);
    this.#floor = first.time;
    this.#isWhole = false;
    this.#forgetUnshown();
  }

  #forgetUnshown(): void {
    const kept = new Set(this.#shown.map(({ id }) => id));
    for (const id of this.#known.keys()) if (!kept.has(id)) this.#known.delete(id);
  }

  #isInRange({ time }: MessageView): boolean {
    if (this.#ceiling !== undefined && time > this.#ceiling) return false;
    return this.#isWhole || (this.#floor !== undefined && time >= this.#floor);
  }

  /** What was known before the page came that it belongs to. */
  #unshown(): MessageView[] {
    const missing: MessageView[] = [];
    if (this.#known.size === this.#shown.length) return missing;
    const shown = new Set(this.#shown.map(({ id }) => id));
    for (const [id, { message }] of this.#known) {
      if (!shown.has(id) && this.#isInRange(message)) missing.push(message);
    }
    return missing;
  }

  #merge(added: MessageView[]): void {
    if (added.length === 0) return;
    added.sort(comparePlaces);
    const shown = this.#shown;
    const [first] = added;
    const last = shown.at(-1);
    if (first !== undefined && (last === undefined || comparePlaces(last, first) < 0)) {
      this.#shown = shown.concat(added);
      return;
    }
    const merged: MessageView[] = [];
    let at = 0;
    for (const message of added) {
      for (let next = shown[at]; next !== undefined && comparePlaces(next, message) < 0;) {
        merged.push(next);
        next = shown[++at];
      }
      merged.push(message);
    }
    for (; at < shown.length; at++) {
      const next = shown[at];
      if (next !== undefined) merged.push(next);
    }
    this.#shown = merged;
  }
}
