// The writing side: a text becomes an object in this node's feed, once for each Idempotency-Key, and
// the caller waits until as many other nodes as it asked for have it. Knows nothing of links.
import { equal } from '../bytes.ts';
import type { Entry } from '../cxo/archive.ts';
import { groupIdBytes, messageIdOf, objectIdOf, type GroupId } from '../cxo/ids.ts';
import type { Timers } from '../env.ts';
import { SkychatError } from '../errors.ts';
import { publicKeyBytes, type PublicKey } from '../identity.ts';
import type { Conversation } from './timeline/conversation.ts';
import { mismatch, type Idempotency, type IdempotencyRequest } from './idempotency.ts';
import { postingLimits } from './limits.ts';
import type { MessageViews } from './timeline/message-views.ts';
import type { ContentFields } from './notes/note-content.ts';
import type { Delivery, MessageSource } from './ports.ts';
import { textFields, type Priority } from './content/text-content.ts';
import type { MessageView } from './view.ts';
import type { Writing } from './writing.ts';

export interface TextDraft {
  readonly text: string;
  /** Id or name of a group; the room where not given. */
  readonly group?: string;
  /** Public key of the only other member that is to read it. */
  readonly to?: string;
  /** Id of the message that this one answers, hex. */
  readonly replyTo?: string;
  readonly priority?: Priority;
  /** Whether readers are asked to acknowledge it. */
  readonly ack?: boolean;
  /** Name of the program that writes it, where one does. */
  readonly bot?: string;
}

export interface PostingRequest {
  /** Resolve only once this many other nodes have it on their disks, or the time is over. */
  readonly minPeers?: number;
  /** And once the node of this public key has it. */
  readonly storedBy?: string;
  readonly timeoutMs?: number;
  readonly idempotency?: IdempotencyRequest;
}

export interface PostingResult {
  readonly message: MessageView;
  /** False where `minPeers` was not reached in time. */
  readonly replicated: boolean;
  /** Whether the same was posted under the key before: nothing was written. */
  readonly replayed: boolean;
}

export interface PostingOptions {
  readonly self: PublicKey;
  /** The group that a draft goes to; SkychatError where this node cannot write there. */
  readonly destinationOf: (draft: Pick<TextDraft, 'group' | 'to'>) => Promise<GroupId>;
  readonly writing: Pick<Writing, 'append'>;
  readonly delivery: Delivery;
  readonly conversation: Pick<Conversation, 'readEntry'>;
  readonly finder: Pick<MessageSource, 'find'>;
  readonly views: MessageViews;
  readonly idempotency: Idempotency;
  readonly timers: Timers;
  /** For tests of the bounds. */
  readonly limits?: { readonly inFlightMax: number; readonly waitingMax: number };
}

interface Appended {
  readonly entry: Entry;
  readonly replayed: boolean;
}

interface InFlight {
  readonly body: Uint8Array;
  readonly appended: Promise<Appended>;
}

export class Posting {
  readonly #options: PostingOptions;
  readonly #limits: { readonly inFlightMax: number; readonly waitingMax: number };
  /** By Idempotency-Key: those who come with the same one meanwhile share the answer. */
  readonly #inFlight = new Map<string, InFlight>();
  /** Each ends one wait for other nodes. */
  readonly #waits = new Set<() => void>();
  #appending = 0;
  #isClosed = false;

  constructor(options: PostingOptions) {
    this.#options = options;
    this.#limits = options.limits ?? postingLimits;
  }

  get waiting(): number {
    return this.#waits.size;
  }

  /**
   * Resolves when the message is on disk, and replicated as asked or the time is over.
   * @throws SkychatError for a bad draft (nothing is changed then), and whatever `append` throws
   */
  async post(draft: TextDraft, request: PostingRequest): Promise<PostingResult> {
    if (this.#isClosed) throw new SkychatError('closing', 'the node is closing');
    const { minPeers = 0, storedBy } = request;
    const waits = minPeers > 0 || storedBy !== undefined;
    if (waits && this.#waits.size >= this.#limits.waitingMax) {
      throw new SkychatError('too-many-requests', 'too many posts wait for other nodes');
    }
    const { entry, replayed } = await this.#appendOnce(draft, request.idempotency);
    const replicated = !waits || (await this.#replicated(entry, request));
    return { message: this.#options.views.build(entry), replicated, replayed };
  }

  /** Ends every wait for other nodes as if its time were over, and refuses new posts. */
  close(): void {
    this.#isClosed = true;
    for (const end of [...this.#waits]) end();
  }

  async #appendOnce(draft: TextDraft, request: IdempotencyRequest | undefined): Promise<Appended> {
    if (request === undefined) {
      return { entry: await this.#append(draft, undefined), replayed: false };
    }
    const other = this.#inFlight.get(request.key);
    if (other !== undefined) {
      if (!equal(other.body, request.body)) throw mismatch();
      return { entry: (await other.appended).entry, replayed: true };
    }
    const appended = this.#findOrAppend(draft, request);
    this.#inFlight.set(request.key, { body: request.body, appended });
    try {
      return await appended;
    } finally {
      this.#inFlight.delete(request.key);
    }
  }

  async #findOrAppend(draft: TextDraft, request: IdempotencyRequest): Promise<Appended> {
    const { idempotency, finder } = this.#options;
    const posted = await idempotency.find(request);
    const entry = posted === undefined ? undefined : await finder.find(posted);
    if (entry !== undefined) return { entry, replayed: true };
    return { entry: await this.#append(draft, request), replayed: false };
  }

  async #append(draft: TextDraft, request: IdempotencyRequest | undefined): Promise<Entry> {
    if (this.#appending >= this.#limits.inFlightMax) {
      throw new SkychatError('too-many-requests', 'too many posts at once', {
        hint: 'Wait for some of the answers, then try again.',
      });
    }
    this.#appending++;
    try {
      const answered = await this.#answered(draft);
      const group = await this.#options.destinationOf(whereTo(draft, answered));
      return await this.#write(group, fieldsOf(draft, group, answered), request);
    } finally {
      this.#appending--;
    }
  }

  async #write(
    group: GroupId,
    fields: ContentFields,
    request: IdempotencyRequest | undefined,
  ): Promise<Entry> {
    const { self, writing, idempotency } = this.#options;
    if (request === undefined) return writing.append(group, fields);
    const author = publicKeyBytes(self);
    const reservation = idempotency.reserve(request);
    try {
      const entry = await writing.append(group, fields, (object) =>
        reservation.local(messageIdOf(groupIdBytes(group), author, objectIdOf(object))),
      );
      reservation.done();
      return entry;
    } catch (error) {
      reservation.failed();
      throw error;
    }
  }

  /** The message that the draft answers. */
  async #answered({ replyTo }: TextDraft): Promise<Entry | undefined> {
    return replyTo === undefined ? undefined : this.#options.conversation.readEntry(replyTo);
  }

  #replicated(entry: Entry, request: PostingRequest): Promise<boolean> {
    const { delivery, timers } = this.#options;
    const { minPeers = 0, storedBy, timeoutMs = postingLimits.timeoutMsDefault } = request;
    const isReached = (): boolean => {
      const stored: readonly string[] = delivery.storedBy(entry.feed, entry.seq);
      return stored.length >= minPeers && (storedBy === undefined || stored.includes(storedBy));
    };
    if (isReached()) return Promise.resolve(true);
    const timeout = Math.min(Math.max(timeoutMs, 0), postingLimits.timeoutMsMax);
    if (timeout === 0 || this.#isClosed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waits.delete(end);
        stopTimer();
        stopListening();
        resolve(isReached());
      };
      const stopTimer = timers.after(timeout, end);
      const stopListening = delivery.onStored(() => {
        if (isReached()) end();
      });
      this.#waits.add(end);
    });
  }
}

/** An answer goes where its question stands, unless the draft says where: then it has to be there. */
function whereTo(
  { group, to }: TextDraft,
  answered: Entry | undefined,
): Pick<TextDraft, 'group' | 'to'> {
  if (to !== undefined) return { to };
  const named = group ?? answered?.feed.group;
  return named === undefined ? {} : { group: named };
}

function fieldsOf(draft: TextDraft, group: GroupId, answered: Entry | undefined): ContentFields {
  const { text, priority, ack, bot } = draft;
  if (answered !== undefined && answered.feed.group !== group) {
    throw new SkychatError('unknown-message', 'the message to answer is in another group');
  }
  return textFields(text, { replyTo: answered?.id, priority, ack, bot });
}
