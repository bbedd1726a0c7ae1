// What the people of this node have read, as one: the markers, the counts behind them, and telling the
// others. Knows nothing of pages and requests.
import type { Entry } from '../cxo/archive.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { Store } from '../cxo/store.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import type { MessageSource } from './ports.ts';
import type { ReadMarkers } from './read-markers.ts';
import { ReadReceipts, type ReadReceiptsOptions } from './read-receipts.ts';
import { Unread, type UnreadCounts, type UnreadOptions } from './unread.ts';
import type { ReadView } from './view.ts';

type PartOptions = Omit<ReadReceiptsOptions, 'archive'> &
  Omit<UnreadOptions, 'markerOf' | 'limits'>;

export interface ReadingOptions extends PartOptions {
  readonly store: Pick<Store, 'latestArrival'>;
  readonly archive: Pick<MessageSource, 'after' | 'find' | 'timeline'>;
}

export class Reading {
  readonly #options: ReadingOptions;
  readonly #markers: ReadMarkers;
  readonly #unread: Unread;
  readonly #receipts: ReadReceipts;

  constructor(options: ReadingOptions, markers: ReadMarkers) {
    this.#options = options;
    this.#markers = markers;
    this.#unread = new Unread({ ...options, markerOf: (group) => markers.find(group) });
    this.#receipts = new ReadReceipts(options);
    // What was here before anybody could read it on this node is not new to anybody.
    for (const group of options.groups) markers.begin(group, options.latest());
  }

  counts(group: GroupId): Promise<UnreadCounts> {
    return this.#unread.counts(group);
  }

  /**
   * Everything in the group up to the cursor was read; where it is an earlier one than before, nothing
   * changes, unless `back` says that it is meant.
   * @throws SkychatError `bad-cursor`
   */
  async mark(group: GroupId, cursor: string, back: boolean): Promise<ReadView> {
    const { latest, store } = this.#options;
    const arrival = parseCursor(cursor, latest(), Math.max(latest(), store.latestArrival()));
    const before = await this.#markers.move(group, arrival, back);
    if (before !== undefined && arrival > before) {
      this.#unread.advanced(group, arrival);
      this.#receipts.moved(group, arrival);
    } else if (before !== undefined) this.#unread.forget(group);
    const marker = formatCursor(this.#markers.find(group) ?? 0);
    return { group, cursor: marker, ...(await this.#unread.counts(group)) };
  }

  /** To be called when this node has become part of a group: what is in it by now counts as read. */
  async begin(group: GroupId): Promise<void> {
    this.#markers.begin(group, this.#options.latest());
    await this.#markers.save();
  }

  /** Writes what could not be written while the node was opened. */
  save(): Promise<void> {
    return this.#markers.save();
  }

  /** To be called with all entries that were announced, in arrival order. */
  arrived(entries: readonly Entry[]): void {
    for (const { feed, arrival } of entries) this.#markers.begin(feed.group, arrival - 1);
    this.#unread.arrived(entries);
  }

  /** To be called when something was said about messages. */
  touched(targets: Parameters<Unread['touched']>[0]): void {
    this.#unread.touched(targets);
  }

  /** To be called when other messages are shown than before, or this node has another name. */
  forget(): void {
    this.#unread.forget();
  }

  close(): void {
    this.#receipts.close();
  }
}
