// Takes the parts of a bundle into a node: by the engine, and, where a part is of another branch than
// what is here, with the proof of the fork made of both.
import type { BundleItem } from '../cxo/bundle.ts';
import { ByteReader } from '../bytes.ts';
import { segmentLimits } from '../cxo/limits.ts';
import { rebuildRun } from '../cxo/segment.ts';
import type { Store } from '../cxo/store.ts';
import type { Carried, Imported } from '../sync/events.ts';
import { compareBranches, parseForkProof, type ForkProof } from '../sync/fork-proof.ts';
import type { Runner } from '../sync/runner.ts';
import { readSegment } from './bundle-export.ts';

/** What became of a part, and whether it showed a fork that was not known. */
export interface Taken extends Imported {
  readonly isNewFork: boolean;
}

export interface BundleIntakeParts {
  readonly runner: () => Pick<Runner, 'importSegment' | 'importFork' | 'shown'>;
  readonly store: Pick<Store, 'records'>;
}

export class BundleIntake {
  readonly #parts: BundleIntakeParts;

  constructor(parts: BundleIntakeParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when what is news is on disk. Rejects with SkychatError `disk-full`, `store-failed`,
   * `closing`.
   * @param isLast whether objects that nothing explains may be missing
   */
  async take(item: BundleItem, isLast: boolean): Promise<Taken> {
    if (item.type === 'fork') return this.#takeProof(item, parseProof(item.proof));
    const { feed, from, bytes } = item;
    const imported = await this.#parts.runner().importSegment({ feed, from, bytes, isLast });
    const { verdict } = imported;
    if (verdict !== 'known' && verdict !== 'forked') return { ...imported, isNewFork: false };
    const proof = await this.#findFork({ feed, from, bytes, isLast });
    if (proof === undefined) return { ...imported, isNewFork: false };
    const fork = await this.#parts.runner().importFork(feed, proof);
    return { verdict: 'forked', messages: 0, isNewFork: fork.verdict === 'stored' };
  }

  /** Resolves when who is a member, by all that was taken, is known. */
  settle(): Promise<void> {
    return this.#parts.runner().shown();
  }

  async #takeProof({ feed }: BundleItem, proof: ForkProof | undefined): Promise<Taken> {
    if (proof === undefined) return { verdict: 'bad-fork-proof', messages: 0, isNewFork: false };
    const imported = await this.#parts.runner().importFork(feed, proof);
    return { ...imported, isNewFork: imported.verdict === 'stored' };
  }

  /** Compares a verified segment with what is here at its place. */
  async #findFork({ feed, from, bytes }: Carried): Promise<ForkProof | undefined> {
    const ours = await readSegment(this.#parts.store, feed, from, segmentLimits.bytesMax);
    const our = ours && rebuildRun(feed, from, ours.bytes, true);
    const their = rebuildRun(feed, from, bytes, true);
    if (our?.ok !== true || !their.ok) return undefined;
    const found = compareBranches(our.run, their.run);
    return found?.parts === 'within' ? found.proof : undefined;
  }
}

export function parseProof(bytes: Uint8Array): ForkProof | undefined {
  return parseForkProof(new ByteReader(bytes));
}
