// Watches that nobody sends segments beyond the credit that the other side has given.
import { parseFrame } from '../../src/sync/frame-codec.ts';
import { frameTypes } from '../../src/sync/frames.ts';

interface Direction {
  /** Given by the receiver, whether it has arrived yet or not. */
  limit: number;
  sent: number;
  largest: number;
}

export class CreditWatch {
  readonly #links = new Map<string, [Direction, Direction]>();
  /** Closed at one end; the other may go on for a while. */
  readonly #halfClosed = new Set<string>();
  /** In words; empty where all kept to their credit. */
  readonly faults: string[] = [];

  sent(
    link: string,
    direction: 0 | 1,
    frameType: number,
    payload: Uint8Array,
    isHonest: boolean,
  ): void {
    const { segment, hello, credit } = frameTypes;
    if (frameType !== segment && frameType !== hello && frameType !== credit) return;
    const frame = parseFrame(frameType, payload);
    if (frame === undefined || frame === 'unknown') return;
    const [mine, theirs] = this.#directions(link, direction);
    if (frame.type === 'hello') theirs.limit = Math.max(theirs.limit, frame.window);
    if (frame.type === 'credit') theirs.limit = Math.max(theirs.limit, frame.limit);
    if (frame.type !== 'segment' || !isHonest) return;
    mine.sent += frame.bytes.length;
    mine.largest = Math.max(mine.largest, frame.bytes.length);
    if (mine.sent >= mine.limit + mine.largest) {
      this.faults.push(`${mine.sent} bytes were sent over a link that let through ${mine.limit}`);
    }
  }

  /** One end has closed the link. */
  closed(link: string): void {
    if (!this.#halfClosed.delete(link)) this.#halfClosed.add(link);
    else this.#links.delete(link);
  }

  /** Nothing follows over the link. */
  forget(link: string): void {
    this.#links.delete(link);
  }

  #directions(link: string, direction: 0 | 1): [Direction, Direction] {
    let both = this.#links.get(link);
    if (both === undefined) {
      both = [
        { limit: 0, sent: 0, largest: 0 },
        { limit: 0, sent: 0, largest: 0 },
      ];
      this.#links.set(link, both);
    }
    return [both[direction], both[1 - direction] ?? both[0]];
  }
}
