// The open conversation: its head, its messages, and where one writes.
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { GroupView, MessageView } from '../../chat/view.ts';
import { type Conversation, conversationOf, showGroup } from '../state/conversation.ts';
import { loadMembers, members } from '../state/node.ts';
import { look, view } from '../state/live.ts';
import { active, openThread, say } from '../state/ui.ts';
import { oneLine } from '../model/visible.ts';
import { Composer, type Mode } from './composer.tsx';
import { ConversationHead } from './conversation-head.tsx';
import { Icon } from './icon.tsx';
import { LinkSign } from './link-sign.tsx';
import { keyActions } from './message-tools.tsx';
import { MessageRow } from './message-row.tsx';
import { Pending } from './pending.tsx';
import { RowList } from './row-list.tsx';
import { Beginning } from './beginning.tsx';
import { jumpTarget } from '../state/jump.ts';

interface ViewProps {
  readonly group: GroupView;
}

export function ConversationView({ group }: ViewProps) {
  const { id, name } = group;
  const conversation = conversationOf(id);
  const list = useRef<RowList>(null);
  const [mode, setMode] = useState<Mode | null>(null);
  const [isAtListEnd, setAtListEnd] = useState(true);
  const { messages, isAtNewest } = conversation.timeline;
  const isAtEnd = isAtListEnd && isAtNewest;
  useOpened(conversation, id, list, isAtEnd);
  const toNewest = (): void => void goToNewest(conversation, list);
  const actions = rowActions(conversation, list, setMode);
  return (
    <main class="conversation">
      <ConversationHead group={group} />
      <LinkSign />
      <div
        class="timeline"
        onKeyDown={(event) => {
          handleKey(event, conversation, list.current, actions, toNewest);
        }}
      >
        <RowList
          handle={list}
          label={`Messages in ${oneLine(name, 60)}`}
          messages={messages}
          isCut={!isAtNewest}
          head={<Beginning conversation={conversation} group={group} />}
          foot={<Pending group={id} to={null} root={null} />}
          row={(message, before) => (
            <MessageRow
              message={message}
              before={before}
              isFirstUnread={conversation.unreadFrom.value === message.id}
              {...actions}
            />
          )}
          onTop={() => {
            if (!conversation.isLoading.value) void conversation.loadOlder();
          }}
          onBottom={() => {
            if (!conversation.isLoading.value) void conversation.loadNewer();
          }}
          onEnd={setAtListEnd}
        />
        {!isAtEnd && (
          <button type="button" class="to-end" onClick={toNewest}>
            <Icon name="down" /> {group.unread > 0 ? `${group.unread} new` : 'Newest'}
          </button>
        )}
      </div>
      <Foot group={group} mode={mode} onMode={setMode} onSent={toNewest} />
    </main>
  );
}

/** Loads what is shown, follows where the reader is sent, and marks as read what was in view. */
function useOpened(
  conversation: Conversation,
  id: string,
  list: RefObject<RowList | null>,
  isAtEnd: boolean,
): void {
  const revision = conversation.revision.value;
  const target = jumpTarget.value;
  // Asked for before the frame is drawn rather than behind it.
  useLayoutEffect(() => {
    view.isAtEnd = true;
    void showGroup(id).then(look);
    loadMembers(id).catch(() => undefined);
  }, [id]);
  useEffect(() => {
    view.isAtEnd = isAtEnd;
    look();
  }, [revision, isAtEnd]);
  useEffect(() => {
    if (target === null) return;
    jumpTarget.value = null;
    void jump(conversation, target, list.current);
  }, [target]);
}

interface FootProps extends ViewProps {
  readonly mode: Mode | null;
  readonly onMode: (mode: Mode | null) => void;
  readonly onSent: () => void;
}

function Foot({ group, mode, onMode, onSent }: FootProps) {
  const { id, name, state } = group;
  if (state !== 'active') return <p class="closed">{closedWords(group)}</p>;
  return (
    <Composer
      key={id}
      place={id}
      group={id}
      to={null}
      title={name}
      members={members.value.get(id) ?? []}
      mode={mode}
      onMode={onMode}
      onSent={onSent}
      onEditLast={() => {
        const { messages, isAtNewest } = conversationOf(id).timeline;
        const last = messages.findLast(({ mine, deleted }) => mine && !deleted);
        if (last !== undefined && isAtNewest) onMode({ kind: 'edit', message: last });
      }}
    />
  );
}

function closedWords({ state, join }: GroupView): string {
  if (state === 'left') return 'You have left this group. You can join it again by an invite.';
  if (state === 'removed')
    return 'This node was removed from the group: what was said before stays here.';
  const detail = join?.detail ?? null;
  return `Joining${detail === null ? '…' : `: ${detail}`}`;
}

interface RowActions {
  readonly onReply: (message: MessageView) => void;
  readonly onEdit: (message: MessageView) => void;
  readonly onJump: (id: string) => void;
}

function rowActions(
  conversation: Conversation,
  list: RefObject<RowList | null>,
  setMode: (mode: Mode) => void,
): RowActions {
  return {
    onReply: (message) => {
      setMode({ kind: 'reply', message });
    },
    onEdit: (message) => {
      setMode({ kind: 'edit', message });
    },
    onJump: (id) => {
      void jump(conversation, id, list.current);
    },
  };
}

async function goToNewest(
  conversation: Conversation,
  list: RefObject<RowList | null>,
): Promise<void> {
  if (!conversation.timeline.isAtNewest) await conversation.loadNewest();
  if (conversation.timeline.isAtNewest) list.current?.toEnd();
}

/** Goes to where the message is, however far back. */
async function jump(conversation: Conversation, id: string, list: RowList | null): Promise<void> {
  if (!conversation.isLoaded) await conversation.loadNewest();
  const isThere = await conversation.reach(id);
  const message = conversation.timeline.find(id);
  if (!isThere || message === undefined) {
    say('That message is not on this node.', true);
    return;
  }
  active.value = id;
  list?.reveal(message, true);
}

/** Keys that act on the message with the focus, and those that move it. */
function handleKey(
  event: KeyboardEvent,
  { timeline }: Conversation,
  list: RowList | null,
  { onReply, onEdit }: RowActions,
  toNewest: () => void,
): void {
  const target = event.target as HTMLElement;
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
  )
    return;
  const { messages } = timeline;
  const at = active.value === null ? messages.length : timeline.indexOf(active.value);
  const moves: Readonly<Record<string, number>> = {
    ArrowUp: at - 1,
    ArrowDown: at + 1,
    j: at + 1,
    k: at - 1,
  };
  const next = moves[event.key];
  if (next !== undefined) {
    event.preventDefault();
    const message = messages[Math.max(0, Math.min(next, messages.length - 1))];
    if (message === undefined) return;
    active.value = message.id;
    list?.reveal(message, true);
    return;
  }
  if (event.key === 'End') {
    toNewest();
    return;
  }
  const message = messages[at];
  const action = keyActions[event.key];
  if (message === undefined || action === undefined || target.tagName !== 'ARTICLE') return;
  event.preventDefault();
  event.stopPropagation();
  if (action === 'reply') onReply(message);
  else if (action === 'thread') openThread(message.id);
  else if (action === 'edit') {
    if (message.mine && !message.deleted) onEdit(message);
  } else target.querySelector<HTMLButtonElement>(`.do-${action}`)?.click();
}
