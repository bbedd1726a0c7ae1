// One message with what was said about it and what can be done about it.
import type { MessageView } from '../../chat/view.ts';
import { now } from '../env.ts';
import { clockTime, dayKey, dayTitle, fullTime } from '../model/times.ts';
import { oneLine } from '../model/visible.ts';
import { findMessage } from '../state/conversation.ts';
import { nameOf, status } from '../state/node.ts';
import { active, openThread } from '../state/ui.ts';
import { acknowledge } from '../state/actions.ts';
import { Delivery } from './delivery.tsx';
import { Icon } from './icon.tsx';
import { MessageTools } from './message-tools.tsx';
import { Figure, Name, Visible } from './name.tsx';
import { Reactions } from './reactions.tsx';
import { Text } from './text.tsx';

export interface RowProps {
  readonly message: MessageView;
  readonly before: MessageView | undefined;
  /** Whether what was unread begins with it. */
  readonly isFirstUnread: boolean;
  /** In a thread the message that is answered is not shown again. */
  readonly isInThread?: boolean;
  readonly onReply: (message: MessageView) => void;
  readonly onEdit: (message: MessageView) => void;
  readonly onJump: (id: string) => void;
}

/** Messages of one author that follow each other within this time stand under one name. */
const runMs = 5 * 60_000;

function isRun(message: MessageView, before: MessageView | undefined): boolean {
  return (
    before !== undefined &&
    before.author === message.author &&
    message.reply_to === null &&
    message.priority === null &&
    dayKey(before.time) === dayKey(message.time) &&
    Date.parse(message.time) - Date.parse(before.time) < runMs
  );
}

export function MessageRow(props: RowProps) {
  const { message, before, isFirstUnread } = props;
  const isNewDay = before === undefined || dayKey(before.time) !== dayKey(message.time);
  const isShort = isRun(message, before) && !isFirstUnread;
  const { id, author, priority, pinned } = message;
  const classes = ['message', isShort ? 'short' : '', priority ?? '', message.mine ? 'mine' : ''];
  return (
    <>
      {isNewDay && (
        <div class="divider day">
          <span>{dayTitle(message.time, now())}</span>
        </div>
      )}
      {isFirstUnread && (
        <div class="divider unread">
          <span>New</span>
        </div>
      )}
      <article
        id={props.isInThread === true ? undefined : `m-${id}`}
        class={classes.join(' ')}
        tabIndex={-1}
        aria-label={labelOf(message)}
        data-active={active.value === id ? 'true' : undefined}
        onFocusIn={() => {
          active.value = id;
        }}
      >
        {isShort ? <Time message={message} /> : <Figure pk={author} />}
        <div class="body">
          {message.reply_to !== null && props.isInThread !== true && (
            <Answered message={message} to={message.reply_to} onJump={props.onJump} />
          )}
          {!isShort && (
            <header>
              <Name pk={author} name={message.name} />
              <Flags message={message} />
              <Time message={message} />
            </header>
          )}
          {pinned && (
            <span class="tag">
              <Icon name="pin" /> Pinned
            </span>
          )}
          <Content message={message} />
          <Below {...props} />
        </div>
        <MessageTools {...props} />
      </article>
    </>
  );
}

function labelOf({ name, author, time, text }: MessageView): string {
  return `${oneLine(name ?? nameOf(author), 60)}, ${clockTime(time)}: ${oneLine(text, 200)}`;
}

function Time({ message }: { readonly message: MessageView }) {
  return (
    <time dateTime={message.time} title={fullTime(message.time)}>
      {clockTime(message.time)}
    </time>
  );
}

function Flags({ message }: { readonly message: MessageView }) {
  // A node of an earlier version does not say.
  const { bot } = message as { readonly bot?: boolean };
  return (
    <>
      {bot === true && <span class="tag">bot</span>}
      {message.priority !== null && (
        <span class={`tag priority ${message.priority}`}>{message.priority}</span>
      )}
      {message.disputed === true && (
        <span class="tag disputed" title="The author signed two different messages at this place">
          disputed
        </span>
      )}
    </>
  );
}

function Content({ message }: { readonly message: MessageView }) {
  if (message.deleted) return <p class="gone">This message was deleted.</p>;
  if (message.hidden) return <p class="gone">An admin has hidden this message.</p>;
  if (message.kind !== 'text') {
    return (
      <p class="gone">
        Something of the kind “<Visible text={message.kind} />
        ”, which this version does not know.
      </p>
    );
  }
  const names = message.mentions.flatMap((pk) => [nameOf(pk), pk, pk.slice(0, 8)]);
  return (
    <>
      <Text text={message.text} names={names} />
      {message.edited && <span class="edited">(edited)</span>}
    </>
  );
}

interface AnsweredProps {
  readonly message: MessageView;
  readonly to: string;
  readonly onJump: (id: string) => void;
}

function Answered({ message, to, onJump }: AnsweredProps) {
  const found = findMessage(message.group, to);
  return (
    <button
      type="button"
      class="answered"
      onClick={() => {
        onJump(to);
      }}
    >
      <Icon name="reply" />
      {found == null ? (
        <span>a message that is not here</span>
      ) : (
        <>
          <Name pk={found.author} name={found.name} />
          <span class="snippet" dir="auto">
            {found.deleted ? 'deleted' : oneLine(found.text, 140)}
          </span>
        </>
      )}
    </button>
  );
}

function Below({ message, isInThread }: RowProps) {
  const { ack, deleted, mine, replies, id } = message;
  const isAsked = ack !== null && !deleted;
  const hasReactions = Object.keys(message.reactions).length > 0;
  return (
    <>
      {hasReactions && !deleted && <Reactions message={message} />}
      {isAsked && <Acknowledgements message={message} by={ack.by} />}
      <div class="foot">
        {replies > 0 && isInThread !== true && (
          <button
            type="button"
            class="link replies"
            onClick={() => {
              openThread(id);
            }}
          >
            <Icon name="thread" /> {replies === 1 ? '1 reply' : `${replies} replies`}
          </button>
        )}
        {mine && !deleted && <Delivery delivery={message.delivery} />}
      </div>
    </>
  );
}

interface AcknowledgementsProps {
  readonly message: MessageView;
  readonly by: readonly string[];
}

function Acknowledgements({ message, by }: AcknowledgementsProps) {
  const names = by.map(nameOf).join(', ');
  const others = message.delivery.members - 1;
  const isOpen = !message.mine && !by.includes(status.value?.pk ?? '');
  return (
    <div class="acknowledgements">
      {isOpen && (
        <button type="button" class="small primary" onClick={() => void acknowledge(message.id)}>
          <Icon name="check" /> Acknowledge
        </button>
      )}
      <span>
        {by.length === 0
          ? 'Nobody has acknowledged it yet.'
          : `Acknowledged by ${by.length} of ${others}: ${oneLine(names, 200)}`}
      </span>
    </div>
  );
}
