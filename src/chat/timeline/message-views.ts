// Messages as they are shown: an entry, with what this node knows of its author, of those whom it
// names, and of where it is stored. Knows nothing of pages or requests.
import { toHex } from '../../bytes.ts';
import type { Entry } from '../../cxo/archive.ts';
import type { FeedId } from '../../cxo/root.ts';
import type { PublicKey } from '../../identity.ts';
import type { Contents } from '../content/contents.ts';
import { formatCursor } from './cursor.ts';
import { isShown, type Content } from '../content/message.ts';
import type { Notes } from '../notes/notes.ts';
import type { People } from '../people/people.ts';
import type { Delivery } from '../ports.ts';
import type { TextContent } from '../content/text-content.ts';
import { isoOfTime } from '../time-text.ts';
import type { MessageView } from '../view.ts';

export interface MessageViewsOptions {
  readonly self: PublicKey;
  readonly people: Pick<People, 'findName' | 'mentions' | 'count'>;
  /** Whether it was said by a member while it was one. */
  readonly allows: (entry: Entry) => boolean;
  /** Whether it is older than what is kept. */
  readonly isExpired: (entry: Entry) => boolean;
  readonly contents: Contents;
  readonly notes: Notes;
  readonly delivery: Pick<Delivery, 'storedBy'>;
  /** Whose messages are not shown on this node. */
  readonly isBlocked: (key: PublicKey) => boolean;
  /** The earliest seq at which the feed is proved to be forked; undefined where it is not. */
  readonly forkedAt: (feed: FeedId) => number | undefined;
}

export interface Reading {
  readonly text: string;
  readonly mentions: readonly string[];
  /** Whether a program wrote it. */
  readonly isBot: boolean;
}

export class MessageViews {
  readonly #options: MessageViewsOptions;

  constructor(options: MessageViewsOptions) {
    this.#options = options;
  }

  get self(): PublicKey {
    return this.#options.self;
  }

  isBlocked({ feed }: Entry): boolean {
    return this.#options.isBlocked(feed.author);
  }

  isShown(entry: Entry): boolean {
    return this.#wasShown(entry) && !this.#options.isExpired(entry);
  }

  /** Whether it was shown until it became too old. */
  isExpired(entry: Entry): boolean {
    return this.#options.isExpired(entry) && this.#wasShown(entry);
  }

  #wasShown(entry: Entry): boolean {
    if (this.isBlocked(entry) || !this.#options.allows(entry)) return false;
    const { contents, notes } = this.#options;
    const content = contents.of(entry);
    return isShown(content) && !(content.type === 'erased' && notes.isGone(entry));
  }

  build(entry: Entry): MessageView {
    const { feed, seq, index } = entry;
    const { self, people, forkedAt, contents, notes } = this.#options;
    const id = toHex(entry.id);
    const content = contents.of(entry);
    const noted = notes.of(entry, id);
    const said = content.type === 'text' ? content : undefined;
    const deleted = content.type === 'erased' || noted.deleted;
    const text = deleted || noted.hidden ? '' : said && (noted.text ?? said.text);
    const forked = forkedAt(feed);
    return {
      id,
      cursor: formatCursor(entry.arrival),
      group: feed.group,
      author: feed.author,
      ...nameOf(said, people.findName(feed.author, feed.group) ?? null),
      seq,
      index,
      time: isoOfTime(entry.time),
      kind: kindOf(content),
      text: text ?? '',
      reply_to: said?.replyTo === undefined ? null : toHex(said.replyTo),
      replies: notes.countReplies(feed.group, id),
      edited: said !== undefined && !deleted && noted.text !== undefined,
      deleted,
      hidden: noted.hidden,
      pinned: noted.pinned,
      priority: said?.priority ?? null,
      ack: said?.ack === true ? { requested: true, by: noted.acks } : null,
      reactions: noted.reactions,
      mentions: people.mentions(feed.group, text ?? ''),
      mine: feed.author === self,
      ...(forked !== undefined && seq >= forked ? { disputed: true as const } : {}),
      delivery: this.#deliveryOf(entry),
    };
  }

  /** What there is to read and whom it names, as it stands by now; undefined where nothing is. */
  read(entry: Entry): Reading | undefined {
    if (!this.isShown(entry)) return undefined;
    const { contents, notes } = this.#options;
    const content = contents.of(entry);
    if (content.type === 'erased') return undefined;
    const { deleted, hidden, text: edited } = notes.of(entry, toHex(entry.id));
    if (deleted || hidden) return undefined;
    const text = content.type === 'text' ? (edited ?? content.text) : '';
    const isBot = content.type === 'text' && content.bot !== undefined;
    return { text, isBot, mentions: this.#options.people.mentions(entry.feed.group, text) };
  }

  /** Whether it asks the key for an acknowledgement that has not come: named, or one of all. */
  needsAck(entry: Entry, key: PublicKey): boolean {
    const { contents, notes } = this.#options;
    const content = contents.of(entry);
    if (content.type !== 'text' || !content.ack || entry.feed.author === key) return false;
    const noted = notes.of(entry, toHex(entry.id));
    if (noted.deleted || noted.hidden || noted.acks.includes(key)) return false;
    const text = noted.text ?? content.text;
    const mentions = this.#options.people.mentions(entry.feed.group, text);
    return mentions.length === 0 || mentions.includes(key);
  }

  isPinned(entry: Entry): boolean {
    return this.#options.notes.of(entry, toHex(entry.id)).pinned;
  }

  #deliveryOf({ feed, seq }: Entry): MessageView['delivery'] {
    const { self, people, delivery } = this.#options;
    const stored = delivery.storedBy(feed, seq).filter((key) => key !== self);
    return { stored: stored.sort(), members: people.count(feed.group) };
  }
}

/** The name of a bot is never without that of the key that speaks for it. */
function nameOf(
  said: TextContent | undefined,
  name: string | null,
): Pick<MessageView, 'name' | 'bot' | 'node_name'> {
  if (said?.bot === undefined) return { name };
  const called = said.bot.name;
  return called === undefined ? { name, bot: true } : { name: called, bot: true, node_name: name };
}

function kindOf(content: Content): string {
  if (content.type === 'unknown') return content.kind;
  if (content.type === 'group') return content.kind;
  return content.type === 'erased' ? 'text' : content.type;
}
