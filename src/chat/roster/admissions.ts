// Who came in by an invite: which invites there are, and which admissions by them count. Knows
// nothing of links, of joiners that are still on their way, or of the present time.
import { toHex } from '../../bytes.ts';
import type { PublicKey } from '../../identity.ts';
import { compareActs, precedes, type Act } from './act.ts';
import type { RosterOperation } from './operation.ts';
import type { Person } from './person.ts';

export type InviteTerms = Extract<RosterOperation, { readonly op: 'invite' }>;
export type Admission = Act & {
  readonly operation: Extract<RosterOperation, { readonly op: 'admit' }>;
};

/** All that concerns one invite key. */
export interface InviteRecord {
  /** In timeline order. More than one only where an admin repeats another's. */
  readonly opened: { readonly act: Act; readonly terms: InviteTerms }[];
  /** The earliest by which it is revoked. */
  revoked: Act | undefined;
  readonly used: Set<PublicKey>;
}

export class Admissions {
  /** By the invite's public key. */
  readonly records = new Map<string, InviteRecord>();
  readonly #isProved: (act: Admission) => boolean;

  constructor(isProved: (act: Admission) => boolean) {
    this.#isProved = isProved;
  }

  open(act: Act, terms: InviteTerms): void {
    const { opened } = this.#recordOf(terms.invite);
    opened.push({ act, terms });
    opened.sort((a, b) => compareActs(a.act, b.act));
  }

  revoke(act: Act, invite: Uint8Array): void {
    const record = this.#recordOf(invite);
    if (record.revoked === undefined || compareActs(act, record.revoked) < 0) record.revoked = act;
  }

  /** In timeline order of the admissions, once all that admins did is known. */
  admit(act: Admission, personOf: (key: PublicKey) => Person): boolean {
    const { invite, key } = act.operation;
    const record = this.records.get(toHex(invite));
    const terms = record?.opened.find((opened) => precedes(opened.act, act))?.terms;
    if (record === undefined || terms === undefined) return false;
    const { revoked, used } = record;
    if (revoked !== undefined && compareActs(revoked, act) < 0) return false;
    if (act.entry.time > (terms.expires ?? Infinity)) return false;
    // One signature lets in once: or anybody could undo a leave with it.
    if (used.size >= (terms.uses ?? Infinity) || used.has(key)) return false;
    if (!personOf(act.author).tenures.some((tenure) => tenure.covers(act.entry))) return false;
    const joiner = personOf(key);
    if (joiner.isFounder || !this.#isProved(act)) return false;
    // Who was removed is let in by an admin alone.
    if (joiner.ends.some((end) => end.isRemoval && precedes(end.act, act))) return false;
    used.add(key);
    joiner.grants.push({ act, history: terms.history });
    return true;
  }

  #recordOf(invite: Uint8Array): InviteRecord {
    const name = toHex(invite);
    const known = this.records.get(name);
    if (known !== undefined) return known;
    const record: InviteRecord = { opened: [], revoked: undefined, used: new Set() };
    this.records.set(name, record);
    return record;
  }
}
