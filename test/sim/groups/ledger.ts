// What honest nodes have sealed: whom each had for members then, and what of the group it had seen.
// Known to the simulation alone: whatever the nodes can read is held against it.
import { toHex } from '../../../src/bytes.ts';
import type { Draft } from '../../../src/cxo/draft.ts';
import type { Entry } from '../../../src/cxo/entry.ts';
import { objectIdOf, type GroupId } from '../../../src/cxo/ids.ts';
import { feedKey, type FeedKey } from '../../../src/cxo/root.ts';
import type { PublicKey } from '../../../src/identity.ts';
import type { Member } from './member.ts';

export interface Sealing {
  readonly by: Member;
  /** In the sender's view: whether each may read what was before it. */
  readonly members: ReadonlyMap<PublicKey, boolean>;
  /** By feed, how far the sender had it. */
  readonly seen: ReadonlyMap<FeedKey, number>;
}

export class Ledger {
  /** Texts that were acknowledged, by the id of the message. */
  readonly texts = new Map<string, { readonly by: Member; readonly group: GroupId }>();
  readonly #sealings = new Map<string, Sealing>();
  readonly #ever = new Set<string>();
  readonly #joined = new Set<string>();
  readonly #versions = new Map<string, number>();

  /** Takes note of what the draft gives, at the moment when it is made. */
  watch(by: Member, group: GroupId, draft: Draft): Draft {
    return (place) => {
      const made = draft(place);
      const { life } = by;
      if ('object' in made && life !== undefined) {
        const members = new Map<PublicKey, boolean>();
        const roster = life.chat.book.find(group)?.roster;
        for (const [key, { history }] of roster?.members() ?? []) members.set(key, history);
        const seen = new Map<FeedKey, number>();
        for (const { feed, head } of life.store.feeds()) {
          if (feed.group === group) seen.set(feedKey(feed), head.seq);
        }
        this.#sealings.set(nameOf(by.key, made.object), { by, members, seen });
      }
      return made;
    };
  }

  find({ feed, object }: Entry): Sealing | undefined {
    return object && this.#sealings.get(nameOf(feed.author, object));
  }

  /** To be called whenever a roster of the node may have changed. */
  look(node: Member): void {
    for (const { id, roster } of node.life?.chat.book.groups() ?? []) {
      const name = `${node.name}/${id}`;
      if (this.#versions.get(name) === roster.version) continue;
      this.#versions.set(name, roster.version);
      for (const key of roster.members().keys()) this.#ever.add(`${id}/${key}`);
    }
    for (const { id, standing } of node.life?.chat.book.groups() ?? []) {
      if (standing === 'joining') this.#joined.add(`${id}/${node.key}`);
    }
  }

  /** Whether the node ever was on its way into the group, or had been let in by nobody with a say. */
  wasJoining(group: GroupId, key: PublicKey): boolean {
    return this.#joined.has(`${group}/${key}`);
  }

  /** Whether anybody ever took the key for a member. */
  wasMember(group: GroupId, key: PublicKey): boolean {
    return this.#ever.has(`${group}/${key}`);
  }
}

function nameOf(author: PublicKey, object: Uint8Array): string {
  return `${author}/${toHex(objectIdOf(object))}`;
}
