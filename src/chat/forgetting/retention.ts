// How long bodies of messages are kept: the stricter of what this node and what a group says, and what
// of a feed may be missing, or is not to be kept, because of it. Knows nothing of stores and links.
import { toHex } from '../../bytes.ts';
import type { Entry } from '../../cxo/entry.ts';
import type { GroupId, MessageId } from '../../cxo/ids.ts';
import { objectBytesMax } from '../../cxo/limits.ts';
import type { FeedId } from '../../cxo/root.ts';
import type { Clock } from '../../env.ts';
import type { PublicKey } from '../../identity.ts';
import type { Contents } from '../content/contents.ts';
import { retentionLimits } from '../limits.ts';
import type { Content } from '../content/message.ts';

/** Undefined: without a bound. */
export interface RetentionPolicy {
  /** Seconds that a body is kept. */
  readonly ageS: number | undefined;
  /** Of all bodies of a group together: the oldest go first. */
  readonly bytes: number | undefined;
}

export const keepAll: RetentionPolicy = { ageS: undefined, bytes: undefined };

/** Of two policies both hold. */
export function stricter(a: RetentionPolicy, b: RetentionPolicy): RetentionPolicy {
  return { ageS: smaller(a.ageS, b.ageS), bytes: smaller(a.bytes, b.bytes) };
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

const body: ReadonlySet<Content['type']> = new Set([
  ...(['text', 'edit', 'reaction', 'ack', 'pin', 'hide', 'read'] as const),
  // Of what cannot be read here nobody here can tell what it is: it is what members said, as a rule.
  'locked',
]);

/**
 * Whether a message of this type is a body that goes with its time. What groups are made of stays: who
 * is in them, under which keys and names; and so does word of deletions, which explains what is missing.
 */
export function isBody(type: Content['type']): boolean {
  return body.has(type);
}

/** Times, microseconds: messages before `erase` are not kept, those before `lack` may be missing. */
export interface Cutoffs {
  readonly erase: number;
  readonly lack: number;
}

const noCutoffs: Cutoffs = { erase: 0, lack: 0 };

/** The sizes of a group's bodies, newest first: where a bound on their sum cuts. */
export class BytesCut {
  readonly #bytesMax: number;
  #sum = 0;
  #erase = 0;
  #lack = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** False once nothing older can change the cut. */
  add(time: number, bytes: number): boolean {
    // Others may have erased one more, the largest there is.
    if (this.#sum + objectBytesMax >= this.#bytesMax && this.#lack === 0) this.#lack = time + 1;
    this.#sum += bytes;
    if (this.#sum > this.#bytesMax) this.#erase = time + 1;
    return this.#erase === 0;
  }

  get cutoffs(): Cutoffs {
    return { erase: this.#erase, lack: Math.max(this.#lack, this.#erase) };
  }
}

export interface RetentionOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly contents: Contents;
  /** What this node's operator wants. */
  readonly ofNode: RetentionPolicy;
  /** What the group's admins want, as of now. */
  readonly ofGroup: (group: GroupId) => RetentionPolicy;
  /** Whether the author of a message deleted it, or it was an edit of one that was. The id is hex. */
  readonly isDeleted: (group: GroupId, author: PublicKey, id: string) => boolean;
}

const microsPerS = 1_000_000;

export class Retention {
  readonly #options: RetentionOptions;
  /** By the bounds on bytes, as of the last sweep: what is before a cut stays so. */
  readonly #cuts = new Map<GroupId, Cutoffs>();

  /** Deletions in roots that were verified and not taken, the oldest first. */
  readonly #learned = new Set<string>();

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Takes note of deletions among what an author says in roots that are not here yet. */
  learn(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const content = this.#options.contents.of(entry);
      if (content.type !== 'delete') continue;
      for (const id of [content.target, ...content.edits]) {
        this.#learned.add(nameOf(entry.feed, toHex(id)));
      }
    }
    for (const oldest of this.#learned) {
      if (this.#learned.size <= retentionLimits.learnedMax) break;
      this.#learned.delete(oldest);
    }
  }

  #isDeleted(feed: FeedId, id: MessageId): boolean {
    const hex = toHex(id);
    if (this.#learned.has(nameOf(feed, hex))) return true;
    return this.#options.isDeleted(feed.group, feed.author, hex);
  }

  policyOf(group: GroupId): RetentionPolicy {
    return stricter(this.#options.ofNode, this.#options.ofGroup(group));
  }

  /** As of now. */
  cutoffs(group: GroupId): Cutoffs {
    const { ageS } = this.policyOf(group);
    const { erase, lack } = this.#cuts.get(group) ?? noCutoffs;
    const aged = ageS === undefined ? 0 : this.#options.clock.now() - ageS * microsPerS;
    return { erase: Math.max(aged, erase), lack: Math.max(aged, lack) };
  }

  /** Where a group's bound on bytes cuts, from a sweep over all its bodies; none without a bound. */
  setCut(group: GroupId, cut: Cutoffs | undefined): void {
    if (cut === undefined) this.#cuts.delete(group);
    else this.#cuts.set(group, cut);
  }

  /** Whether bodies of this time are not kept: they are not shown either, though they are there still. */
  isExpired(group: GroupId, time: number): boolean {
    return time < this.cutoffs(group).erase;
  }

  /** Whether a message may be taken without its object. */
  mayLack(feed: FeedId, time: number, id: MessageId): boolean {
    if (time < this.cutoffs(feed.group).lack) return true;
    return this.#isDeleted(feed, id);
  }

  /** Whether the object of a message is not to be kept. */
  sheds(entry: Entry): boolean {
    const { feed, time, id } = entry;
    const isDue = this.isExpired(feed.group, time) || this.#isDeleted(feed, id);
    return isDue && isBody(this.#options.contents.of(entry).type);
  }
}

function nameOf({ group, author }: FeedId, id: string): string {
  return `${group} ${author} ${id}`;
}
