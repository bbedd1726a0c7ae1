// How far the people of this node have read: for each group the arrival number of the last message
// that counts as read. Knows nothing of messages, and of how many are unread.
import { parseUtf8, utf8 } from '../../bytes.ts';
import { parseGroupId, type GroupId } from '../../cxo/ids.ts';
import type { LocalChange, Store } from '../../cxo/store.ts';

export interface ReadMarkersOptions {
  readonly store: Pick<Store, 'local'>;
  readonly writeLocal: (changes: readonly LocalChange[]) => Promise<void>;
}

const prefix = 'read/';

export class ReadMarkers {
  readonly #writeLocal: ReadMarkersOptions['writeLocal'];
  readonly #markers: Map<GroupId, number>;
  readonly #unsaved = new Set<GroupId>();
  /** One change after the other, so that the disk ends with what memory says. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor({ writeLocal }: ReadMarkersOptions, markers: Map<GroupId, number>) {
    this.#writeLocal = writeLocal;
    this.#markers = markers;
  }

  static async open(options: ReadMarkersOptions): Promise<ReadMarkers> {
    const markers = new Map<GroupId, number>();
    for (const { key, value } of await options.store.local(prefix)) {
      const group = parseGroupId(key.slice(prefix.length));
      const arrival = Number(parseUtf8(value));
      if (group !== undefined && Number.isSafeInteger(arrival)) markers.set(group, arrival);
    }
    return new ReadMarkers(options, markers);
  }

  /** Undefined where the group has not begun. */
  find(group: GroupId): number | undefined {
    return this.#markers.get(group);
  }

  /**
   * What arrived up to here is older than this node's part in the group, and counts as read. Nothing
   * changes where the group has begun already. On disk with the next `save`.
   */
  begin(group: GroupId, arrival: number): void {
    if (this.#markers.has(group)) return;
    this.#markers.set(group, arrival);
    this.#unsaved.add(group);
  }

  async save(): Promise<void> {
    if (this.#unsaved.size === 0) return;
    await this.#inTurn(async () => {
      const groups = [...this.#unsaved];
      await this.#writeLocal(groups.map((group) => changeOf(group, this.#markers.get(group) ?? 0)));
      for (const group of groups) this.#unsaved.delete(group);
    });
  }

  /**
   * Resolves, when it is on disk and holds, with the marker before it; undefined where it stays.
   * @param back whether it may be an earlier one, so that what was read is unread again
   */
  move(group: GroupId, arrival: number, back: boolean): Promise<number | undefined> {
    return this.#inTurn(async () => {
      const current = this.#markers.get(group) ?? 0;
      if (arrival === current || (arrival < current && !back)) return undefined;
      await this.#writeLocal([changeOf(group, arrival)]);
      this.#markers.set(group, arrival);
      this.#unsaved.delete(group);
      return current;
    });
  }

  #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(change, change);
    this.#last = result;
    return result;
  }
}

function changeOf(group: GroupId, arrival: number): LocalChange {
  return { key: prefix + group, value: utf8(String(arrival)) };
}
