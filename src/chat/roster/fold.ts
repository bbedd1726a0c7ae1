// From a set of operations to who may do what: the same for the same set, whatever order it came in.
// Admins are taken by seniority, so that whatever can undo one's operations was decided before.
// Knows nothing of the engine, of clocks, or of what of it is shown.
import { publicKeyBytes, type PublicKey } from '../../identity.ts';
import { compareActs, precedes, type Act } from './act.ts';
import { Admissions, type Admission } from './admissions.ts';
import type { Genesis } from './genesis.ts';
import type { RosterOperation } from './operation.ts';
import { Person, type Grant } from './person.ts';
import { SortedQueue } from './sorted-queue.ts';
import type { End, Tenure } from './tenure.ts';

interface Turn {
  readonly person: Person;
  /** The promotion; undefined for the founder, to whom everybody is junior. */
  readonly grant: Act | undefined;
}

const byGenesis: Grant = { act: undefined, history: true };

export class Fold {
  readonly people = new Map<PublicKey, Person>();
  /** Everybody who ever was an admin, by seniority. */
  readonly admins = new Set<PublicKey>();
  readonly invites: Admissions;
  /** Valid descriptions and retentions, in timeline order. */
  readonly descriptions: Act[];
  readonly retentions: Act[];
  readonly #acts = new Map<PublicKey, Act[]>();
  readonly #founder: PublicKey | undefined;
  readonly #turns = new SortedQueue<Turn>(compareTurns);
  readonly #valid = new Set<Act>();
  /** What had no effect. */
  readonly #void = new Set<Act>();
  /** The last in the timeline of those that had some, or are ends of their authors' own. */
  #latest: Act | undefined;

  /** @param isProved whether the joiner signed with the invite's key */
  constructor(genesis: Genesis, acts: Iterable<Act>, isProved: (act: Admission) => boolean) {
    this.#founder = genesis.kind === 'roster' ? genesis.founder : undefined;
    const admissions: Admission[] = [];
    for (const act of acts) {
      const own = this.#acts.get(act.author);
      if (own === undefined) this.#acts.set(act.author, [act]);
      else own.push(act);
      if (isAdmission(act)) admissions.push(act);
    }
    this.invites = new Admissions(isProved);
    if (genesis.kind === 'direct') {
      for (const key of genesis.members) this.personOf(key).grants.push(byGenesis);
    } else {
      this.#foldAdmins(genesis.founder);
    }
    const valid = [...this.#valid].sort(compareActs);
    this.descriptions = valid.filter(({ operation }) => operation.op === 'describe');
    this.retentions = valid.filter(({ operation }) => operation.op === 'retain');
    for (const admission of admissions.sort(compareActs)) {
      if (this.invites.admit(admission, (key) => this.personOf(key))) this.#valid.add(admission);
    }
    for (const act of acts) this.#file(act);
  }

  /**
   * Takes in one more operation, where it is later than all that had an effect, and nothing that is
   * known already depends on it: nearly always. The keys of which something changed; undefined where
   * only another fold gives the roster, and this one is of no use any more.
   */
  extend(act: Act): ReadonlySet<PublicKey> | undefined {
    if (this.#latest !== undefined && compareActs(act, this.#latest) < 0) return undefined;
    const { author, operation } = act;
    const subject = 'key' in operation ? operation.key : undefined;
    for (const other of this.#void) {
      // What came before its time: forged, or from a feed that arrived sooner.
      if (compareActs(other, act) < 0) continue;
      if (other.author === subject || precedes(act, other)) return undefined;
    }
    const person = this.personOf(author);
    if (operation.op === 'leave' || subject === author) return undefined;
    person.acts.push(act);
    if (isAdmission(act)) {
      if (this.invites.admit(act, (key) => this.personOf(key))) this.#valid.add(act);
    } else {
      const isCovered = person.stints.some(
        (stint) =>
          (stint.grant === undefined || precedes(stint.grant, act)) && stint.covers(act.entry),
      );
      if (isCovered && !this.#carryOutLast(act)) return undefined;
    }
    this.#file(act);
    return new Set(subject === undefined ? [author] : [author, subject]);
  }

  /** False where more changes than what the operation is about. */
  #carryOutLast(act: Act): boolean {
    const { operation } = act;
    if (operation.op === 'remove' || operation.op === 'demote') {
      const person = this.personOf(operation.key);
      if (person.stints.length > 0) return false;
      if (!this.#carryOut(act)) return true;
      const end = person.ends.at(-1);
      if (end === undefined || !person.isWithin(end)) return false;
    } else if (!this.#carryOut(act)) {
      return true;
    }
    this.#valid.add(act);
    if (operation.op === 'describe') this.descriptions.push(act);
    if (operation.op === 'retain') this.retentions.push(act);
    for (let turn = this.#turns.pop(); turn !== undefined; turn = this.#turns.pop()) {
      this.#takeTurn(turn);
    }
    return true;
  }

  #file(act: Act): void {
    const isOwnEnd = act.operation.op === 'leave' || act.operation.op === 'demote';
    if (!this.#valid.has(act)) this.#void.add(act);
    if (!this.#valid.has(act) && !isOwnEnd) return;
    if (this.#latest === undefined || compareActs(act, this.#latest) > 0) this.#latest = act;
  }

  /** Operations that let the key in and have no effect. */
  voidGrantsOf(key: PublicKey): readonly Act[] {
    return [...this.#void].filter(({ operation }) => isGrantOf(operation, key));
  }

  personOf(key: PublicKey): Person {
    const known = this.people.get(key);
    if (known !== undefined) return known;
    const person = new Person(key, key === this.#founder, this.#acts.get(key) ?? []);
    this.people.set(key, person);
    return person;
  }

  #foldAdmins(founder: PublicKey): void {
    const person = this.personOf(founder);
    person.grants.push(byGenesis);
    this.#turns.push({ person, grant: undefined });
    for (let turn = this.#turns.pop(); turn !== undefined; turn = this.#turns.pop()) {
      this.#takeTurn(turn);
    }
  }

  /** Takes the operations that this promotion makes valid. */
  #takeTurn({ person, grant }: Turn): void {
    const stint = person.openStint(grant);
    this.admins.add(person.key);
    for (const act of person.acts) {
      if (this.#valid.has(act)) continue;
      if (grant !== undefined && !precedes(grant, act)) continue;
      if (stint.covers(act.entry) && this.#carryOut(act)) this.#valid.add(act);
    }
  }

  /** False where it is nothing that an admin, or this admin, can do. */
  #carryOut(act: Act): boolean {
    const { operation } = act;
    switch (operation.op) {
      case 'add':
        if (operation.key === this.#founder) return false;
        this.personOf(operation.key).grants.push({ act, history: operation.history });
        return true;
      case 'promote': {
        if (operation.key === this.#founder) return false;
        const person = this.personOf(operation.key);
        person.grants.push({ act, history: false });
        this.#turns.push({ person, grant: act });
        return true;
      }
      case 'remove':
      case 'demote':
        return this.#end(act, operation.key, operation.op === 'remove');
      case 'invite':
        this.invites.open(act, operation);
        return true;
      case 'revoke':
        this.invites.revoke(act, operation.invite);
        return true;
      case 'describe':
      case 'retain':
        return true;
      case 'leave':
      case 'admit':
        return false;
    }
  }

  #end(act: Act, key: PublicKey, isRemoval: boolean): boolean {
    // What somebody does to itself ends its own stints: src/chat/roster/tenure.ts.
    if (key === act.author) return false;
    const person = this.personOf(key);
    // Stints are opened by seniority: these are all senior to the one that is being taken. That of
    // the founder never ends.
    const seniors = [...person.stints];
    if (!seniors.every((senior) => isKnownToEnd(senior, act))) return false;
    person.ends.push(new Cut(act, key, isRemoval, seniors));
    return true;
  }
}

/** An end by somebody else. Never below what the person could still say to the senior of who ends. */
class Cut implements End {
  readonly act: Act;
  readonly isRemoval: boolean;
  readonly #seqs: ReadonlyMap<number, number>;
  readonly #seniors: readonly Tenure[];

  constructor(act: Act, key: PublicKey, isRemoval: boolean, seniors: readonly Tenure[]) {
    this.act = act;
    this.isRemoval = isRemoval;
    this.#seniors = seniors;
    this.#seqs = act.seen.headsOf(publicKeyBytes(key));
  }

  cutOf(head: number): number {
    let cut = this.#seqs.get(head) ?? 0;
    for (const senior of this.#seniors) cut = Math.max(cut, senior.reachOf(head));
    return cut;
  }
}

/** Whether the stint had ended when this was done, as far as its author knew. */
function isKnownToEnd({ against, ownEnd }: Tenure, act: Act): boolean {
  if (ownEnd !== undefined && precedes(ownEnd, act)) return true;
  return against.some((end) => precedes(end.act, act));
}

function isGrantOf(operation: RosterOperation, key: PublicKey): boolean {
  const { op } = operation;
  return (op === 'add' || op === 'promote' || op === 'admit') && operation.key === key;
}

function isAdmission(act: Act): act is Admission {
  return act.operation.op === 'admit';
}

function compareTurns(a: Turn, b: Turn): number {
  if (a.grant === undefined || b.grant === undefined) {
    return Number(a.grant !== undefined) - Number(b.grant !== undefined);
  }
  return compareActs(a.grant, b.grant);
}
