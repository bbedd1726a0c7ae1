// Objects of this node's store that are to go: one request after the other, each in as many commits as
// it takes, in turns with everything else that waits for the disk. Pure state; knows nothing of why.
import type { Erasure } from '../cxo/erasure.ts';
import type { Commit, CommitArrivals, LocalChange } from '../cxo/store.ts';
import { syncLimits } from './limits.ts';

interface Request {
  readonly ticket: number;
  readonly erasures: readonly Erasure[];
  /** Written with the last of them. */
  readonly local: readonly LocalChange[];
}

export class Erasing {
  #waiting: Request[] = [];
  #isWriting = false;
  /** Whether it is somebody else's turn. */
  #waitsTurn = false;

  /** Whether a commit of this kind is under way. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** False where too many wait. */
  add(request: Request): boolean {
    if (this.#waiting.length >= syncLimits.erasingMax) return false;
    this.#waiting.push(request);
    return true;
  }

  /** The next commit; undefined where nothing waits, and once behind each of them. */
  take(): Commit | undefined {
    const [next] = this.#waiting;
    if (this.#waitsTurn || next === undefined) {
      this.#waitsTurn = false;
      return undefined;
    }
    this.#isWriting = true;
    this.#waitsTurn = true;
    const { erasures, local } = next;
    return { records: [], states: [], releases: [], local, erasures };
  }

  /** The commit is on disk. @returns the ticket of the request, where all of it is done */
  settle({ erased = 0 }: CommitArrivals): number | undefined {
    this.#isWriting = false;
    const [done, ...rest] = this.#waiting;
    if (done === undefined) throw new Error('no erasure is under way');
    const left = done.erasures.slice(erased);
    this.#waiting = left.length > 0 ? [{ ...done, erasures: left }, ...rest] : rest;
    return left.length > 0 ? undefined : done.ticket;
  }

  /** The commit failed: the request is given up. @returns its ticket */
  fail(): number {
    this.#isWriting = false;
    const failed = this.#waiting.shift();
    if (failed === undefined) throw new Error('no erasure is under way');
    return failed.ticket;
  }
}
