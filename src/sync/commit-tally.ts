// How long commits took and how much each of them held. Knows nothing of what is written.
import type { Commit } from '../cxo/store.ts';
import { Histogram } from '../histogram.ts';

/** Seconds: a synced write takes 0.2 ms on a good disk, and seconds on one that is failing. */
const secondsBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const messagesBounds = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 8192];
const bytesBounds = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

export class CommitTally {
  readonly seconds = new Histogram(secondsBounds);
  readonly messages = new Histogram(messagesBounds);
  readonly bytes = new Histogram(bytesBounds);
  failed = 0;

  done({ records }: Commit, ms: number): void {
    let bytes = 0;
    let count = 0;
    for (const { bytes: segment, messages } of records) {
      bytes += segment.length;
      count += messages.length;
    }
    this.seconds.observe(ms / 1000);
    this.messages.observe(count);
    this.bytes.observe(bytes);
  }
}
