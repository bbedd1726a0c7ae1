// What this node was told of its being out of groups, and is in no feed of its store: on disk, so that
// it holds over a restart, and with its proofs, so that it can be shown to whoever takes the node for a
// member. Knows nothing of links.
import { equal } from '../bytes.ts';
import { evidenceAgainst, evidenceOfRemoval } from '../chat/roster/evidence.ts';
import type { Roster } from '../chat/roster/roster.ts';
import type { Entry } from '../cxo/entry.ts';
import { objectIdOf, type GroupId } from '../cxo/ids.ts';
import { verifyProof } from '../cxo/proof.ts';
import type { LocalChange, LocalRow } from '../cxo/store.ts';
import type { Logger } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import { encodeStanding, parseStanding, type WordProof } from './door-frames.ts';
import { wordLimits } from './door-limits.ts';

export const removalRowPrefix = 'removal/';

export interface RemovalsPorts {
  readonly self: PublicKey;
  readonly logger: Logger;
  readonly writeLocal: (changes: readonly LocalChange[]) => Promise<void>;
}

export class Removals {
  readonly #ports: RemovalsPorts;
  /** Each with the form of a word. */
  readonly #kept = new Map<GroupId, Uint8Array>();

  constructor(ports: RemovalsPorts) {
    this.#ports = ports;
  }

  /** Takes up what was kept before the start; whether any roster is another by it. */
  restore(rows: readonly LocalRow[], rosterOf: (group: GroupId) => Roster | undefined): boolean {
    let isChanged = false;
    for (const { key, value } of rows) {
      const group = key.slice(removalRowPrefix.length) as GroupId;
      const roster = rosterOf(group);
      if (roster === undefined) continue;
      this.#kept.set(group, value);
      const entries = this.proofs(group).map(verifyProof);
      if (roster.apply(entries.filter((entry) => entry !== undefined))) isChanged = true;
    }
    return isChanged;
  }

  proofs(group: GroupId): readonly WordProof[] {
    const kept = this.#kept.get(group);
    return (kept && parseStanding(kept)?.proofs) ?? [];
  }

  /**
   * A word has told this node something, and it is out: keeps what that stands on now, whichever words
   * it came with. Later ones are as likely to have nothing of it.
   */
  keep(roster: Roster, word: Uint8Array): void {
    const { logger, writeLocal } = this.#ports;
    const { id } = roster.genesis;
    const { tag, proofs } = parseStanding(word) ?? {};
    const told = [...(proofs ?? []), ...this.proofs(id)];
    const needed = this.#standsOn(roster).flatMap(
      ({ objectId }) => told.find(({ object }) => equal(objectIdOf(object), objectId)) ?? [],
    );
    // What is too large for one word could not be shown to anybody.
    const value = (tag && encodeStanding({ tag, proofs: needed })) ?? word;
    this.#kept.set(id, value);
    writeLocal([{ key: removalRowPrefix + id, value }]).catch((error: unknown) => {
      logger.warn({ cause: String(error) }, 'the word on a removal could not be kept');
    });
  }

  #standsOn(roster: Roster): readonly Entry[] {
    const { self } = this.#ports;
    const { proofsMax } = wordLimits;
    const removal = evidenceOfRemoval(roster, self, proofsMax);
    if (removal.length > 0) return removal;
    return [...new Set(evidenceAgainst(roster, roster.voidGrantsOf(self), proofsMax).flat())];
  }
}
