// What the two ends of one link tell each other of who is in a group and who is not, with the proof:
// where they do not agree on it, nothing else of the group goes over the link. Knows nothing of rosters.
import { equal, toHex } from '../bytes.ts';
import type { Entry } from '../cxo/entry.ts';
import type { GroupId } from '../cxo/ids.ts';
import { verifyProof } from '../cxo/proof.ts';
import type { Logger } from '../env.ts';
import type { PublicKey } from '../identity.ts';
import type { Link } from '../net/transport.ts';
import {
  doorFrames,
  encodeStanding,
  knockTag,
  parseStanding,
  type WordProof,
} from './door-frames.ts';
import { wordLimits } from './door-limits.ts';

/** What a peer is to be told of a group: operations of its roster. */
export interface Due {
  readonly group: GroupId;
  readonly entries: readonly Entry[];
}

export interface WordPorts {
  readonly logger: Logger;
  /** Every group with a roster that this node knows, whatever it is to it. */
  known(): Iterable<GroupId>;
  /**
   * What a peer has to be told now; the same again for as long as it holds.
   * @param isSettled whether both ends have had the time to name their groups
   */
  due(peer: PublicKey, isSettled: boolean): readonly Due[];
  /** Empty where there is no proof of one of them. */
  prove(group: GroupId, entries: readonly Entry[]): Promise<readonly WordProof[]>;
  /**
   * Takes operations into account that a peer has proved.
   * @returns what takes the effect from them, as this node sees it: the peer may not know of that
   */
  take(group: GroupId, entries: readonly Entry[], word: Uint8Array): readonly (readonly Entry[])[];
}

export class Words {
  readonly #link: Link;
  readonly #ports: WordPorts;
  /** Each once on a link. */
  readonly #said = new Set<string>();
  readonly #heard = new Set<string>();
  #frames = 0;
  #isClosed = false;

  constructor(link: Link, ports: WordPorts) {
    this.#link = link;
    this.#ports = ports;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** `unprovable`: there was something to tell, and nothing of it could be proved. */
  async tell(isSettled: boolean): Promise<'nothing' | 'told' | 'unprovable'> {
    if (this.#isClosed) return 'nothing';
    let told: 'nothing' | 'told' | 'unprovable' = 'nothing';
    for (const { group, entries } of this.#ports.due(this.#link.peer, isSettled)) {
      // What the peer says need not be said to it.
      if (this.#heard.has(nameOf(group, entries))) continue;
      const isTold = await this.#say(group, entries);
      if (isTold === true) told = 'told';
      else if (isTold === false && told === 'nothing') told = 'unprovable';
    }
    return told;
  }

  /**
   * Looks at so many words of the peer.
   * @returns false for one that is none, or proves nothing
   */
  hear(payload: Uint8Array, max: number): boolean {
    if (++this.#frames > max) return true;
    const standing = parseStanding(payload);
    const group = standing && this.#groupOf(standing.tag);
    // Not known, or not any more: there is nothing to be told.
    if (standing !== undefined && group === undefined) return true;
    const entries = standing?.proofs.map(verifyProof) ?? [];
    const proved = entries.filter((entry) => entry?.feed.group === group) as Entry[];
    if (group === undefined || proved.length < entries.length) return false;
    const word = nameOf(group, proved);
    this.#heard.add(word);
    for (const against of this.#ports.take(group, proved, payload.slice())) {
      // Nothing goes back at once. What the peer said earlier does: by now it may know what is against it.
      if (nameOf(group, against) !== word) void this.#say(group, against);
    }
    return true;
  }

  /** Undefined where it was said before, or may not be said any more. */
  async #say(group: GroupId, entries: readonly Entry[]): Promise<boolean | undefined> {
    const name = nameOf(group, entries);
    if (entries.length === 0 || this.#said.has(name)) return undefined;
    if (this.#said.size >= wordLimits.wordsOfLinkMax) return undefined;
    this.#said.add(name);
    const proofs = await this.#prove(group, entries);
    // What was heard in a word alone can be proved once the feed that it stands in is here.
    if (proofs?.length === 0) this.#said.delete(name);
    const tag = knockTag(this.#link.handshakeHash, group);
    const word = proofs && encodeStanding({ tag, proofs });
    if (word === undefined || this.#isClosed) return false;
    this.#link.send(doorFrames.standing, word);
    return true;
  }

  /** Undefined where the store is at fault: not tried again on this link. */
  async #prove(
    group: GroupId,
    entries: readonly Entry[],
  ): Promise<readonly WordProof[] | undefined> {
    try {
      return await this.#ports.prove(group, entries);
    } catch (error) {
      const fields = { peer: this.#link.peer, cause: String(error) };
      this.#ports.logger.warn(fields, 'what a roster stands on could not be read from the store');
      return undefined;
    }
  }

  #groupOf(tag: Uint8Array): GroupId | undefined {
    for (const group of this.#ports.known()) {
      if (equal(knockTag(this.#link.handshakeHash, group), tag)) return group;
    }
    return undefined;
  }
}

function nameOf(group: GroupId, entries: readonly Entry[]): string {
  return `${group} ${entries.map(({ objectId }) => toHex(objectId)).join(' ')}`;
}
