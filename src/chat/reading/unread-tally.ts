// The unread messages of one group by their arrival numbers, the newest up to a bound. Knows nothing of
// messages.

export class Tally {
  /** Nothing said before this is unread, whenever it arrives; microseconds. */
  readonly since: number;
  readonly #countMax: number;
  readonly #mentions = new Set<number>();
  /** Ascending. */
  #arrivals: number[] = [];
  #marker: number;
  /** Whatever is unread above it is here; above the marker where there was no room for all. */
  #floor: number;

  constructor(marker: number, countMax: number, since = 0) {
    this.since = since;
    this.#marker = marker;
    this.#floor = marker;
    this.#countMax = countMax;
  }

  /** Arrival number up to which everything is read. */
  get marker(): number {
    return this.#marker;
  }

  get unread(): number {
    return this.#arrivals.length;
  }

  get mentions(): number {
    return this.#mentions.size;
  }

  get isFull(): boolean {
    return this.#arrivals.length >= this.#countMax;
  }

  /** False where older ones are unread for which there would be room: they have to be counted again. */
  get isWhole(): boolean {
    return this.isFull || this.#floor === this.#marker;
  }

  put(arrival: number, isMention: boolean): void {
    if (arrival <= this.#floor) return;
    const at = this.#indexOf(arrival);
    if (at === this.#arrivals.length) this.#arrivals.push(arrival);
    else if (this.#arrivals[at] !== arrival) this.#arrivals.splice(at, 0, arrival);
    if (isMention) this.#mentions.add(arrival);
    else this.#mentions.delete(arrival);
    const [oldest = 0] = this.#arrivals;
    if (this.#arrivals.length > this.#countMax) this.#dropUpTo(oldest);
  }

  /** Leaves out what is older than all that is here, for which there is no room. */
  close(): void {
    const [oldest] = this.#arrivals;
    if (this.isFull && oldest !== undefined) this.#floor = Math.max(this.#floor, oldest - 1);
  }

  remove(arrival: number): void {
    const at = this.#indexOf(arrival);
    if (this.#arrivals[at] !== arrival) return;
    this.#arrivals.splice(at, 1);
    this.#mentions.delete(arrival);
  }

  advance(marker: number): void {
    this.#marker = Math.max(this.#marker, marker);
    if (marker > this.#floor) this.#dropUpTo(marker);
  }

  #dropUpTo(arrival: number): void {
    const count = this.#indexOf(arrival + 1);
    for (const dropped of this.#arrivals.splice(0, count)) this.#mentions.delete(dropped);
    this.#floor = arrival;
  }

  /** Of the first that is not below it. */
  #indexOf(arrival: number): number {
    let low = 0;
    let high = this.#arrivals.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#arrivals[middle] ?? 0) < arrival) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
