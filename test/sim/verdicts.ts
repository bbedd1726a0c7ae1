// Remembers verdicts on segments by their bytes: what a thousand nodes verify costs once, and they
// share the arrays of what was verified.
import { equal } from '../../src/bytes.ts';
import { feedKey, type FeedId } from '../../src/cxo/root.ts';
import { verifySegment, type VerifiedRun } from '../../src/cxo/segment.ts';

interface Verdict {
  readonly bytes: Uint8Array;
  readonly verified: VerifiedRun;
}

export class Verdicts {
  readonly #verdicts = new Map<string, Verdict[]>();

  /** As `verifySegment`. */
  verify(feed: FeedId, from: number, bytes: Uint8Array): VerifiedRun {
    const key = `${feedKey(feed)}/${from}/${bytes.length}`;
    const known = this.#verdicts.get(key) ?? [];
    const same = known.find((verdict) => equal(verdict.bytes, bytes));
    if (same !== undefined) return same.verified;
    const verified = verifySegment(feed, from, bytes);
    known.push({ bytes, verified });
    this.#verdicts.set(key, known);
    return verified;
  }
}
