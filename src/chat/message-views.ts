// Messages as they are shown: an entry, with what this node knows of its author, of those whom it
// names, and of where it is stored. Knows nothing of pages or requests.
import { toHex } from '../bytes.ts';
import type { Entry } from '../cxo/archive.ts';
import type { FeedId } from '../cxo/root.ts';
import type { PublicKey } from '../identity.ts';
import { formatCursor } from './cursor.ts';
import type { Directory } from './directory.ts';
import type { Membership } from './membership.ts';
import { MentionIndex } from './mentions.ts';
import { isShown, parseContent, type Content } from './message.ts';
import type { Delivery } from './ports.ts';
import type { Room } from './room.ts';
import { isoOfTime } from './time-text.ts';
import type { MessageView } from './view.ts';

export interface MessageViewsOptions {
  readonly self: PublicKey;
  readonly room: Room;
  readonly membership: Membership;
  readonly directory: Directory;
  readonly delivery: Pick<Delivery, 'storedBy'>;
  /** The earliest seq at which the feed is proved to be forked; undefined where it is not. */
  readonly forkedAt: (feed: FeedId) => number | undefined;
}

export class MessageViews {
  readonly #options: MessageViewsOptions;
  /** Live readers are all shown the same entries. */
  readonly #contents = new WeakMap<Entry, Content>();
  #mentions: { readonly index: MentionIndex; readonly version: number } | undefined;

  constructor(options: MessageViewsOptions) {
    this.#options = options;
    options.membership.onChange(() => {
      this.#mentions = undefined;
    });
  }

  isShown(entry: Entry): boolean {
    return isShown(this.#contentOf(entry));
  }

  build(entry: Entry): MessageView {
    const { feed, seq, index } = entry;
    const content = this.#contentOf(entry);
    const { self, directory, forkedAt } = this.#options;
    const forked = forkedAt(feed);
    const text = content.type === 'text' ? content.text : '';
    const replyTo = content.type === 'text' ? content.replyTo : undefined;
    return {
      id: toHex(entry.id),
      cursor: formatCursor(entry.arrival),
      group: feed.group,
      author: feed.author,
      name: directory.findName(feed.author) ?? null,
      seq,
      index,
      time: isoOfTime(entry.time),
      kind: kindOf(content),
      text,
      reply_to: replyTo === undefined ? null : toHex(replyTo),
      edited: false,
      deleted: content.type === 'erased',
      reactions: {},
      mentions: this.#mentionsOf(text),
      mine: feed.author === self,
      ...(forked !== undefined && seq >= forked ? { disputed: true as const } : {}),
      delivery: this.#deliveryOf(entry),
    };
  }

  #deliveryOf({ feed, seq }: Entry): MessageView['delivery'] {
    const { self, room, membership, delivery } = this.#options;
    const stored = delivery.storedBy(feed, seq).filter((key) => key !== self);
    // Of a group that is not configured any more, nobody but this node is known to be left.
    const members = feed.group === room.id ? membership.size : 1;
    return { stored: stored.sort(), members };
  }

  #contentOf(entry: Entry): Content {
    const known = this.#contents.get(entry);
    if (known !== undefined) return known;
    const content = parseContent(entry.object);
    this.#contents.set(entry, content);
    return content;
  }

  #mentionsOf(text: string): readonly string[] {
    if (!text.includes('@')) return [];
    const { directory, membership } = this.#options;
    if (this.#mentions?.version !== directory.version) {
      const index = new MentionIndex(membership.members(), (key) => directory.findName(key));
      this.#mentions = { index, version: directory.version };
    }
    return this.#mentions.index.find(text);
  }
}

function kindOf(content: Content): string {
  if (content.type === 'unknown') return content.kind;
  return content.type === 'erased' ? 'text' : content.type;
}
