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
import type { ContentFields } from './note-content.ts';
import type { Writer } from './ports.ts';

/** Seals for those who are members when the object is made. SkychatError `no-key`: prepare again. */
export type Seal = (fields: ObjectFields, place: PlaceInTime) => Uint8Array;

export interface Sealer {
  /** What has to stand before anything sealed, with the rows to write with it; and the sealing. */
  prepare(): {
    readonly objects: readonly Uint8Array[];
    readonly local: readonly LocalChange[];
    readonly seal: Seal;
  };
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
        const isStale = error instanceof SkychatError && error.code === 'no-key';
        if (!isStale || tries >= triesMax) throw error;
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
      const { objects, local, seal } = sealer.prepare();
      if (objects.length === 0) {
        if (local.length > 0) await writer.writeLocal(local);
        return seal;
      }
      if (tries > triesMax) throw new SkychatError('no-key', 'the members change all the time');
      await this.#writeKeys(group, objects, local);
    }
  }

  async #writeKeys(
    group: GroupId,
    objects: readonly Uint8Array[],
    local: readonly LocalChange[],
  ): Promise<void> {
    const { writer } = this.#options;
    const written = Promise.all(
      objects.map((object, i) => writer.append(group, draftOf(object, i === 0 ? local : []))),
    );
    this.#preparing.set(
      group,
      written.catch(() => undefined),
    );
    try {
      await written;
    } finally {
      this.#preparing.delete(group);
    }
  }
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
