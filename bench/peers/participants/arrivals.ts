// What has arrived in this process: how many messages, and how long timed ones were on their way.
import type { Series, Wanted } from './commands.ts';
import type { ReadText } from './participant.ts';
import { parseMark } from './text.ts';

export class Arrivals {
  #count = 0;
  #wanted = Infinity;
  #resolve: (() => void) | undefined;
  #collect: ((read: ReadText) => Promise<void>) | undefined;

  add(read: ReadText): void {
    this.#count++;
    if (this.#count === this.#wanted) this.#resolve?.();
    void this.#collect?.(read);
  }

  /** False where fewer had come, since the start, when the time was over. */
  async until({ count, patienceMs }: Wanted): Promise<boolean> {
    if (this.#count >= count) return true;
    this.#wanted = count;
    const came = await this.#within(patienceMs);
    this.#wanted = Infinity;
    return came;
  }

  /** Milliseconds of each of the posts; fewer than `count` where some are late. */
  async collect({ first, count, patienceMs }: Series & Wanted): Promise<readonly number[]> {
    const collected = new Map<number, number>();
    this.#collect = async (read) => {
      const parsed = parseMark(await read());
      if (parsed === undefined) return;
      const { number, postedAt } = parsed;
      // Late ones of another series do not count, and none counts twice.
      if (number < first || number >= first + count || collected.has(number)) return;
      collected.set(number, Number(process.hrtime.bigint() - postedAt) / 1e6);
      if (collected.size === count) this.#resolve?.();
    };
    await this.#within(patienceMs);
    this.#collect = undefined;
    return [...collected.values()];
  }

  /** False where nothing resolved it in time. */
  async #within(patienceMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const inTime = await new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, patienceMs, false);
      this.#resolve = () => {
        resolve(true);
      };
    });
    clearTimeout(timer);
    this.#resolve = undefined;
    return inTime;
  }
}
