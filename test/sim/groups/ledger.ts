// What honest nodes have sealed, and whom each had for members then; and who was let in with history
// when. Known to the simulation alone: whatever the nodes can read is held against it.
import { toHex } from '../../../src/bytes.ts';
import type { Draft, PlaceInTime } from '../../../src/cxo/draft.ts';
import { objectIdOf, type GroupId } from '../../../src/cxo/ids.ts';
import type { PublicKey } from '../../../src/identity.ts';
import type { Member } from './member.ts';

export interface Sealing {
  readonly by: Member;
  readonly place: PlaceInTime;
  /** Milliseconds of the simulation. */
  readonly at: number;
  /** In the sender's view. */
  readonly members: ReadonlySet<PublicKey>;
}

/** From when to when some node took the key for a member with history. */
interface Stay {
  readonly from: number;
  to: number;
}

export class Ledger {
  /** By object. */
  readonly sealings = new Map<string, Sealing>();
  /** Of the texts: by the id of the message, what it says. */
  readonly texts = new Map<string, { readonly by: Member; readonly group: GroupId }>();
  readonly #stays = new Map<string, Stay[]>();
  readonly #ever = new Set<string>();
  readonly #open = new Map<string, Map<PublicKey, Stay>>();
  readonly #versions = new Map<string, number>();

  /** Takes note of what the draft gives. */
  watch(by: Member, group: GroupId, draft: Draft): Draft {
    return (place) => {
      const made = draft(place);
      if ('object' in made) {
        const roster = by.life?.chat.book.find(group)?.roster;
        const members = new Set(roster?.members().keys());
        const at = by.options.time.now;
        this.sealings.set(toHex(objectIdOf(made.object)), { by, place, at, members });
      }
      return made;
    };
  }

  /** To be called whenever a roster of the node may have changed. */
  look(node: Member): void {
    const now = node.options.time.now;
    for (const { id, roster } of node.life?.chat.book.groups() ?? []) {
      const name = `${node.name}/${id}`;
      if (this.#versions.get(name) === roster.version) continue;
      this.#versions.set(name, roster.version);
      const open = this.#open.get(name) ?? new Map<PublicKey, Stay>();
      this.#open.set(name, open);
      for (const [key, { history }] of roster.members()) {
        this.#ever.add(`${id}/${key}`);
        if (!history || open.has(key)) continue;
        const stay = { from: now, to: Infinity };
        open.set(key, stay);
        const stays = this.#stays.get(`${id}/${key}`) ?? [];
        this.#stays.set(`${id}/${key}`, [...stays, stay]);
      }
      for (const [key, stay] of open) {
        if (roster.members().get(key)?.history === true) continue;
        stay.to = now;
        open.delete(key);
      }
    }
  }

  /** Whether anybody ever took the key for a member. */
  wasMember(group: GroupId, key: PublicKey): boolean {
    return this.#ever.has(`${group}/${key}`);
  }

  /** Whether anybody took the key for a member with history then or later. */
  wasLetIn(group: GroupId, key: PublicKey, at: number): boolean {
    return this.#stays.get(`${group}/${key}`)?.some(({ to }) => to >= at) === true;
  }
}
