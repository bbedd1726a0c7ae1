// How contents become objects of this node's feed: with a fresh salt, and in an encrypted group sealed
// for its members at the place where they will stand. Knows nothing of what contents say.
import { draftOf, type Draft, type PlaceInTime } from '../cxo/draft.ts';
import type { Entry } from '../cxo/entry.ts';
import type { GroupId } from '../cxo/ids.ts';
import { saltBytes } from '../cxo/limits.ts';
import { buildObject, type ObjectFields } from '../cxo/object.ts';
import type { LocalChange } from '../cxo/store.ts';
import type { Random } from '../env.ts';
import { SkychatError } from '../errors.ts';
import type { ContentFields } from './notes/note-content.ts';
import type { Writer } from './ports.ts';

/** Seals for those who are members when the object is made. SkychatError `no-key`: prepare again. */
export type Seal = (fields: ObjectFields, place: PlaceInTime) => Uint8Array;

/** What has to stand before anything sealed, with the rows to write with it; and the sealing. */
export interface SealingPreparation {
  readonly objects: readonly Uint8Array[];
  readonly local: readonly LocalChange[];
  /** Whether one of the objects is still right for the members, when it gets its place. */
  readonly mayStand: (object: Uint8Array) => boolean;
  readonly seal: Seal;
}

export interface Sealer {
  prepare(): SealingPreparation;
}

export interface WritingOptions {
  readonly writer: Pick<Writer, 'append' | 'writeLocal'>;
  readonly random: Pick<Random, 'bytes'>;
  /** The sealer of an encrypted group; undefined for one that anybody can read. */
  readonly sealerOf: (group: GroupId) => Sealer | undefined;
}

/** Members that come and go while a message waits for the disk each cost one more try. */
const triesMax = 8;

/** Rows to write with an object, once it is made. */
export type RowsOf = (object: Uint8Array) => readonly LocalChange[];

const noRows: RowsOf = () => [];

export class Writing {
  readonly #options: WritingOptions;
  /** Keys that are on their way to the disk: who comes meanwhile waits for them. */
  readonly #preparing = new Map<GroupId, Promise<unknown>>();

  constructor(options: WritingOptions) {
    this.#options = options;
  }

  /** Appends what the fields say, sealed where the group is encrypted; resolves when it is on disk. */
  async append(group: GroupId, said: ContentFields, rowsOf = noRows): Promise<Entry> {
    const salt = this.#options.random.bytes(saltBytes);
    // Whatever cannot be encoded is refused before anything is written.
    const plain = buildObject(said, salt);
    if (this.#options.sealerOf(group) === undefined) {
      return this.appendObject(group, plain, rowsOf(plain));
    }
    const fields = { ...said, salt };
    return this.appendSealed(group, (seal) => (place) => {
      const object = seal(fields, place);
      return { object, local: rowsOf(object) };
    });
  }

  /** Appends what everybody may read. */
  appendObject(
    group: GroupId,
    object: Uint8Array,
    local: readonly LocalChange[] = [],
  ): Promise<Entry> {
    return this.#options.writer.append(group, draftOf(object, local));
  }

  /**
   * Appends what is sealed as it is made: whether everybody has the key is decided there, so that
   * nothing is ever sealed for somebody whose removal this node has seen.
   */
  async appendSealed(group: GroupId, draft: (seal: Seal) => Draft): Promise<Entry> {
    const { writer } = this.#options;
    for (let tries = 1; ; tries++) {
      const seal = await this.#prepare(group);
      try {
        return await writer.append(group, refusable(draft(seal)));
      } catch (error) {
        if (!isStale(error) || tries >= triesMax) throw error;
      }
    }
  }

  /** Writes what has to stand before anything sealed; members that come meanwhile need other keys. */
  async #prepare(group: GroupId): Promise<Seal> {
    const { sealerOf, writer } = this.#options;
    const sealer = sealerOf(group);
    if (sealer === undefined) throw new Error('nothing is sealed in an open group');
    for (let tries = 1; ; tries++) {
      while (this.#preparing.has(group)) await this.#preparing.get(group);
      const ticket = sealer.prepare();
      const { objects, local, seal } = ticket;
      if (objects.length === 0) {
        if (local.length > 0) await writer.writeLocal(local);
        return seal;
      }
      if (tries > triesMax) throw new SkychatError('no-key', 'the members change all the time');
      await this.#writeKeys(group, ticket);
    }
  }

  /** What may not stand any more where it would is left out: the next preparing says what is right. */
  async #writeKeys(
    group: GroupId,
    { objects, local, mayStand }: SealingPreparation,
  ): Promise<void> {
    const { writer } = this.#options;
    const drafts = objects.map((object, i): Draft => {
      const made = { object, local: i === 0 ? local : [] };
      return () => (mayStand(object) ? made : { code: 'no-key' });
    });
    // All of them: what is prepared before the last one is on the disk would be written twice.
    const written = Promise.allSettled(drafts.map((draft) => writer.append(group, draft)));
    this.#preparing.set(group, written);
    const results = await written;
    this.#preparing.delete(group);
    for (const result of results) {
      if (result.status === 'rejected' && !isStale(result.reason)) throw result.reason;
    }
  }
}

function isStale(error: unknown): boolean {
  return error instanceof SkychatError && error.code === 'no-key';
}

/** A refusal to seal is an answer to who wrote, not a fault of the engine. */
function refusable(draft: Draft): Draft {
  return (place) => {
    try {
      return draft(place);
    } catch (error) {
      if (error instanceof SkychatError) return { code: error.code };
      throw error;
    }
  };
}
