// Tells the other members of a group how far was read, seldom enough: the first move at once, those
// that follow it together. Knows nothing of how it is told.
import type { GroupId, MessageId } from '../../cxo/ids.ts';
import type { Timers } from '../../env.ts';
import { readReceiptLimits } from '../limits.ts';
import type { MessageSource } from '../ports.ts';
import { Timeline } from '../timeline/timeline.ts';
import type { Entry } from '../../cxo/archive.ts';

export interface ReadReceiptsOptions {
  readonly archive: Pick<MessageSource, 'timeline'>;
  readonly isShown: (entry: Entry) => boolean;
  readonly timers: Timers;
  /** Rejections are for whoever publishes: the next move tells more. */
  readonly publish: (group: GroupId, target: MessageId) => Promise<unknown>;
}

/** A group of which something was told lately, and what there is to tell when the time is over. */
interface Pause {
  readonly cancel: () => void;
  next: number | undefined;
}

export class ReadReceipts {
  readonly #options: ReadReceiptsOptions;
  readonly #pauses = new Map<GroupId, Pause>();
  #isClosed = false;

  constructor(options: ReadReceiptsOptions) {
    this.#options = options;
  }

  /** To be called when the group was read further, up to an arrival number. */
  moved(group: GroupId, arrival: number): void {
    const pause = this.#pauses.get(group);
    if (pause !== undefined) pause.next = arrival;
    else if (!this.#isClosed) this.#tell(group, arrival);
  }

  /** What was not told yet is told with the next move after a restart. */
  close(): void {
    this.#isClosed = true;
    for (const { cancel } of this.#pauses.values()) cancel();
    this.#pauses.clear();
  }

  #tell(group: GroupId, arrival: number): void {
    const cancel = this.#options.timers.after(readReceiptLimits.intervalMs, () => {
      const next = this.#pauses.get(group)?.next;
      this.#pauses.delete(group);
      if (next !== undefined) this.#tell(group, next);
    });
    this.#pauses.set(group, { cancel, next: undefined });
    void this.#publish(group, arrival).catch(() => undefined);
  }

  async #publish(group: GroupId, arrival: number): Promise<void> {
    const target = await this.#findLastRead(group, arrival);
    if (target !== undefined && !this.#isClosed) await this.#options.publish(group, target.id);
  }

  /** Of the messages that arrived up to there, the last one in the timeline. */
  async #findLastRead(group: GroupId, arrival: number): Promise<Entry | undefined> {
    const { archive, isShown } = this.#options;
    const timeline = new Timeline(archive, [group], undefined);
    for (let scanned = 0; scanned < readReceiptLimits.scanMax; scanned++) {
      const entry = await timeline.next();
      if (entry === undefined) return undefined;
      if (entry.arrival <= arrival && isShown(entry)) return entry;
    }
    return undefined;
  }
}
